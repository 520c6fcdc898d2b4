"""Which runs of a comparison need not be started, as their jobs' figures are known. Pure."""

from __future__ import annotations

from runners.diagnosis.classes import hangs_on
from runners.diagnosis.plan import is_diagnosis
from runners.spec import Order, Plan, RunKey
from runners.state import ComparisonState, RunStatus
from runners.statistics import half_width_pct, unit_s


def is_known(state: ComparisonState, job: int) -> bool:
    """Whether a job's figure is known as well as was asked for."""
    if is_diagnosis(state.plan):
        return not hangs_on(state, job)
    within_pct = state.plan.within_pct
    if within_pct is None:
        return False
    jobs = [job]
    if state.plan.order is Order.TOGETHER:
        # Side by side, the lanes need each other.
        jobs = list(range(len(state.plan.jobs)))
    return all(_is_within(state, each, within_pct) for each in jobs)


def why_known(plan: Plan) -> str:
    """Why runs of jobs whose figures are known are not started, in words."""
    if is_diagnosis(plan):
        return "the verdict does not hang on it"
    return f"its figure is known to within {plan.within_pct:g} %"


def cut_short(state: ComparisonState) -> tuple[RunKey, ...]:
    """Runs that were spared though their figure is not known: there was no time for them."""
    spared = [key for key, run in state.runs.items() if run.status is RunStatus.SPARED]
    known = {job for job in {key.job for key in spared} if is_known(state, job)}
    return tuple(key for key in spared if key.job not in known)


def _is_within(state: ComparisonState, job: int, within_pct: float) -> bool:
    figures = tuple(s for run in state.runs_of(job) if (s := unit_s(run)) is not None)
    found_pct = half_width_pct(figures)
    return found_pct is not None and found_pct <= within_pct
