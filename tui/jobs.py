"""How the jobs of a comparison are shown: which run of each, and which of them look alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from runners.cells import NUMERIC_AXES, axis_label, chosen_axes, label_without, swept_axis
from runners.spec import JobSpec, Plan
from runners.state import ComparisonState, RunError, RunState, RunStatus
from runners.text import counted

CARDS_UP_TO = 2


def is_sweep(plan: Plan) -> bool:
    """Whether a table shows the jobs, and not a card each."""
    return len(plan.jobs) > CARDS_UP_TO


def is_joined(plan: Plan) -> bool:
    """Whether what is swept is a number, so that a line may join a series in a chart."""
    return swept_axis(plan) in NUMERIC_AXES


def groups_of(plan: Plan) -> list[tuple[str, list[int]]]:
    """The series of a sweep: jobs that differ in the swept axis alone, and their name.

    Where the axis is no number and would have one series, each job is its own.
    """
    axis = swept_axis(plan)
    series: dict[object, list[int]] = {}
    for job in range(len(plan.jobs)):
        series.setdefault(_rest(plan, job, axis), []).append(job)
    if len(series) == 1 and not is_joined(plan):
        return [(axis_label(spec, axis), [job]) for job, spec in enumerate(plan.jobs)]
    names = [label_without(plan, jobs[0], axis) for jobs in series.values()]
    if len(set(names)) < len(names):
        names = [_label_without(plan.jobs[jobs[0]], axis) for jobs in series.values()]
    return list(zip(names, series.values(), strict=True))


def _rest(plan: Plan, job: int, axis: str) -> object:
    """What a job has beside the swept axis and what goes with it: the label names the host."""
    spec, chosen = plan.jobs[job], chosen_axes(plan)
    if axis not in NUMERIC_AXES:
        return label_without(plan, job, axis)
    free = {axis, "cores", "threads", *plan.axes} - set(chosen) | {axis}
    settings = {name: value for name, value in asdict(spec.settings).items() if name not in free}
    return _label_without(spec, axis), *settings.values()


def _label_without(spec: JobSpec, axis: str) -> str:
    rest = " ".join(spec.label.replace(axis_label(spec, axis), " ").split())
    return rest or spec.label


def series_numbers(plan: Plan) -> tuple[int, ...]:
    """Which series each job belongs to: its own in a race, that of its group in a sweep."""
    if not is_sweep(plan):
        return tuple(range(len(plan.jobs)))
    number = {job: n for n, (_, jobs) in enumerate(groups_of(plan)) for job in jobs}
    return tuple(number[job] for job in range(len(plan.jobs)))


def failures(state: ComparisonState) -> list[str]:
    """What went wrong and what to do, and which jobs met it."""
    met: dict[str, dict[int, None]] = {}
    for key, run in state.runs.items():
        if run.error is not None:
            met.setdefault(in_full(run.error), {})[key.job] = None
    total = len(state.plan.jobs)
    return [
        f"{_named(state.plan, list(jobs)) if len(jobs) < total else 'All jobs'} failed: {text}"
        for text, jobs in met.items()
    ]


def in_full(error: RunError) -> str:
    """What went wrong, and what to do."""
    return " ".join(filter(None, (error.message, error.remedy)))


def _named(plan: Plan, jobs: Sequence[int]) -> str:
    return plan.jobs[jobs[0]].label if len(jobs) == 1 else counted(len(jobs), "job")


def current_run(state: ComparisonState, job: int) -> RunState:
    """The run of a job to look at: the one under way, else the last that ended."""
    runs = state.runs_of(job)
    for run in runs:
        if not run.status.is_over and run.status is not RunStatus.WAITING:
            return run
    ended = [run for run in runs if run.status.is_over and run.started_mono_s is not None]
    return ended[-1] if ended else runs[0]


def current_trial(state: ComparisonState, job: int) -> str:
    """Which trial `current_run` shows; empty where there is but one."""
    if state.plan.trials == 1:
        return ""
    run = current_run(state, job)
    number = next(i for i, other in enumerate(state.runs_of(job), start=1) if other is run)
    return f"trial {number}/{state.plan.trials}"
