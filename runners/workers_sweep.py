"""How many loader processes pay: the counts of a sweep and its knee. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.cells import Cell, cells, label_without
from runners.devices import is_accelerator
from runners.diagnosis.conditions import outside
from runners.spec import Order, Plan
from runners.state import ComparisonState
from runners.statistics import ratio_between
from runners.workloads import Kind, Variant

AXIS = "workers"
# What lies nearer together is as good: nobody pays a process for less.
WITHIN_PCT = 5.0
# A wait for data that is shorter by so much of the epoch looks like a gain.
NOTABLE_FALL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One number of loader processes.

    Attributes:
        workers: How many.
        cell: What is known of the job.
        speed: How many times as fast it is as the fewest of the sweep; None without figures.
        start_s: Seconds of an epoch that starting the processes takes: how much longer its first
            batch takes than without any; None where one of the two is unknown.
        behind_pct: How much slower than the fastest it is; 0 for that one, None without figures.
        is_as_fast: Whether that is within `WITHIN_PCT`, or no more than chance may make.
        others_busy: Cores' worth of time that all else took during its steady epochs; None where
            that is not known, or other jobs of ours are among them.
        misleads: Whether it waits notably less for data than the fewest, and is slower all the
            same by more than chance may make.
    """

    workers: int
    cell: Cell
    speed: float | None
    start_s: float | None
    behind_pct: float | None
    is_as_fast: bool
    others_busy: float | None
    misleads: bool

    @property
    def start_share(self) -> float | None:
        """Share of the epoch that starting the processes takes."""
        found, start_s = self.cell.loader, self.start_s
        if start_s is None or not found.first_wait_s or found.first_wait_share is None:
            return None
        return found.first_wait_share * start_s / found.first_wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersSweep:
    """Jobs that differ in the number of loader processes only, fewest first.

    Attributes:
        label: What they have in common, in words; empty where that is everything.
        counts: All of them, with figures or without.
        best: The fastest; None as long as less than two have figures.
        knee: The fewest processes that are as fast; None as long as a count may still get figures.
        cores: How many cores each job has; None where they are not bound to cores.
        threads: Threads that keep a core busy each while the loop computes: on an accelerator one.
        is_persistent: Whether processes live on from one epoch to the next.
    """

    label: str
    counts: tuple[Count, ...]
    best: Count | None
    knee: Count | None
    cores: int | None
    threads: int
    is_persistent: bool

    @property
    def timed(self) -> tuple[Count, ...]:
        """The counts with figures."""
        return tuple(count for count in self.counts if count.speed is not None)

    @property
    def slower(self) -> tuple[Count, ...]:
        """The counts above the knee that are slower than the fastest."""
        if self.knee is None:
            return ()
        above = (count for count in self.timed if count.workers > self.knee.workers)
        return tuple(count for count in above if not count.is_as_fast)


def workers_sweeps(state: ComparisonState) -> tuple[WorkersSweep, ...]:
    """A sweep for each group of jobs that differ in the number of loader processes only."""
    named: dict[str, list[int]] = {}
    for job, spec in enumerate(state.plan.jobs):
        is_fed = spec.settings.variant is Variant.AS_WRITTEN
        if AXIS in state.plan.axes and is_fed and spec.workload.kind is Kind.TRAINING:
            named.setdefault(label_without(state.plan, job, AXIS), []).append(job)
    every = cells(state) if named else ()
    return tuple(
        _sweep(state, label, sorted(jobs, key=lambda job: _workers(state.plan, job)), every)
        for label, jobs in named.items()
        if len({_workers(state.plan, job) for job in jobs}) == len(jobs) > 1
    )


def _workers(plan: Plan, job: int) -> int:
    return plan.jobs[job].settings.workers


def _sweep(
    state: ComparisonState, label: str, jobs: Sequence[int], every: Sequence[Cell]
) -> WorkersSweep:
    timed = [every[job] for job in jobs if every[job].samples_per_s is not None]
    best = max(timed, key=lambda cell: cell.samples_per_s or 0.0) if len(timed) > 1 else None
    counts = tuple(_count(state, every[job], timed, best) for job in jobs)
    is_known = all(
        count.speed is not None or all(run.status.is_over for run in state.runs_of(count.cell.job))
        for count in counts
    )
    settings = state.plan.jobs[jobs[0]].settings
    return WorkersSweep(
        label=label,
        counts=counts,
        best=next((count for count in counts if count.behind_pct == 0), None),
        knee=next((count for count in counts if count.is_as_fast), None) if is_known else None,
        cores=len(settings.cores) or None,
        threads=1 if is_accelerator(settings.device) else settings.threads or len(settings.cores),
        is_persistent=settings.persistent_workers,
    )


def _count(state: ComparisonState, cell: Cell, timed: Sequence[Cell], best: Cell | None) -> Count:
    workers = _workers(state.plan, cell.job)
    share = _over(cell.samples_per_s, best.samples_per_s if best else None)
    return Count(
        workers=workers,
        cell=cell,
        speed=_over(cell.samples_per_s, timed[0].samples_per_s if timed else None),
        start_s=_start_s(state.plan, cell, timed[0]) if timed and workers else None,
        behind_pct=None if share is None else 100 * (1 - share),
        is_as_fast=best is not None and _is_as_fast(state, cell, best),
        others_busy=_others_busy(state, cell.job),
        misleads=bool(timed) and _misleads(state, cell, timed[0]),
    )


def _over(value: float | None, base: float | None) -> float | None:
    return value / base if value and base else None


def _start_s(plan: Plan, cell: Cell, fewest: Cell) -> float | None:
    """Seconds more than without loader processes, which have nothing to start."""
    with_s, without_s = cell.loader.first_wait_s, fewest.loader.first_wait_s
    if _workers(plan, fewest.job) or with_s is None or without_s is None:
        return None
    return max(with_s - without_s, 0.0)


def _others_busy(state: ComparisonState, job: int) -> float | None:
    found = outside(state.runs_of(job)) if state.plan.order is Order.IN_TURN else None
    return found.others_busy if found else None


def _is_as_fast(state: ComparisonState, cell: Cell, other: Cell) -> bool:
    """Within `WITHIN_PCT`, or within the noise: that of the trials, else that of the epochs."""
    share = _over(cell.samples_per_s, other.samples_per_s)
    if share is None or cell is other:
        return share is not None
    ratio = ratio_between(state, other.job, cell.job)
    if ratio is not None and ratio.low is not None:
        return ratio.is_undecided or share >= 1 - WITHIN_PCT / 100
    noise_pct = max(found.spread_pct or 0.0 for found in (cell, other))
    return share >= 1 - max(WITHIN_PCT, noise_pct) / 100


def _misleads(state: ComparisonState, cell: Cell, fewest: Cell) -> bool:
    wait, before = cell.loader.data_wait_share, fewest.loader.data_wait_share
    if wait is None or before is None or before - wait < NOTABLE_FALL:
        return False
    return not _is_as_fast(state, cell, fewest)
