"""What a sweep says as a whole: the cost of a step, and from which size on a device pays. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

from runners.cells import JOBS, chosen_axes
from runners.spec import JobSpec, Plan, axis_text
from runners.state import ComparisonState
from runners.statistics import Ratio, full_epochs, ratio_between, unit_s
from runners.workloads import JobSettings

CELLS_FOR_FIT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFit:
    """The least squares of T = a x samples + b x steps over a sweep of the batch size.

    The samples of an epoch are the same in each cell, so a x samples is what no batch size
    removes: the input and the arithmetic. b is what each step costs whatever its size.

    Attributes:
        label: What was swept, without the batch size.
        sample_s: a, in seconds a sample.
        step_s: b, in seconds a step.
        fixed_error_s: Standard error of a x samples, in seconds.
        step_error_s: Standard error of b, in seconds.
        samples: Samples of an epoch.
        worst_pct: The largest distance of a measured epoch from the fit, in percent of it.
        cells: How many batch sizes it rests on.
    """

    label: str
    sample_s: float
    step_s: float
    fixed_error_s: float
    step_error_s: float
    samples: int
    worst_pct: float
    cells: int

    def epoch_s(self, batch_size: int) -> float:
        """What an epoch would take with a batch size, in seconds."""
        return self.sample_s * self.samples + self.step_s * math.ceil(self.samples / batch_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Where one device or variant overtakes the other as the work grows.

    Attributes:
        baseline: Label of the one, without the size.
        other: Label of the other.
        quantity: What grows: `batch_size`, or `flops` of a training step.
        at: The size at which both are as fast; None where one is faster at every size.
        ratios: Size and how many times as fast the other is, by size.
        decided: Those of them that are no chance, as far as trials tell.
        has_intervals: Whether there were trials enough to tell so.
    """

    baseline: str
    other: str
    quantity: str
    at: float | None
    ratios: tuple[tuple[float, float], ...]
    decided: tuple[tuple[float, float], ...]
    has_intervals: bool


def batch_fits(state: ComparisonState) -> tuple[BatchFit, ...]:
    """A fit for every sweep of the batch size with at least three sizes measured."""
    found = (_batch_fit(state, jobs) for jobs in _groups(state, "batch_size").values())
    return tuple(fit for fit in found if fit is not None)


def crossovers(state: ComparisonState) -> tuple[Crossover, ...]:
    """Where devices, or variants, change places over batch sizes or over a ladder of models."""
    if "workload" in state.plan.axes:
        return _crossovers(state, "workload", "flops", _step_flops)
    if "batch_size" in state.plan.axes:
        return _crossovers(state, "batch_size", "batch_size", lambda job: job.settings.batch_size)
    return ()


def mean_ratios(state: ComparisonState) -> dict[str, tuple[float, int]]:
    """Over a ladder: the geometric mean of each job's ratio to its workload's baseline.

    Returns:
        By `label_on_ladder` of a job: the mean, and over how many workloads.
    """
    values: dict[str, list[float]] = {}
    for job in range(len(state.plan.jobs)):
        base = state.plan.baseline(job)
        ratio = ratio_between(state, base, job) if base != job else None
        if ratio is not None and ratio.value is not None:
            values.setdefault(label_on_ladder(state.plan, job), []).append(ratio.value)
    return {
        label: (statistics.geometric_mean(found), len(found))
        for label, found in values.items()
        if len(found) > 1
    }


def label_on_ladder(plan: Plan, job: int) -> str:
    """A job's label without its workload and what each workload has of its own."""
    spec, chosen = plan.jobs[job], set(chosen_axes(plan))
    own = [axis for axis in plan.axes if axis == "workload" or not {axis, JOBS} & chosen]
    label = spec.label
    for axis in own:
        label = _label_without(replace(spec, label=label), axis_text(axis, spec.settings))
    return label


def _groups(state: ComparisonState, axis: str) -> Mapping[tuple[object, ...], list[int]]:
    """The jobs that differ in one setting only, by what they have in common.

    What each workload has of its own, and the share of the machine that goes with it, is no
    difference. Jobs that no setting tells apart, as those of several hosts, are in no group.
    """
    plan, chosen = state.plan, chosen_axes(state.plan)
    if JOBS in chosen:
        return {}
    free = {axis, "cores", *({"threads", *plan.axes} - set(chosen))}
    names = [field.name for field in fields(JobSettings) if field.name not in free]
    found: dict[tuple[object, ...], list[int]] = {}
    for job, spec in enumerate(plan.jobs):
        key = tuple(getattr(spec.settings, name) for name in names)
        found.setdefault(key, []).append(job)
    return found


def _batch_fit(state: ComparisonState, jobs: Sequence[int]) -> BatchFit | None:
    points = []
    for job in jobs:
        figures = [(unit_s(run), full_epochs(run)) for run in state.runs_of(job)]
        times_s = [time_s for time_s, _ in figures if time_s is not None]
        if times_s:
            epoch = next(epochs for _, epochs in figures if epochs)[0]
            points.append((epoch.samples, epoch.steps, statistics.median(times_s)))
    samples = {count for count, _, _ in points}
    if len({steps for _, steps, _ in points}) < CELLS_FOR_FIT or len(samples) != 1:
        return None
    all_steps, times = [p[1] for p in points], [p[2] for p in points]
    fit = statistics.linear_regression(all_steps, times)
    (count,) = samples
    off = [
        fit.intercept + fit.slope * n - time_s for n, time_s in zip(all_steps, times, strict=True)
    ]
    step_error_s, fixed_error_s = _standard_errors(all_steps, off)
    spec = state.plan.jobs[jobs[0]]
    return BatchFit(
        label=_label_without(spec, f"batch {spec.settings.batch_size}"),
        sample_s=fit.intercept / count,
        step_s=fit.slope,
        fixed_error_s=fixed_error_s,
        step_error_s=step_error_s,
        samples=count,
        worst_pct=max(100 * abs(miss) / time_s for miss, time_s in zip(off, times, strict=True)),
        cells=len(points),
    )


def _standard_errors(x: Sequence[float], off: Sequence[float]) -> tuple[float, float]:
    """Those of the slope and of the intercept of a line fitted to at least three points."""
    mean = statistics.fmean(x)
    spread = sum((value - mean) ** 2 for value in x)
    variance = sum(miss**2 for miss in off) / (len(x) - 2)
    return math.sqrt(variance / spread), math.sqrt(variance * (1 / len(x) + mean**2 / spread))


def _crossovers(
    state: ComparisonState, axis: str, quantity: str, size: Callable[[JobSpec], float]
) -> tuple[Crossover, ...]:
    groups = list(_groups(state, axis).values())
    found = (_crossover(state, groups[0], group, axis, quantity, size) for group in groups[1:])
    return tuple(crossover for crossover in found if crossover is not None)


def _crossover(
    state: ComparisonState,
    baselines: Sequence[int],
    others: Sequence[int],
    axis: str,
    quantity: str,
    size: Callable[[JobSpec], float],
) -> Crossover | None:
    specs = state.plan.jobs
    partner = {getattr(specs[job].settings, axis): job for job in baselines}
    ratios: list[tuple[float, float]] = []
    decided: list[tuple[float, float]] = []
    has_intervals = True
    for job in others:
        base = partner.get(getattr(specs[job].settings, axis))
        ratio: Ratio | None = None if base is None else ratio_between(state, base, job)
        if ratio is not None and ratio.value is not None:
            ratios.append((size(specs[job]), ratio.value))
            decided += [] if ratio.is_undecided else ratios[-1:]
            has_intervals &= ratio.low is not None
    if len({found for found, _ in ratios}) < 2:
        return None
    ratios.sort()
    decided.sort()
    firsts = (baselines[0], others[0])
    names = [
        label_on_ladder(state.plan, job)
        if axis == "workload"
        else _label_without(specs[job], axis_text(axis, specs[job].settings))
        for job in firsts
    ]
    return Crossover(
        baseline=names[0],
        other=names[1],
        quantity=quantity,
        at=_crossing(decided),
        ratios=tuple(ratios),
        decided=tuple(decided),
        has_intervals=has_intervals,
    )


def _crossing(points: Sequence[tuple[float, float]]) -> float | None:
    """The size at which the ratio is 1 for the last time, on lines over the logarithms."""
    for (size, ratio), (next_size, next_ratio) in reversed(list(pairwise(points))):
        if (ratio - 1) * (next_ratio - 1) < 0:
            part = math.log(ratio) / (math.log(ratio) - math.log(next_ratio))
            return math.exp(math.log(size) + part * (math.log(next_size) - math.log(size)))
    return None


def _step_flops(job: JobSpec) -> float:
    return float(job.workload.flops_step * job.settings.batch_size)


def _label_without(spec: JobSpec, part: str) -> str:
    """A job's label without what is the same for the others, such as `cpu` of `cpu batch 64`."""
    return " ".join(spec.label.replace(part, " ").split()) or spec.label
