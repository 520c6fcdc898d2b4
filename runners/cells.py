"""The cells of a sweep: what is known of each job over all its trials, and what they vary. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from runners.events import ErrorKind
from runners.loader_figures import LoaderFigures, loader_figures
from runners.spec import JobSpec, Plan, axis_text
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import (
    Ratio,
    Spread,
    final_accuracy,
    ratio_between,
    samples_per_s,
    spread,
    steady_epochs,
    total_s,
    unit_s,
)

JOBS = "job"
"""The axis of jobs that differ in what is no setting."""
NUMERIC_AXES = ("batch_size", "workers", "threads", "epochs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One job of a sweep, over all its trials.

    Attributes:
        job: Its place in the plan.
        trials_done: Trials that came to their end.
        unit_s: Seconds of an epoch or a call: the median of the trials with their spread, of the
            steady epochs where there is but one trial; None without any.
        is_cold: Whether that is of cold epochs, for want of steady ones.
        total_s: Seconds of all epochs together, median of the trials.
        samples_per_s: Training speed, median of the trials.
        speed: How many times as fast as its baseline it is; 1 for a baseline with figures. Over a
            sweep of epochs that of whole runs, in which a cold epoch counts.
        peak_memory_bytes: The largest of all trials.
        accuracy: Share of right answers after the last epoch, median of the trials.
        loader: What feeding it takes.
        trouble: Why a trial has no figures, in a word or two; None where all have or may have.
        detail: The same in a sentence.
    """

    job: int
    trials_done: int
    unit_s: Spread | None
    is_cold: bool
    total_s: float | None
    samples_per_s: float | None
    speed: float | None
    peak_memory_bytes: int | None
    accuracy: float | None
    loader: LoaderFigures
    trouble: str | None
    detail: str

    @property
    def spread_pct(self) -> float | None:
        """How far the times lie apart to either side of the median, in percent of it."""
        found = self.unit_s
        if found is None or found.count < 2:
            return None
        return 50 * (found.high - found.low) / found.median


def cells(state: ComparisonState) -> tuple[Cell, ...]:
    """Each job's figures as far as there are any, in the order of the plan."""
    return tuple(_cell(state, job) for job in range(len(state.plan.jobs)))


def chosen_axes(plan: Plan) -> tuple[str, ...]:
    """The axes that were asked for, slowest first.

    What differs between workloads only because each has its own is none. Where axes do not tell
    the jobs apart, as when they come from several hosts, the jobs themselves are the only axis.
    """
    axes = tuple(axis for axis in plan.axes if axis == "workload" or not _is_own(plan, axis))
    told = {tuple(axis_value(job, axis) for axis in axes) for job in plan.jobs}
    return axes if len(told) == len(plan.jobs) and axes else (JOBS,)


def swept_axis(plan: Plan) -> str:
    """What a chart of a sweep has on its horizontal axis.

    The workloads where there are several, else the number with most values, else the last axis.
    """
    axes = chosen_axes(plan)
    numeric = [axis for axis in axes if axis in NUMERIC_AXES]
    if "workload" in axes or not numeric:
        return "workload" if "workload" in axes else axes[-1]
    return max(numeric, key=lambda axis: len({axis_value(job, axis) for job in plan.jobs}))


def axis_value(job: JobSpec, axis: str) -> Any:  # noqa: ANN401
    """What a job has on an axis."""
    return job.label if axis == JOBS else getattr(job.settings, axis)


def axis_label(job: JobSpec, axis: str) -> str:
    """The same in words."""
    return job.label if axis == JOBS else axis_text(axis, job.settings)


def label_without(plan: Plan, job: int, axis: str) -> str:
    """What a job has on the other axes, in words; empty where there is no other."""
    others = (other for other in chosen_axes(plan) if other != axis)
    return " ".join(axis_label(plan.jobs[job], other) for other in others)


def _is_own(plan: Plan, axis: str) -> bool:
    """Whether each workload has one value, its own."""
    if "workload" not in plan.axes:
        return False
    pairs = {(job.settings.workload, getattr(job.settings, axis)) for job in plan.jobs}
    return len(pairs) == len(plan.workloads)


def _cell(state: ComparisonState, job: int) -> Cell:
    runs, settings = state.runs_of(job), state.plan.jobs[job].settings
    times_s = [time_s for run in runs if (time_s := unit_s(run)) is not None]
    steady = [epoch.epoch_s for run in runs for epoch in steady_epochs(run)]
    base = state.plan.baseline(job)
    ratio = ratio_between(state, base, job) if base != job else None
    own = 1.0 if base == job and times_s else None
    totals = [value for run in runs if (value := total_s(run)) is not None]
    speeds = [value for run in runs if (value := samples_per_s(run)) is not None]
    accuracies = [value for run in runs if (value := final_accuracy(run)) is not None]
    trouble, detail = _trouble(runs)
    return Cell(
        job=job,
        trials_done=sum(run.status is RunStatus.DONE for run in runs),
        unit_s=spread(steady if len(times_s) == 1 and steady else times_s),
        is_cold=bool(times_s) and not steady,
        total_s=statistics.median(totals) if totals else None,
        samples_per_s=statistics.median(speeds) if speeds else None,
        speed=own if ratio is None else _speed(state.plan, ratio),
        peak_memory_bytes=max((run.peak_memory_bytes or 0 for run in runs), default=0) or None,
        accuracy=statistics.median(accuracies) if accuracies else None,
        loader=loader_figures(settings, runs),
        trouble=trouble,
        detail=detail,
    )


def _speed(plan: Plan, ratio: Ratio) -> float | None:
    is_by_epochs = swept_axis(plan) == "epochs"
    return ratio.total if is_by_epochs and ratio.total is not None else ratio.value


def _trouble(runs: tuple[RunState, ...]) -> tuple[str | None, str]:
    for run in runs:
        if run.error is not None:
            is_memory = run.error.kind is ErrorKind.OUT_OF_MEMORY
            return "out of memory" if is_memory else "failed", run.error.message
    for run in runs:
        if run.status is RunStatus.SPARED:
            return "spared", run.spared or ""
    return None, ""
