"""What the key `u` tells: which settings gain, and the command line that has them."""

from __future__ import annotations

import shlex

from runners.spec import Plan, UsageError
from runners.state import ComparisonState, RunStatus
from runners.tuning import Decision, RunPlan, Tuned, Tuning
from runners.workloads import JobSettings

TRIAL_S = 2.0


async def tune(settings: JobSettings, run_plan: RunPlan) -> tuple[str, list[str]]:
    """Try the settings that fit a job.

    Args:
        settings: The job.
        run_plan: Runs a plan to its end, or to where it was stopped.

    Returns:
        The outcome in words, and what the command line has to name for it.

    Raises:
        UsageError: It was stopped before all was tried, or could not be measured.
    """

    async def run(plan: Plan) -> ComparisonState:
        state = await run_plan(plan)
        if any(run.status is RunStatus.STOPPED for run in state.runs.values()):
            raise UsageError("Tuning was stopped before all was tried; nothing is decided.")
        return state

    outcome = await Tuning(settings, trial_s=TRIAL_S, run_plan=run).run()
    if all(trial.samples_per_s is None for trial in outcome.trials):
        raise UsageError("No setting could be measured; the table says why.")
    arguments = shlex.split(" ".join(outcome.options))
    command = ["racetop", "compare", settings.workload, "--devices", settings.device, *arguments]
    return f"{_in_words(outcome)} r runs it whole: {shlex.join(command)}", arguments


def _in_words(outcome: Tuned) -> str:
    kept = [trial.name for trial in outcome.trials if trial.decision is Decision.KEPT]
    words = f"kept {', '.join(kept)}" if kept else "kept the tuned loop as it is"
    if outcome.gain is None or outcome.gain.value is None:
        return f"Tuning {words}."
    return f"Tuning {words}: {outcome.gain.value:.2f}x the loop as written."
