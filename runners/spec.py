"""What to train, where and how: a request with its axes, and the jobs it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from runners.workloads import CATALOGUE, JobSettings, Precision, Variant, Workload


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
        workload: Name in the catalogue.
        devices: torch's spelling: `cpu`, `cuda:0`, `mps`.
        variants: How the loop is fed and driven.
        batch_sizes: Samples a step; empty means the workload's own.
        precisions: Number formats.
        workers: Loader processes; empty means the workload's own.
        epochs: Passes over the training set; None means the workload's own.
        train_samples: Training samples used, None for all.
        test_samples: Test samples used, None for all.
        compile: Whether models go through `torch.compile`.
        threads: Threads of one operator; None: as many as the job has cores.
        trials: How often each job is repeated, in fresh processes.
        order: Side by side or one at a time.
        seed: Seed of the model, the order of samples and generated data.
        data: `auto`, `generated`, `download`, or a directory.
    """

    workload: str
    devices: tuple[str, ...] = ("cpu",)
    variants: tuple[Variant, ...] = (Variant.AS_WRITTEN,)
    batch_sizes: tuple[int, ...] = ()
    precisions: tuple[Precision, ...] = (Precision.FP32,)
    workers: tuple[int, ...] = ()
    epochs: int | None = None
    train_samples: int | None = None
    test_samples: int | None = None
    compile: bool = False
    threads: int | None = None
    trials: int = 1
    order: Order = Order.IN_TURN
    seed: int = 0
    data: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job of a comparison.

    Attributes:
        label: What tells it from the others on screen, such as `cpu` or `cpu tuned`.
        settings: Everything that decides what the worker does.
    """

    label: str
    settings: JobSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """One execution of one job: its place in the plan and the trial, both from 0."""

    job: int
    trial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The jobs of one comparison and how they share the machine.

    Attributes:
        workload: What all of them train.
        order: Side by side or one at a time.
        trials: Repeats of each job.
        jobs: The first is the baseline of every ratio.
        notes: What the reader of a figure has to know about the plan, in words.
    """

    workload: Workload
    order: Order
    trials: int
    jobs: tuple[JobSpec, ...]
    notes: tuple[str, ...] = ()


def find_workload(name: str) -> Workload:
    """The workload of that name.

    Raises:
        UsageError: There is none; the message lists those there are.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        known = ", ".join(CATALOGUE)
        raise UsageError(f"unknown workload '{name}'; there are: {known}") from None


def expand(request: Request, *, data_dir: str | None, cache_dir: str | None) -> tuple[JobSpec, ...]:
    """All jobs that a request means: the product of its axes, devices varying slowest.

    Args:
        request: What was asked for.
        data_dir: Where `auto` looks for data sets and `download` writes them.
        cache_dir: Where generated and unpacked data are kept.

    Raises:
        UsageError: The workload is unknown.
    """
    workload = find_workload(request.workload)
    axes = product(
        request.devices,
        request.variants,
        request.batch_sizes or (workload.batch_size,),
        request.precisions,
        request.workers or (workload.workers,),
    )
    all_settings = [
        JobSettings(
            workload=workload.name,
            device=device,
            variant=variant,
            batch_size=batch_size,
            epochs=request.epochs or workload.epochs,
            train_samples=request.train_samples,
            test_samples=request.test_samples,
            precision=precision,
            workers=workers,
            compile=request.compile,
            threads=request.threads,
            seed=request.seed,
            data=request.data,
            data_dir=data_dir,
            cache_dir=cache_dir,
        )
        for device, variant, batch_size, precision, workers in axes
    ]
    return tuple(
        JobSpec(label=label, settings=settings)
        for label, settings in zip(_labels(all_settings), all_settings, strict=True)
    )


def _labels(all_settings: list[JobSettings]) -> list[str]:
    """A label for each: the device, then whatever differs between them."""
    texts: dict[str, Callable[[JobSettings], str]] = {
        "device": lambda s: s.device,
        "variant": lambda s: str(s.variant),
        "batch_size": lambda s: f"batch {s.batch_size}",
        "precision": lambda s: str(s.precision),
        "workers": lambda s: f"{s.workers} workers",
    }
    differing = [
        text
        for name, text in texts.items()
        if name == "device" or len({getattr(s, name) for s in all_settings}) > 1
    ]
    return [" ".join(text(s) for text in differing) for s in all_settings]
