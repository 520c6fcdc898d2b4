"""Figures from raw numbers: medians, spreads, ratios with an interval. Pure."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import truediv

from runners.events import EpochFinished
from runners.state import ComparisonState, RunState
from runners.text import counted

TRIALS_FOR_INTERVAL = 3
RESAMPLES = 2_000
STEADY = "steady epochs"
COLD = "cold epoch only"
ALL_EPOCHS = "all epochs"
_QUARTILES_FROM = 4
_Sides = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A median and how far the values lie apart.

    Attributes:
        median: The median.
        low: First quartile; with less than four values the smallest.
        high: Third quartile; with less than four values the largest.
        count: How many values there were.
    """

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Summary of single-sample latencies, in milliseconds."""

    mean_ms: float
    std_ms: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as fast as the baseline a job is; above 1 it is faster.

    Attributes:
        baseline: Label of the baseline.
        job: Label of the job.
        steady: Ratio of the median steady epochs, per sample; None before both have one. Of a
            remedy that was tried, the median of the ratios within each trial.
        total: Ratio of all epochs together; None unless both did the same work.
        low: Lower end of the 95 % interval of `steady`, or of `total` where `steady` is None.
        high: Upper end of it; both are None with less than three trials.
        basis: What `value` rests on: `steady epochs`, `cold epoch only` or `all epochs`; of a
            workload that makes calls, calls.
        label: How it was taken: the basis unless it is steady epochs, side by side or alone,
            number of trials, what to beware of.
    """

    baseline: str
    job: str
    steady: float | None
    total: float | None
    low: float | None
    high: float | None
    basis: str
    label: str

    @property
    def value(self) -> float | None:
        """The figure to show: of steady epochs where there is one."""
        return self.total if self.steady is None else self.steady

    @property
    def is_undecided(self) -> bool:
        """Whether the interval, as it is told, holds 1: no difference was measured."""
        return self.low is not None and self.high is not None and holds_one(self.low, self.high)


def spread(values: Sequence[float]) -> Spread | None:
    """Median and spread; None without values."""
    if not values:
        return None
    low, high = min(values), max(values)
    if len(values) >= _QUARTILES_FROM:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median=statistics.median(values), low=low, high=high, count=len(values))


def full_epochs(run: RunState) -> tuple[EpochFinished, ...]:
    """The epochs that saw as many samples as any, and took time."""
    most = max((epoch.samples for epoch in run.epochs), default=0)
    return tuple(e for e in run.epochs if e.samples == most and most > 0 and e.epoch_s > 0)


def cold_epoch_s(run: RunState) -> float | None:
    """Seconds of the first epoch."""
    epochs = full_epochs(run)
    return epochs[0].epoch_s if epochs and epochs[0].epoch == 1 else None


def steady_epochs(run: RunState) -> tuple[EpochFinished, ...]:
    """The epochs after those that warm up, which is one where no source says otherwise."""
    return tuple(epoch for epoch in full_epochs(run) if epoch.epoch > run.warm_up)


def steady_epoch_s(run: RunState) -> float | None:
    """Median seconds of the steady epochs; None where there is none."""
    later = [epoch.epoch_s for epoch in steady_epochs(run)]
    return statistics.median(later) if later else None


def unit_s(run: RunState) -> float | None:
    """Seconds of a steady epoch, of the cold one where there is no other."""
    return steady_epoch_s(run) or cold_epoch_s(run)


def total_s(run: RunState) -> float | None:
    """Seconds of all epochs together, evaluation left out."""
    return sum(epoch.epoch_s for epoch in run.epochs) if run.epochs else None


def samples_per_s(run: RunState) -> float | None:
    """Samples a second in a steady epoch, or in the first where there is but one."""
    epoch_s = unit_s(run)
    return full_epochs(run)[0].samples / epoch_s if epoch_s else None


def data_wait_share(run: RunState) -> float | None:
    """Share of the steady epochs, or of the only one, in which the loop waited for data."""
    epochs = steady_epochs(run) or full_epochs(run)
    waits_s = [e.phases.data_wait_s for e in epochs if e.phases.data_wait_s is not None]
    if not epochs or len(waits_s) != len(epochs):
        return None
    return sum(waits_s) / sum(epoch.epoch_s for epoch in epochs)


def final_accuracy(run: RunState) -> float | None:
    """Share of right answers on the test set, after the last epoch."""
    return run.evaluations[-1].test_accuracy if run.evaluations else None


def latency(values_ms: Sequence[float]) -> Latency | None:
    """Summary of latencies; None without any."""
    if not values_ms:
        return None
    ordered = sorted(values_ms)
    return Latency(
        mean_ms=statistics.fmean(ordered),
        std_ms=statistics.stdev(ordered) if len(ordered) > 1 else 0.0,
        p50_ms=_percentile(ordered, 0.50),
        p95_ms=_percentile(ordered, 0.95),
    )


def ratios(state: ComparisonState) -> tuple[Ratio, ...]:
    """Each job against the first of its workload, as far as there are figures."""
    pairs = ((state.plan.baseline(job), job) for job in range(len(state.plan.jobs)))
    found = (ratio_between(state, base, job) for base, job in pairs if base != job)
    return tuple(ratio for ratio in found if ratio is not None)


@lru_cache(maxsize=512)
def interval_of(
    figure: Callable[..., float], *sides: tuple[float, ...]
) -> tuple[float, float] | None:
    """Bootstrap 95 % interval of a figure made of the medians of several jobs' values.

    None with less than three values of any of them.

    Args:
        figure: Makes the figure of the medians, in the order of `sides`.
        sides: The values of each job, by trial.
    """
    if min(map(len, sides)) < TRIALS_FOR_INTERVAL:
        return None
    draw = random.Random(0)
    drawn = sorted(
        figure(*(statistics.median(draw.choices(values, k=len(values))) for values in sides))
        for _ in range(RESAMPLES)
    )
    return _percentile(drawn, 0.025), _percentile(drawn, 0.975)


def interval_of_ratio(
    baseline: tuple[float, ...], other: tuple[float, ...]
) -> tuple[float, float] | None:
    """Bootstrap 95 % interval of the ratio of medians, baseline over other.

    None with less than three values on either side.
    """
    return interval_of(truediv, baseline, other)


def holds_one(low: float, high: float) -> bool:
    """Whether an interval of a ratio holds 1, as it is told with two decimals."""
    return round(low, 2) <= 1.0 <= round(high, 2)


def half_width_pct(values: tuple[float, ...]) -> float | None:
    """Half the bootstrap 95 % interval of the median, in percent of it.

    None with less than three values.
    """
    interval = interval_of(float, values)
    if interval is None:
        return None
    low, high = interval
    return 50 * (high - low) / statistics.median(values)


def ratio_between(state: ComparisonState, base: int, job: int) -> Ratio | None:
    """One job against another; None as long as there are no figures.

    Args:
        state: The comparison.
        base: Place of the baseline in the plan.
        job: Place of the job.
    """
    baselines = [run for run in state.runs_of(base) if full_epochs(run)]
    others = [run for run in state.runs_of(job) if full_epochs(run)]
    if not baselines or not others:
        return None
    steady, is_partly_alone = _steady_sides(state, base, job)
    totals = (_totals_s(baselines), _totals_s(others))
    works = {_work(run) for run in (*baselines, *others)}
    is_steady, is_same_work = all(steady), len(works) == 1
    if not is_steady and not is_same_work:
        return None
    figures, basis = steady, STEADY
    if not is_steady:
        figures, basis = totals, ALL_EPOCHS if max(works)[0] > 1 else COLD
    basis = basis.replace("epoch", state.plan.jobs[job].workload.unit)
    parts = [] if is_steady else [basis]
    parts.append("side by side" if state.plan.are_together(base, job) else "alone")
    if is_steady and is_partly_alone:
        parts.append("partly alone")
    trials = min(map(len, figures))
    parts.append("single run" if trials == 1 else counted(trials, "trial"))
    if 1 < trials < TRIALS_FOR_INTERVAL:
        parts.append("no interval")
    if len({full_epochs(run)[0].samples for run in (*baselines, *others)}) > 1:
        parts.append("different sample counts, compared per sample")
    interval = interval_of_ratio(*figures)
    return Ratio(
        baseline=state.plan.jobs[base].label,
        job=state.plan.jobs[job].label,
        steady=ratio_of_medians(steady),
        total=ratio_of_medians(totals) if is_same_work else None,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        basis=basis,
        label=", ".join(parts),
    )


def _steady_sides(state: ComparisonState, base: int, job: int) -> tuple[_Sides, bool]:
    """Steady seconds per sample by trial, the baseline's and a job's, and whether partly alone.

    Per sample, for a batch size may drop a few samples of the epoch. Side by side, what one job
    did after the other had ended says nothing of both: only epochs beside each other count,
    unless one of the two has none.
    """
    sides: tuple[list[float], list[float]] = ([], [])
    is_partly_alone = False
    for pair in zip(state.runs_of(base), state.runs_of(job), strict=True):
        epochs = (steady_epochs(pair[0]), steady_epochs(pair[1]))
        if state.plan.are_together(base, job):
            beside = (_epochs_beside(pair[0], pair[1]), _epochs_beside(pair[1], pair[0]))
            is_partly_alone |= not all(beside) and beside != epochs
            epochs = beside if all(beside) else epochs
        for side, found in zip(sides, epochs, strict=True):
            if found:
                side.append(statistics.median(epoch.epoch_s / epoch.samples for epoch in found))
    return (tuple(sides[0]), tuple(sides[1])), is_partly_alone


def _epochs_beside(run: RunState, other: RunState) -> tuple[EpochFinished, ...]:
    """A run's steady epochs that at least by half lie where the other one was at work."""
    if not other.epochs:
        return ()
    from_s = other.epochs[0].started_mono_s
    until_s = math.inf if other.ended_mono_s is None else other.ended_mono_s

    def shared_s(epoch: EpochFinished) -> float:
        end_s = epoch.started_mono_s + epoch.epoch_s
        return min(end_s, until_s) - max(epoch.started_mono_s, from_s)

    return tuple(epoch for epoch in steady_epochs(run) if shared_s(epoch) >= epoch.epoch_s / 2)


def _totals_s(runs: Sequence[RunState]) -> tuple[float, ...]:
    return tuple(total for run in runs if (total := total_s(run)))


def _work(run: RunState) -> tuple[int, int]:
    return len(run.epochs), sum(epoch.samples for epoch in run.epochs)


def ratio_of_medians(sides: _Sides) -> float | None:
    """The median of the first side over that of the second; None where one has no values."""
    baseline, other = sides
    if not baseline or not other:
        return None
    return statistics.median(baseline) / statistics.median(other)


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie, interpolated."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
