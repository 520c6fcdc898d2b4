"""What feeding a job takes: waits, and time and memory of its loader processes. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runners.events import EpochFinished
from runners.state import RunState
from runners.statistics import data_wait_share, full_epochs, steady_epochs
from runners.workloads import JobSettings

_OfEpoch = Callable[[EpochFinished], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderFigures:
    """What feeding a job takes, over its steady epochs; medians of the trials, None if unknown.

    Attributes:
        data_wait_share: Share of the epoch in which the loop waited for data.
        first_wait_s: Seconds of an epoch before its first batch.
        first_wait_share: The same as a share of the epoch.
        core_wait_share: Share of the epoch in which the loop could have run and had no core.
        cores_busy: Cores' worth of time that the loader processes took.
        memory_bytes: The most memory of all of them together (proportional share, PSS).
        processes: How many there were, at most.
        start_method: How they were started; None where there are none, too.
    """

    data_wait_share: float | None = None
    first_wait_s: float | None = None
    first_wait_share: float | None = None
    core_wait_share: float | None = None
    cores_busy: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    start_method: str | None = None


def loader_figures(settings: JobSettings, runs: Sequence[RunState]) -> LoaderFigures:
    """The figures of a job as far as its epochs tell."""
    every = [epoch for run in runs for epoch in full_epochs(run)]
    loaders = [epoch.loader for epoch in every if epoch.loader is not None]
    has_none = settings.workers == 0 and bool(every)
    memory = [loader.memory_bytes for loader in loaders if loader.memory_bytes is not None]
    return LoaderFigures(
        data_wait_share=_median(data_wait_share(run) for run in runs),
        first_wait_s=_median(_mean_s(run, lambda epoch: epoch.first_wait_s) for run in runs),
        first_wait_share=_median(_share(run, lambda epoch: epoch.first_wait_s) for run in runs),
        core_wait_share=_median(_share(run, lambda epoch: epoch.core_wait_s) for run in runs),
        cores_busy=0.0 if has_none else _median(_share(run, _loader_s) for run in runs),
        memory_bytes=0 if has_none else max(memory, default=None),
        processes=0 if has_none else max((found.processes for found in loaders), default=None),
        start_method=loaders[-1].start_method if loaders else None,
    )


def _loader_s(epoch: EpochFinished) -> float | None:
    return None if epoch.loader is None else epoch.loader.cpu_s


def _share(run: RunState, value: _OfEpoch) -> float | None:
    found = _sums_s(run, value)
    return None if found is None else found[0] / found[1]


def _mean_s(run: RunState, value: _OfEpoch) -> float | None:
    found = _sums_s(run, value)
    return None if found is None else found[0] / found[2]


def _sums_s(run: RunState, value: _OfEpoch) -> tuple[float, float, int] | None:
    """Of the steady epochs, or the only one: seconds of a part, of all, and how many they are."""
    epochs = steady_epochs(run) or full_epochs(run)
    parts_s = [value(epoch) for epoch in epochs]
    known_s = [part_s for part_s in parts_s if part_s is not None]
    if not epochs or len(known_s) < len(epochs):
        return None
    return sum(known_s), sum(epoch.epoch_s for epoch in epochs), len(epochs)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
