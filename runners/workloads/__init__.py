"""What a workload is, and the settings of one job on it. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Variant(StrEnum):
    """How the training loop feeds and drives the model."""

    AS_WRITTEN = "as-written"
    TUNED = "tuned"
    IDEAL = "ideal"


class Precision(StrEnum):
    """Number format of the forward and backward pass."""

    FP32 = "fp32"
    BF16 = "bf16"


class Kind(StrEnum):
    """What a workload's timed unit is."""

    TRAINING = "training"
    """An epoch: a pass over the training set; the test set is run after each."""
    ONE_BATCH = "one-batch"
    """A call: one training step, always on the same first batch; nothing is tested."""
    MICRO = "micro"
    """A call: one task without training, such as a matrix product."""


class Probe(StrEnum):
    """A run that leaves something out. None of them tests what it trained."""

    UNTESTED = "untested"
    """All of the loop: only accuracy and latency, which come after it, are not measured."""
    LOADER = "loader-alone"
    """Only the input: batches are taken from it as fast as they come; nothing is trained."""
    HOST_CACHED = "host-cached"
    """The loop with the batches of a pass kept where the input hands them over; as written that is
    host memory, from which they are copied in each step."""
    CACHED = "cached"
    """The loop with the batches of a pass kept on the device: no input, no copies."""
    UNREAD = "unread"
    """As `CACHED`, and no step reads a figure from the device; only the epoch does."""


WHOLE_LOOP = (None, Probe.UNTESTED)
"""The probes of a run whose loop has all its parts."""
TEXT = "text"
"""Bytes of text, as the name of a data set."""
NO_DATA = "none"
"""Where the name of a data set stands, for tasks that make their own input."""
EVERY_VARIANT = (Variant.AS_WRITTEN, Variant.TUNED, Variant.IDEAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A named model with its data set and as-written settings.

    Attributes:
        name: Name on the command line and on screen.
        kind: What its timed unit is.
        summary: The model in one line.
        data: Name of the torchvision data set, `TEXT` or `NO_DATA`.
        input_shape: Channels, height, width; for text the bytes of a sample.
        classes: Number of classes; 0 for tasks without any.
        parameters: Parameters of the model, all of them.
        trainable_parameters: Those that training changes.
        flops_forward: FLOPs of a forward pass, per sample.
        flops_step: FLOPs of forward and backward, per sample.
        batch_size: Samples a step.
        epochs: Timed units a run has: epochs, or calls.
        trials: How often a run is repeated where nothing else is asked for.
        loss: Loss function.
        optimizer: Optimizer with its settings.
        workers: Loader processes.
        source: Where the definition comes from.
        own_choices: Settings the source leaves open and this project chose.
        variants: The variants it can be run in; the first is the usual one.
        warm_up: First units that are left out of steady figures, by the source's rule.
    """

    name: str
    kind: Kind = Kind.TRAINING
    summary: str
    data: str
    input_shape: tuple[int, ...]
    classes: int
    parameters: int
    trainable_parameters: int
    flops_forward: int
    flops_step: int
    batch_size: int
    epochs: int
    trials: int = 1
    loss: str
    optimizer: str
    workers: int = 0
    source: str
    own_choices: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = EVERY_VARIANT
    warm_up: int = 1

    @property
    def unit(self) -> str:
        """The word for one timed unit: `epoch` or `call`."""
        return "epoch" if self.kind is Kind.TRAINING else "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """Everything that decides what one worker does; the same settings repeat a run.

    Attributes:
        workload: Name in the catalogue.
        device: torch's spelling: `cpu`, `cuda:0`, `mps`.
        variant: How the loop is fed and driven.
        batch_size: Samples a step.
        epochs: Passes over the training set.
        train_samples: Training samples used, None for all.
        test_samples: Test samples used, None for all.
        precision: Number format.
        workers: Loader processes; used by the as-written loader.
        compile: Whether the model goes through `torch.compile`.
        threads: Threads of one operator; None leaves it to the cores given.
        cores: Core numbers the worker binds itself to; empty means no binding.
        seed: Seed of the model, the order of samples and generated data.
        data: `auto`, `generated`, `download`, or a directory.
        data_dir: Where `auto` looks and `download` writes.
        cache_dir: Where generated and unpacked data are kept.
        phase_timing: Whether the phases of each step are timed.
        layers: Whether each layer's time is measured too, cold and warm, in a process of its own.
        weights: A file with the weights of torchvision's model that the workload starts from;
            None draws them from the seed.
        channels_last: Memory format of images; None leaves it to the variant.
        fused: Whether torch's one-kernel optimizer is used; None leaves it to the variant.
        persistent_workers: Whether loader processes live on from one epoch to the next.
        pin_memory: Whether batches come in page-locked memory and are copied without waiting;
            None: page-locked where loader processes feed CUDA.
        start_method: How loader processes start: `fork`, `spawn` or `forkserver`; None: the
            system's usual way.
        probe: What is left out of the run; None for nothing.
    """

    workload: str
    device: str
    variant: Variant = Variant.AS_WRITTEN
    batch_size: int
    epochs: int
    train_samples: int | None = None
    test_samples: int | None = None
    precision: Precision = Precision.FP32
    workers: int = 0
    compile: bool = False
    threads: int | None = None
    cores: tuple[int, ...] = ()
    seed: int = 0
    data: str = "auto"
    data_dir: str | None = None
    cache_dir: str | None = None
    phase_timing: bool = True
    layers: bool = False
    weights: str | None = None
    channels_last: bool | None = None
    fused: bool | None = None
    persistent_workers: bool = False
    pin_memory: bool | None = None
    start_method: str | None = None
    probe: Probe | None = None

    def to_wire(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> JobSettings:
        """The settings from JSON values.

        Raises:
            TypeError: A key is unknown or missing.
            ValueError: A variant, precision or probe is not one of ours.
        """
        known = dict(values)
        known["variant"] = Variant(known["variant"])
        known["precision"] = Precision(known["precision"])
        known["cores"] = tuple(known["cores"])
        if known.get("probe") is not None:
            known["probe"] = Probe(known["probe"])
        return cls(**known)
