"""What a worker says, as records. Standard library only.

Raw numbers travel; medians, ratios and verdicts are made by whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import ClassVar

CHANNEL_VARIABLE = "RACETOP_EVENTS"
CONTROL_VARIABLE = "RACETOP_CONTROL"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Of what a distribution over steps is told: from the 5th percentile to the largest."""


class ErrorKind(StrEnum):
    """What ended a job."""

    EXCEPTION = "exception"
    OUT_OF_MEMORY = "out-of-memory"
    SHARED_MEMORY = "shared-memory"
    DEVICE_MISSING = "device-missing"
    TORCH_MISSING = "torch-missing"
    TORCHVISION_MISMATCH = "torchvision-mismatch"
    DATA_MISSING = "data-missing"
    KILLED = "killed"
    CRASHED = "crashed"


class Stage(StrEnum):
    """What a worker does outside of training, in this order."""

    IMPORT = "import"
    DEVICE_INIT = "device_init"
    DATA_LOAD = "data_load"
    PREPROCESS = "preprocess"
    MODEL_BUILD = "model_build"
    COMPILE = "compile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Where one epoch's time went, in seconds; None is what this loop cannot tell.

    Attributes:
        data_wait_s: Host clock around `next()` on the batches, the start of the iterator included.
        host_to_device_s: Copying batches to the device.
        forward_s: Model and loss.
        backward_s: Gradients.
        optimizer_s: Optimizer step and zeroing the gradients.
    """

    data_wait_s: float | None = None
    host_to_device_s: float | None = None
    forward_s: float | None = None
    backward_s: float | None = None
    optimizer_s: float | None = None

    def total_s(self) -> float | None:
        """The sum of the phases; None when none is known."""
        known = [value for f in fields(self) if (value := getattr(self, f.name)) is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """How the steps of one epoch differ: seconds at each of `QUANTILES`.

    None is what this loop cannot tell. The first step is left out: its wait starts the loader.

    Attributes:
        steps: How many steps the phases are told of: on the device's clock a sample of them.
        whole_s: From one step's beginning to the next one's, on the host's clock.
        data_wait_s: See `Phases`; so are the others.
    """

    steps: int
    whole_s: tuple[float, ...] | None = None
    data_wait_s: tuple[float, ...] | None = None
    host_to_device_s: tuple[float, ...] | None = None
    forward_s: tuple[float, ...] | None = None
    backward_s: tuple[float, ...] | None = None
    optimizer_s: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderUse:
    """What the loader processes of one epoch took.

    Attributes:
        processes: How many there were.
        start_method: How they were started: `fork`, `spawn` or `forkserver`.
        cpu_s: Their CPU time; None where unknown.
        memory_bytes: Memory of all of them (proportional share, PSS), as seen in the first epoch;
            None where that was over too soon or the system does not tell.
    """

    processes: int
    start_method: str
    cpu_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything that can happen to a job."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEvent(Event):
    """Anything a worker says.

    Attributes:
        mono_s: Monotonic clock of the machine when it was said.
        wall_s: Wall clock, seconds since the epoch.
        seq: Number of the line within its worker; a gap means lines were dropped.
    """

    mono_s: float = 0.0
    wall_s: float = 0.0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(WorkerEvent):
    """The worker is up; torch is imported from now on, or was ahead of the worker."""

    kind: ClassVar[str] = "hello"
    pid: int
    python: str
    cores: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted(WorkerEvent):
    """A stage of the set-up begins."""

    kind: ClassVar[str] = "stage_started"
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished(WorkerEvent):
    """A stage of the set-up ended after `took_s` seconds of wall time."""

    kind: ClassVar[str] = "stage_finished"
    stage: Stage
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReady(WorkerEvent):
    """The device is in use.

    Attributes:
        device_name: Product name of the device.
        device_uuid: The GPU's UUID as NVML spells it; None for other devices.
        versions: Version by name: torch, torchvision, cuda, cudnn where there.
        threads: Threads of one operator.
        matmul_precision: torch's float32 matmul precision (`highest` means no TF32).
        notes: What else the reader of a figure has to know, in words.
    """

    kind: ClassVar[str] = "device_ready"
    device_name: str
    device_uuid: str | None = None
    versions: Mapping[str, str]
    threads: int
    matmul_precision: str = "highest"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReady(WorkerEvent):
    """The data set is there.

    Attributes:
        source: `real` or `generated`.
        name: Name of the set, such as `FashionMNIST`.
        path: Where it was read from.
        train_samples: Training samples in use.
        test_samples: Test samples in use.
        set_samples: Training samples that the set has, in use or not; None where not told.
    """

    kind: ClassVar[str] = "data_ready"
    source: str
    name: str
    path: str
    train_samples: int
    test_samples: int
    set_samples: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReady(WorkerEvent):
    """The model is built and on the device.

    Attributes:
        parameters: All of them.
        trainable_parameters: Those that training changes.
        weights: The file its first weights come from; None where they are random.
    """

    kind: ClassVar[str] = "model_ready"
    parameters: int
    trainable_parameters: int
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStarted(WorkerEvent):
    """An epoch begins; `epoch` counts from 1."""

    kind: ClassVar[str] = "epoch_started"
    epoch: int
    epochs: int
    steps: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress(WorkerEvent):
    """How far the epoch has come. May be dropped when nobody reads.

    Attributes:
        epoch: Counted from 1.
        step: Steps done in this epoch.
        steps: Steps of the epoch.
        samples: Samples done in this epoch.
        elapsed_s: Wall time since the epoch began.
        phases: Where the time went so far; of the device's clock only what is known without
            waiting for it, scaled up to the steps done; nothing but the data wait on MPS.
        train_loss: Mean loss so far; None where reading it would stall the device.
    """

    kind: ClassVar[str] = "step"
    epoch: int
    step: int
    steps: int
    samples: int
    elapsed_s: float
    phases: Phases = field(default_factory=Phases)
    train_loss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochFinished(WorkerEvent):
    """One timed unit (`runners.workloads.Kind`) is done, the device synchronized at both ends.

    Attributes:
        epoch: Counted from 1.
        started_mono_s: Monotonic clock at the start.
        epoch_s: Wall time of the training part.
        process_s: CPU time of the worker and its loader processes; None where unknown.
        samples: Samples trained on.
        steps: Optimizer steps.
        train_loss: Mean loss over the epoch; None for a task without training.
        train_accuracy: Share of right answers while training.
        phases: Where the time went.
        phase_clock: `host` or `device`: the clock of all phases but the data wait.
        device_idle_s: Time the device waited between steps, cutting batches out of samples that
            lie on it included; None on the host clock.
        first_wait_s: Data wait before the first batch: starting the loader, filling its queue.
        step_times: How the steps differ.
        copied_bytes: Bytes of batches copied to the device; None where they lie there already.
        core_wait_s: Time in which the thread of the worker that waited longest could have run and
            had no core (the kernel's run-queue wait); None where the system does not tell.
        loader: What the loader processes took; None where there are none.
        peak_memory_bytes: Largest memory so far: resident on the CPU, allocated on a GPU.
        peak_reserved_bytes: Largest memory torch held from a GPU so far.
        peak_device_used_bytes: Largest memory of the GPU in use by whomever, at ends of epochs.
    """

    kind: ClassVar[str] = "epoch"
    epoch: int
    started_mono_s: float
    epoch_s: float
    process_s: float | None
    samples: int
    steps: int
    train_loss: float | None = None
    train_accuracy: float | None = None
    phases: Phases = field(default_factory=Phases)
    phase_clock: str = "host"
    device_idle_s: float | None = None
    first_wait_s: float | None = None
    step_times: StepTimes | None = None
    copied_bytes: int | None = None
    core_wait_s: float | None = None
    loader: LoaderUse | None = None
    peak_memory_bytes: int | None = None
    peak_reserved_bytes: int | None = None
    peak_device_used_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFinished(WorkerEvent):
    """The test set was run once, after epoch `epoch`."""

    kind: ClassVar[str] = "evaluation"
    epoch: int
    eval_s: float
    samples: int
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMeasured(WorkerEvent):
    """Wall time of single-sample forward passes, warmed up, in milliseconds, in order."""

    kind: ClassVar[str] = "latency"
    latencies_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimes:
    """What a layer's forward pass took, the device synchronized around it, in milliseconds.

    Attributes:
        name: Its path in the model, such as `0` or `layer1.0.conv1`.
        layer: Its class, such as `Conv2d`.
        cold_ms: In the first forward pass of a fresh process.
        warm_ms: In later passes, in order.
    """

    name: str
    layer: str
    cold_ms: float
    warm_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersMeasured(WorkerEvent):
    """Each layer was timed, in the order of the first pass.

    Attributes:
        batch_size: Samples a pass.
        layers: The layers that have no layers of their own.
    """

    kind: ClassVar[str] = "layers"
    batch_size: int
    layers: tuple[LayerTimes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(WorkerEvent):
    """The worker lives; `step` counts all steps so far. May be dropped."""

    kind: ClassVar[str] = "heartbeat"
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRaised(WorkerEvent):
    """Something a reader of the figures should know."""

    kind: ClassVar[str] = "warning"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(WorkerEvent):
    """The worker ends because of an error.

    Attributes:
        error: Its kind.
        message: What happened and why, in a sentence.
        remedy: What to do.
        traceback: For the log; None where the message says it all.
    """

    kind: ClassVar[str] = "failed"
    error: ErrorKind
    message: str
    remedy: str | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDone(WorkerEvent):
    """Everything asked for is done, or the part before a polite stop.

    Attributes:
        interrupted: Whether a stop was asked for before the end.
        dropped_events: Step events dropped because nobody read them.
        peak_memory_bytes: See `EpochFinished`.
    """

    kind: ClassVar[str] = "done"
    interrupted: bool
    dropped_events: int
    peak_memory_bytes: int | None = None
