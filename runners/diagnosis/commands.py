"""How a remedy is written as a command line that compares the job with and without it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from runners.cores import partition
from runners.reports.command_line import command_line
from runners.spec import JobSpec, Order, Request
from runners.statistics import TRIALS_FOR_INTERVAL

_T = TypeVar("_T")
# Settings that a comparison can have several values of, by the names that a request has for them.
_AXES = {
    "variant": "variants",
    "batch_size": "batch_sizes",
    "precision": "precisions",
    "workers": "workers",
    "threads": "threads",
    "compile": "compiles",
}


def command_with_and_without(whole: JobSpec, changes: Mapping[str, object]) -> str:
    """What to type to compare a job with and without some changes.

    One comparison where each change is an axis of one, or changes nothing for the job as it is;
    else one after the other.

    Args:
        whole: The job.
        changes: Fields of its settings with their new values.
    """
    request = request_of(whole)
    axes: dict[str, Any] = {
        _AXES[name]: (getattr(whole.settings, name), value)
        for name, value in changes.items()
        if name in _AXES
    }
    fixed: dict[str, Any] = {name: value for name, value in changes.items() if name not in _AXES}
    if axes:
        return command_line(replace(request, **axes, **fixed))
    return f"{command_line(request)} && {command_line(replace(request, **fixed))}"


def request_of(whole: JobSpec) -> Request:
    """The request that means a job; what is the workload's own is left to it.

    Args:
        whole: The job, with the cores and threads that a plan of it alone gave it.
    """
    settings, workload = whole.settings, whole.workload
    (share,) = partition(
        [replace(settings, threads=None)],
        Order.IN_TURN,
        cpu_ids=settings.cores,
        count=len(settings.cores),
    ).shares
    usual_threads = share.threads if settings.cores else settings.threads
    return Request(
        workloads=(settings.workload,),
        devices=(settings.device,),
        variants=_unless(workload.variants[0], settings.variant),
        batch_sizes=_unless(workload.batch_size, settings.batch_size),
        precisions=(settings.precision,),
        workers=_unless(workload.workers, settings.workers),
        threads=() if settings.threads in (None, usual_threads) else (settings.threads,),
        compiles=(settings.compile,),
        epochs=_unless(workload.epochs, settings.epochs),
        train_samples=settings.train_samples,
        test_samples=settings.test_samples,
        trials=TRIALS_FOR_INTERVAL,
        seed=settings.seed,
        data=settings.data,
        weights=settings.weights,
        channels_last=settings.channels_last,
        fused=settings.fused,
        persistent_workers=settings.persistent_workers,
        pin_memory=settings.pin_memory,
        start_method=settings.start_method,
    )


def _unless(usual: _T, value: _T) -> tuple[_T, ...]:
    return () if value == usual else (value,)
