"""Drives a diagnosis: a first look at the speed, the runs, and a remedy where one is tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from operator import truediv

from runners.diagnosis.cutting import cut_plan, first_look
from runners.diagnosis.figures import figure_of, sample_s
from runners.diagnosis.plan import MOST_TRIALS, refuse_what_has_no_input, whole_samples
from runners.diagnosis.records import Remedy, Tried
from runners.events import ErrorKind
from runners.spec import JobSpec, Order, Plan
from runners.state import ComparisonState
from runners.statistics import TRIALS_FOR_INTERVAL, Ratio, ratio_between
from runners.workloads import JobSettings

TRIAL_S = 1.0
"""About how long a steady epoch of a run takes, in seconds, where nothing else is asked for."""
_TRY = "brief runs of a diagnosis: the job as it is and with a remedy"
_STOPPED = "It was stopped before there were figures."
_NOTHING_TO_CHANGE = "racetop cannot change that itself."

RunPlan = Callable[[Plan], Awaitable[ComparisonState]]


class Diagnosing:
    """Runs what tells a job's time apart.

    Args:
        settings: The whole job, as a plan made it.
        run_plan: Runs a plan to its end, or to a stop, and keeps it.
        trial_s: About how long a steady epoch of a run shall take, in seconds.
        trials: Repeats of each run, at most.

    Raises:
        UsageError: The job has no input that could be left out.
    """

    def __init__(
        self,
        settings: JobSettings,
        *,
        run_plan: RunPlan,
        trial_s: float = TRIAL_S,
        trials: int = MOST_TRIALS,
    ) -> None:
        refuse_what_has_no_input(settings)
        self._whole = JobSpec(label=settings.device, settings=replace(settings, layers=False))
        self._trial_s = trial_s
        self._run_plan = run_plan
        self._trials = trials

    async def run(self) -> ComparisonState:
        """Look at the speed, cut the job to a length, and run it with and without each part.

        Returns:
            The runs, which `runners.diagnosis.diagnose.diagnose` makes a verdict of. Where the
            first look was stopped or failed, that look: it is no diagnosis, and its run says why.
        """
        look = await self._run_plan(first_look(self._whole))
        if self._whole.settings.train_samples is None and _has_too_few_samples(look):
            look = await self._run_plan(first_look(self._whole, is_cut=False))
        plan = cut_plan(self._whole, look, trial_s=self._trial_s, trials=self._trials)
        return look if plan is None else await self._run_plan(plan)


async def try_remedy(diagnosed: ComparisonState, remedy: Remedy, *, run_plan: RunPlan) -> Tried:
    """Run the job as it is against the job with a remedy, in turn, cut as in the diagnosis.

    Args:
        diagnosed: The runs of the diagnosis.
        remedy: What to change.
        run_plan: Runs a plan to its end, or to a stop, and keeps it.
    """
    if not remedy.changes:
        return Tried(remedy=remedy, problem=_NOTHING_TO_CHANGE)
    as_it_is = diagnosed.plan.jobs[0]
    changed = replace(as_it_is.settings, **dict(remedy.changes))  # type: ignore[arg-type]
    plan = Plan(
        order=Order.IN_TURN,
        trials=TRIALS_FOR_INTERVAL,
        jobs=(as_it_is, JobSpec(label="with the remedy", settings=changed)),
        notes=(f"{_TRY}: {remedy.what}",),
        time_budget_s=diagnosed.plan.time_budget_s,
    )
    state = await run_plan(plan)
    gain = _gain(state, whole_samples(diagnosed))
    failed = next((run.error for run in state.runs.values() if run.error is not None), None)
    problem = failed.message if failed else None if gain else _STOPPED
    return Tried(remedy=remedy, gain=gain, problem=problem)


def _gain(state: ComparisonState, samples: int | None) -> Ratio | None:
    """The second job against the first, both as a whole epoch would go.

    Args:
        state: The two jobs.
        samples: Samples of a whole epoch; None where unknown.
    """
    ratio = ratio_between(state, 0, 1)
    gain = figure_of(truediv, *(sample_s(state, job, samples) for job in (0, 1)))
    if ratio is None or gain is None:
        return None
    return replace(ratio, steady=gain.value, total=None, low=gain.low, high=gain.high)


def _has_too_few_samples(look: ComparisonState) -> bool:
    """Whether a look failed as the set has fewer samples than it asked for."""
    (run,) = look.runs.values()
    error = run.error
    if error is None or error.kind is not ErrorKind.DATA_MISSING:
        return False
    # Of all that may be amiss with data, only this is mended by fewer samples.
    return "--train-samples" in (error.remedy or "")
