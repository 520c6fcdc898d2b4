"""Which runs of a comparison need not be started, as what they would tell is known. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runners.diagnosis.classes import hangs_on
from runners.diagnosis.plan import is_diagnosis
from runners.spec import Order, Plan, RunKey
from runners.state import ComparisonState, RunStatus, of_trials
from runners.statistics import TRIALS_FOR_INTERVAL, half_width_pct, unit_s

_NOT_HANGING = "the verdict does not hang on it"


def needless(state: ComparisonState, keys: Sequence[RunKey]) -> tuple[RunKey, ...]:
    """The runs that need not be, now that these would be next.

    A job whose figure is known is repeated no more. Of a diagnosis no job is ever done with as long
    as the verdict is open: what hangs on one job now may hang on another a trial later.

    Args:
        state: The comparison under way.
        keys: Runs of one trial.
    """
    if any(_is_needed(state, key) for key in keys):
        return ()
    if not is_diagnosis(state.plan):
        jobs = {key.job for key in keys}
        return tuple(key for key in state.runs if key.job in jobs)
    is_open = hangs_on(of_trials(state, keys[0].trial))
    return tuple(keys if is_open else state.runs)


def why_needless(plan: Plan) -> str:
    """Why runs are not started that need not be, in words."""
    if is_diagnosis(plan):
        return _NOT_HANGING
    return f"its figure is known to within {plan.within_pct:g} %"


def cut_short(state: ComparisonState) -> tuple[RunKey, ...]:
    """Runs that were spared though they may be needed: there was no time for them."""
    spared = [key for key, run in state.runs.items() if run.status is RunStatus.SPARED]
    if not is_diagnosis(state.plan):
        return tuple(key for key in spared if _is_needed(state, key))
    # Which are needed is decided trial by trial: as long as the verdict is open, any may be.
    late = tuple(key for key in spared if state.runs[key].spared != _NOT_HANGING)
    are_few = any(key.trial < TRIALS_FOR_INTERVAL for key in late)
    return late if are_few or hangs_on(state) else ()


def _is_needed(state: ComparisonState, key: RunKey) -> bool:
    """Whether a run was still to be made after the trials before it."""
    within_pct = state.plan.within_pct
    if key.trial < TRIALS_FOR_INTERVAL or (within_pct is None and not is_diagnosis(state.plan)):
        return True
    before = of_trials(state, key.trial)
    if within_pct is None:
        return key.job in hangs_on(before)
    # Side by side, the lanes need each other.
    is_alone = state.plan.order is not Order.TOGETHER
    jobs = [key.job] if is_alone else range(len(state.plan.jobs))
    return not all(_is_within(before, each, within_pct) for each in jobs)


def _is_within(state: ComparisonState, job: int, within_pct: float) -> bool:
    figures = tuple(s for run in state.runs_of(job) if (s := unit_s(run)) is not None)
    found_pct = half_width_pct(figures)
    return found_pct is not None and found_pct <= within_pct
