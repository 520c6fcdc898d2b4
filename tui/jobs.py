"""How the jobs of a comparison are shown: which run of each, and which of them look alike. Pure."""

from __future__ import annotations

from runners.cells import label_without, swept_axis
from runners.spec import Plan
from runners.state import ComparisonState, RunState, RunStatus

CARDS_UP_TO = 2


def is_sweep(plan: Plan) -> bool:
    """Whether a table shows the jobs, and not a card each."""
    return len(plan.jobs) > CARDS_UP_TO


def groups_of(plan: Plan) -> dict[str, list[int]]:
    """Jobs that have all but the swept axis in common, by what that is in words."""
    groups: dict[str, list[int]] = {}
    axis = swept_axis(plan)
    for job in range(len(plan.jobs)):
        groups.setdefault(label_without(plan, job, axis), []).append(job)
    return groups


def series_numbers(plan: Plan) -> tuple[int, ...]:
    """Which series each job belongs to: its own in a race, that of its group in a sweep."""
    if not is_sweep(plan):
        return tuple(range(len(plan.jobs)))
    number = {job: n for n, jobs in enumerate(groups_of(plan).values()) for job in jobs}
    return tuple(number[job] for job in range(len(plan.jobs)))


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
