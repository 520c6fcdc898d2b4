"""The catalogue: what can be trained, with its as-written settings. No torch here.

Parameter counts and FLOPs are exact figures of the models in `runners.worker.models`,
checked by a test; a FLOP is counted as 2 per multiply-accumulate, per sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A named model with its data set and as-written settings.

    Attributes:
        name: Name on the command line and on screen.
        summary: The model in one line.
        data: Name of the torchvision data set.
        input_shape: Channels, height, width.
        classes: Number of classes.
        parameters: Parameters of the model, all of them.
        trainable_parameters: Those that training changes.
        flops_forward: FLOPs of a forward pass, per sample.
        flops_step: FLOPs of forward and backward, per sample.
        batch_size: Samples a step.
        epochs: Passes over the training set.
        loss: Loss function.
        optimizer: Optimizer with its settings.
        workers: Loader processes.
        source: Where the definition comes from.
        own_choices: Settings the source leaves open and this project chose.
    """

    name: str
    summary: str
    data: str
    input_shape: tuple[int, int, int]
    classes: int
    parameters: int
    trainable_parameters: int
    flops_forward: int
    flops_step: int
    batch_size: int
    epochs: int
    loss: str
    optimizer: str
    workers: int
    source: str
    own_choices: tuple[str, ...] = ()


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

    def to_wire(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> JobSettings:
        """The settings from JSON values.

        Raises:
            TypeError: A key is unknown or missing.
            ValueError: A variant or precision is not one of ours.
        """
        known = dict(values)
        known["variant"] = Variant(known["variant"])
        known["precision"] = Precision(known["precision"])
        known["cores"] = tuple(known["cores"])
        return cls(**known)


_ALL = (
    Workload(
        name="mlp",
        summary="784-128-ReLU-10-LogSoftmax",
        data="MNIST",
        input_shape=(1, 28, 28),
        classes=10,
        parameters=101_770,
        trainable_parameters=101_770,
        flops_forward=203_264,
        flops_step=409_088,
        batch_size=64,
        epochs=5,
        loss="negative log-likelihood",
        optimizer="SGD lr 0.01",
        workers=0,
        source="a README's MNIST network of one hidden layer",
        own_choices=("batch 64", "learning rate 0.01"),
    ),
    Workload(
        name="fashion-cnn",
        summary="2 conv 5x5 (6, 16) + pool, FC 256-128-10, dropout 0.2",
        data="FashionMNIST",
        input_shape=(1, 28, 28),
        classes=10,
        parameters=36_758,
        trainable_parameters=36_758,
        flops_forward=548_096,
        flops_step=1_471_488,
        batch_size=100,
        epochs=10,
        loss="cross-entropy",
        optimizer="Adam lr 0.001",
        workers=0,
        source="a CPU against MPS comparison of a Fashion-MNIST CNN",
    ),
    Workload(
        name="mnist-cnn",
        summary="2x(conv 32 + BN), pool, 2x(conv 64 + BN), pool, FC 3136-256-10",
        data="MNIST",
        input_shape=(1, 28, 28),
        classes=10,
        parameters=871_018,
        trainable_parameters=871_018,
        flops_forward=38_189_056,
        flops_step=114_115_584,
        batch_size=128,
        epochs=5,
        loss="cross-entropy",
        optimizer="Adam lr 0.001",
        workers=0,
        source="a CPU against GPU comparison of an MNIST CNN; stand-in model",
        own_choices=("the model", "batch 128"),
    ),
)

CATALOGUE: Mapping[str, Workload] = MappingProxyType({workload.name: workload for workload in _ALL})
