"""What the key `u` tells: which settings gain, and the command line that has them."""

from __future__ import annotations

from runners.reports.command_line import command_line
from runners.spec import Request, UsageError
from runners.tuning import Decision, RunPlan, Trial, Tuned, Tuning, gain_in_words, with_found
from runners.workloads import JobSettings

TRIAL_S = 2.0


async def tune(
    request: Request, settings: JobSettings, run_plan: RunPlan
) -> tuple[str, Request | None]:
    """Try the settings that fit a job.

    Args:
        request: What was asked for: one job.
        settings: That job.
        run_plan: Runs a plan to its end, or to where it was stopped.

    Returns:
        The outcome in words, and the request with what is kept; None where nothing was decided.

    Raises:
        UsageError: Nothing could be measured.
    """
    outcome = await Tuning(settings, trial_s=TRIAL_S, run_plan=run_plan).run()
    if all(trial.samples_per_s is None for trial in outcome.trials):
        raise UsageError(
            "No setting could be measured; the table says why."
            if outcome.is_complete
            else "Tuning was stopped before anything was measured."
        )
    found = with_found(request, outcome, settings)
    again = f"r runs it whole: {command_line(found)}"
    if outcome.is_complete:
        return f"Tuning {_kept(outcome)} {again}", found
    words = f"Tuning was stopped before all was tried. {_decided(outcome)}"
    return (f"{words} It {_kept(outcome)} {again}", found) if outcome.kept else (words, None)


def _decided(outcome: Tuned) -> str:
    """What became of each setting, as far as that is known."""
    tried = [trial for trial in outcome.trials if trial.decision is not Decision.REFERENCE]
    left = [trial.name for trial in tried if trial.decision is Decision.UNDECIDED]
    known = [_row(trial) for trial in tried if trial.decision is not Decision.UNDECIDED]
    if not known:
        return "Nothing is decided; the table tells how far it came."
    not_decided = f"; not decided: {', '.join(left)}" if left else ""
    return f"Against the tuned loop: {', '.join(known)}{not_decided}."


def _row(trial: Trial) -> str:
    """How fast a setting is, and what became of it."""
    ratio = "" if trial.ratio is None or trial.ratio.value is None else f" {trial.ratio.value:.2f}x"
    return f"{trial.name}{ratio} ({trial.decision})"


def _kept(outcome: Tuned) -> str:
    names = " and ".join(outcome.kept)
    words = f"kept {names}" if names else "kept the tuned loop as it is"
    gain = gain_in_words(outcome.gain)
    return f"{words}: {gain}." if gain else f"{words}."
