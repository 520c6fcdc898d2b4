"""What to train, where and how: a request with its axes, and the jobs it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from itertools import product
from typing import Any

from runners.text import counted
from runners.workloads import JobSettings, Precision, Variant, Workload
from runners.workloads.catalogue import CATALOGUE, LADDERS

# A longer ladder is named by its ends.
_NAMED_SINGLY = 2


class Order(StrEnum):
    """How the jobs of a comparison share the machine."""

    TOGETHER = "together"
    IN_TURN = "in-turn"


class UsageError(ValueError):
    """The request cannot be understood; the message says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One comparison as asked for; a tuple with several entries is an axis.

    Attributes:
        workloads: Names in the catalogue; several make a ladder.
        devices: torch's spelling: `cpu`, `cuda:0`, `mps`.
        baseline: A device that runs each workload first and once, in its own batch size: what the
            jobs of the axes are compared with. None: the first of them.
        variants: How the loop is fed and driven; empty means each workload's usual one.
        batch_sizes: Samples a step; empty means the workload's own.
        precisions: Number formats.
        workers: Loader processes; empty means the workload's own.
        threads: Threads of one operator; empty: as many as the job has cores.
        compiles: Whether models go through `torch.compile`.
        epochs: Timed units of a run; empty means the workload's own.
        train_samples: Training samples used, None for all.
        test_samples: Test samples used, None for all.
        trials: How often each job is repeated, in fresh processes; None: as often as the
            workload says.
        order: Side by side or one at a time.
        seed: Seed of the model, the order of samples and generated data.
        data: `auto`, `generated`, `download`, or a directory.
        layers: Whether each layer's time is measured too.
        weights: A file with the weights to start from; None draws them.
        channels_last: Memory format of images; None leaves it to the variant.
        fused: Whether torch's one-kernel optimizer is used; None leaves it to the variant.
        persistent_workers: Whether loader processes live on from one epoch to the next.
        pin_memory: Whether batches come in page-locked memory; None leaves it to the device.
        start_method: How loader processes start: `fork`, `spawn`, `forkserver`; None: as usual.
        time_budget_s: No run starts once so much time has gone; None for no limit.
        within_pct: A job is repeated no more once its figure is known to within so many percent,
            to either side; None repeats it `trials` times.
        notes: What was left out when this was put together, and why, in words.
    """

    workloads: tuple[str, ...]
    devices: tuple[str, ...] = ("cpu",)
    baseline: str | None = None
    variants: tuple[Variant, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    precisions: tuple[Precision, ...] = (Precision.FP32,)
    workers: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    compiles: tuple[bool, ...] = (False,)
    epochs: tuple[int, ...] = ()
    train_samples: int | None = None
    test_samples: int | None = None
    trials: int | None = None
    order: Order = Order.IN_TURN
    seed: int = 0
    data: str = "auto"
    layers: bool = False
    weights: str | None = None
    channels_last: bool | None = None
    fused: bool | None = None
    persistent_workers: bool = False
    pin_memory: bool | None = None
    start_method: str | None = None
    time_budget_s: float | None = None
    within_pct: float | None = None
    notes: tuple[str, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """The request as JSON values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Request:
        """The request from JSON values.

        Raises:
            KeyError: A key is missing.
            TypeError: A key is unknown.
            ValueError: A variant, precision or order is not one of ours.
        """
        known: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in values.items()
        }
        known["variants"] = tuple(map(Variant, known["variants"]))
        known["precisions"] = tuple(map(Precision, known["precisions"]))
        known["order"] = Order(known["order"])
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job of a comparison.

    Attributes:
        label: What tells it from the others on screen, such as `cpu` or `cpu tuned`.
        settings: Everything that decides what the worker does.
    """

    label: str
    settings: JobSettings

    @property
    def workload(self) -> Workload:
        """What it trains."""
        return CATALOGUE[self.settings.workload]

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> JobSpec:
        """The job from JSON values.

        Raises:
            KeyError: A key is missing.
            TypeError: A key of the settings is unknown.
            ValueError: A value of them is not one of ours.
        """
        return cls(label=values["label"], settings=JobSettings.from_wire(values["settings"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """One execution of one job: its place in the plan and the trial, both from 0."""

    job: int
    trial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The jobs of one comparison and how they share the machine.

    Attributes:
        order: Side by side or one at a time.
        trials: Repeats of each job, at most.
        jobs: All of them; the first of each workload is the baseline of the others.
        axes: What differs between jobs, by the names that `JobSettings` has for it.
        notes: What the reader of a figure has to know about the plan, in words.
        time_budget_s: No run starts once so much time has gone; None for no limit.
        within_pct: A job is repeated no more once its figure is known to within so many percent.
        together: Of several comparisons set side by side, for each job the number of the jobs that
            it shared the machine with; empty for one comparison, where `order` holds for all.
        diagnosed: The whole job whose time these brief runs tell apart; None for all other plans.
    """

    order: Order
    trials: int
    jobs: tuple[JobSpec, ...]
    axes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    time_budget_s: float | None = None
    within_pct: float | None = None
    together: tuple[int, ...] = ()
    diagnosed: JobSpec | None = None

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """What is trained, each named once, in the order of the jobs."""
        return tuple(dict.fromkeys(job.workload for job in self.jobs))

    @property
    def name(self) -> str:
        """The workloads in words, such as `mlp`, or `mlp to resnet50 (5 workloads)`."""
        names = [workload.name for workload in self.workloads]
        if len(names) > _NAMED_SINGLY:
            return f"{names[0]} to {names[-1]} ({len(names)} workloads)"
        return ", ".join(names)

    def baseline(self, job: int) -> int:
        """The place of the job that a job is compared with.

        The first of its workload; over as many epochs, where there is more than one such job.
        """
        own = self.jobs[job].settings
        of_workload = [
            n for n, spec in enumerate(self.jobs) if spec.settings.workload == own.workload
        ]
        as_long = [n for n in of_workload if self.jobs[n].settings.epochs == own.epochs]
        return as_long[0] if len(as_long) > 1 else of_workload[0]

    def are_together(self, one: int, other: int) -> bool:
        """Whether two jobs share the machine."""
        if self.together:
            return self.together[one] == self.together[other]
        return self.order is Order.TOGETHER

    def to_wire(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> Plan:
        """The plan from JSON values.

        Raises:
            KeyError: A key is missing.
            TypeError: A key is unknown.
            ValueError: A value is not one of ours.
        """
        jobs = tuple(map(JobSpec.from_wire, values["jobs"]))
        diagnosed = values.get("diagnosed")
        known = {
            **values,
            "order": Order(values["order"]),
            "jobs": jobs,
            "axes": tuple(values["axes"]),
            "notes": tuple(values["notes"]),
            "together": tuple(values.get("together", ())),
            "diagnosed": diagnosed and JobSpec.from_wire(diagnosed),
        }
        return cls(**known)


def named_workloads(text: str) -> tuple[str, ...]:
    """The workloads that a user names: one, several with commas between, or a ladder's name.

    Raises:
        UsageError: One of them is unknown.
    """
    names = LADDERS.get(text) or tuple(part.strip() for part in text.split(","))
    return tuple(find_workload(name).name for name in names)


def find_workload(name: str) -> Workload:
    """The workload of that name.

    Raises:
        UsageError: There is none; the message lists those there are.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        known = (*CATALOGUE, *LADDERS)
        near = (f" (did you mean '{each}'?)" for each in get_close_matches(name, known, n=1))
        raise UsageError(
            f"unknown workload '{name}'{''.join(near)}; there are: {', '.join(known)}"
        ) from None


def expand(request: Request, *, data_dir: str | None, cache_dir: str | None) -> tuple[JobSpec, ...]:
    """All jobs that a request means: the product of its axes, workloads varying slowest.

    Args:
        request: What was asked for.
        data_dir: Where `auto` looks for data sets and `download` writes them.
        cache_dir: Where generated and unpacked data are kept.

    Raises:
        UsageError: A workload is unknown, or has no such variant.
    """
    all_settings = [
        replace(settings, data_dir=data_dir, cache_dir=cache_dir)
        for name in request.workloads
        for settings in _settings(request, find_workload(name))
    ]
    return tuple(
        JobSpec(label=label, settings=settings)
        for label, settings in zip(_labels(all_settings), all_settings, strict=True)
    )


def axis_text(axis: str, settings: JobSettings) -> str:
    """What a job has on an axis, in words: `batch 64`, `2 workers`.

    Args:
        axis: A name that `differing` gives.
        settings: The job's.
    """
    return _TEXTS[axis](settings)


def differing(all_settings: Sequence[JobSettings]) -> tuple[str, ...]:
    """What differs between jobs, by the names that `JobSettings` has for it, slowest first."""
    return tuple(name for name in _TEXTS if len({getattr(s, name) for s in all_settings}) > 1)


def _settings(request: Request, workload: Workload) -> list[JobSettings]:
    """The jobs of one workload."""
    for variant in request.variants:
        if variant not in workload.variants:
            there = ", ".join(workload.variants)
            raise UsageError(f"{workload.name} has no variant {variant}; it has {there}")
    devices, batch_sizes = request.devices, request.batch_sizes or (workload.batch_size,)
    others = (
        request.precisions,
        request.workers or (workload.workers,),
        request.threads or (None,),
        request.compiles,
        request.epochs or (workload.epochs,),
    )
    variants = request.variants or workload.variants[:1]
    cells = list(product(devices, variants, batch_sizes, *others))
    if request.baseline is not None:
        firsts = product((request.baseline,), variants, (workload.batch_size,), *others)
        baseline = next(firsts)
        cells = [baseline, *(cell for cell in cells if cell != baseline)]
    return [
        JobSettings(
            workload=workload.name,
            device=device,
            variant=variant,
            batch_size=batch_size,
            epochs=epochs,
            train_samples=request.train_samples,
            test_samples=request.test_samples,
            precision=precision,
            workers=workers,
            compile=compiled,
            threads=threads,
            seed=request.seed,
            data=request.data,
            layers=request.layers,
            weights=request.weights,
            channels_last=request.channels_last,
            fused=request.fused,
            persistent_workers=request.persistent_workers,
            pin_memory=request.pin_memory,
            start_method=request.start_method,
        )
        for device, variant, batch_size, precision, workers, threads, compiled, epochs in cells
    ]


def _labels(all_settings: list[JobSettings]) -> list[str]:
    """A label for each: the device, and whatever else differs between them.

    What each workload has of its own, such as its batch size, tells no two jobs apart.
    """
    workloads = {settings.workload for settings in all_settings}
    told = {"device", *(["workload"] if len(workloads) > 1 else [])}
    for workload in workloads:
        told.update(differing([s for s in all_settings if s.workload == workload]))
    texts = [text for name, text in _TEXTS.items() if name in told]
    return [" ".join(text(s) for text in texts) for s in all_settings]


def _threads_text(settings: JobSettings) -> str:
    return "all threads" if settings.threads is None else counted(settings.threads, "thread")


_PINNING = {None: "usual memory", True: "pinned", False: "not pinned"}
_TEXTS: Mapping[str, Callable[[JobSettings], str]] = {
    "workload": lambda s: s.workload,
    "device": lambda s: s.device,
    "variant": lambda s: str(s.variant),
    "batch_size": lambda s: f"batch {s.batch_size}",
    "precision": lambda s: str(s.precision),
    "workers": lambda s: counted(s.workers, "worker"),
    "start_method": lambda s: s.start_method or "usual start",
    "persistent_workers": lambda s: "persistent" if s.persistent_workers else "not persistent",
    "pin_memory": lambda s: _PINNING[s.pin_memory],
    "threads": _threads_text,
    "compile": lambda s: "compiled" if s.compile else "eager",
    "epochs": lambda s: counted(s.epochs, CATALOGUE[s.workload].unit),
    "channels_last": lambda s: "channels last" if s.channels_last else "channels first",
    "fused": lambda s: "fused" if s.fused else "not fused",
}
