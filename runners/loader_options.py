"""Options of the as-written loop's loader: where they make sense, where they change nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runners.spec import JobSpec, Request, UsageError
from runners.workloads import JobSettings, Kind, Variant
from runners.workloads.catalogue import CATALOGUE

START_METHODS = ("fork", "spawn", "forkserver")


def check_loader(
    request: Request, jobs: Sequence[JobSpec], start_methods: Callable[[], Sequence[str]]
) -> None:
    """Refuse what cannot be done.

    Args:
        request: What was asked for.
        jobs: The jobs that it means.
        start_methods: Tells how this system can start processes.

    Raises:
        UsageError: No job has a loader, or this system cannot start its processes so.
    """
    asked = _asked(request)
    if asked and not any(_has_loader(job) for job in jobs):
        options = " and ".join(asked)
        raise UsageError(
            f"only the as-written training loop has a loader, so {options} would change nothing; "
            f"leave {'it' if len(asked) == 1 else 'them'} out or add --variant as-written"
        )
    if request.start_method is not None and request.start_method not in start_methods():
        raise UsageError(
            f"this system cannot start processes by {request.start_method}; "
            f"--start-method takes {', '.join(start_methods())} here"
        )


def without_idle_options(request: Request) -> Request:
    """The request without options of a loader where none of its jobs has one."""
    for workload in (CATALOGUE[name] for name in request.workloads):
        variants = request.variants or workload.variants[:1]
        if workload.kind is Kind.TRAINING and Variant.AS_WRITTEN in variants:
            return request
    return replace(request, persistent_workers=False, pin_memory=None, start_method=None)


def loader_notes(request: Request, jobs: Sequence[JobSpec]) -> tuple[str, ...]:
    """Which of the options that were asked for change nothing in any job, in words."""
    loaders = [job.settings for job in jobs if _has_loader(job)]
    asked = _asked(request)
    notes = []
    if idle := [option for option in asked if "pin-memory" not in option]:
        notes += _idle(idle, "without loader processes", [not s.workers for s in loaders])
    if request.pin_memory:
        notes += _idle(
            ["--pin-memory"], "on a CPU, where no batch is copied", [_on_cpu(s) for s in loaders]
        )
    return tuple(notes)


def _asked(request: Request) -> list[str]:
    pinning = {None: "", True: "--pin-memory", False: "--no-pin-memory"}[request.pin_memory]
    return [
        *(["--persistent-workers"] if request.persistent_workers else []),
        *([pinning] if pinning else []),
        *([f"--start-method {request.start_method}"] if request.start_method else []),
    ]


def _has_loader(job: JobSpec) -> bool:
    return job.settings.variant is Variant.AS_WRITTEN and job.workload.kind is Kind.TRAINING


def _on_cpu(settings: JobSettings) -> bool:
    return settings.device == "cpu"


def _idle(options: Sequence[str], where: str, are_idle: Sequence[bool]) -> list[str]:
    """A note where options change nothing in any job."""
    verb = "makes" if len(options) == 1 else "make"
    return [f"{' and '.join(options)} {verb} no difference {where}"] if all(are_idle) else []
