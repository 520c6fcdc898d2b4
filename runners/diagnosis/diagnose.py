"""What limits a job, from the runs of its diagnosis, at any time of them. Pure."""

from __future__ import annotations

from runners.diagnosis.classes import Case, Decision, decide
from runners.diagnosis.evidence import evidence
from runners.diagnosis.figures import Figures, figures_of
from runners.diagnosis.plan import is_diagnosis
from runners.diagnosis.records import Bottleneck, Diagnosis, Part
from runners.diagnosis.remedies import remedies
from runners.diagnosis.sentences import failures, no_verdict, sentence
from runners.sparing import cut_short
from runners.state import ComparisonState, RunStatus

__all__ = ["diagnose", "is_diagnosis"]

_NARROW = {
    Bottleneck.INPUT: Part.LOADER,
    Bottleneck.TRANSFER: Part.TRANSFER,
    Bottleneck.LAUNCH: Part.COMPUTE,
    Bottleneck.SYNC: Part.COMPUTE,
    Bottleneck.COMPUTE: Part.COMPUTE,
    Bottleneck.THROTTLED: Part.COMPUTE,
}


def diagnose(state: ComparisonState) -> Diagnosis | None:
    """The verdict, as far as the runs have come; None of what is no diagnosis.

    Args:
        state: The runs of `runners.diagnosis.plan.diagnosis_plan`, under way or over.
    """
    whole = state.plan.diagnosed
    if whole is None:
        return None
    figures = figures_of(state)
    decision = decide(figures)
    case = decision and Case(whole=whole, state=state, figures=figures, decision=decision)
    return Diagnosis(
        job=whole,
        bottleneck=decision.bottleneck if decision else Bottleneck.UNDECIDED,
        shares=figures.shares,
        samples_per_s=figures.samples_per_s,
        capacities=figures.capacities,
        narrow=_narrow(figures, decision) if decision else None,
        predicted_gain=figures.predicted_gain,
        sentence=sentence(case) if case else no_verdict(state),
        evidence=evidence(case) if case else failures(state),
        remedies=remedies(case) if case else (),
        is_complete=_is_complete(state),
    )


def _is_complete(state: ComparisonState) -> bool:
    """Whether the runs are over, and neither a stop nor a want of time left any out."""
    is_stopped = any(run.status is RunStatus.STOPPED for run in state.runs.values())
    return state.is_over and not is_stopped and not cut_short(state)


def _narrow(figures: Figures, decision: Decision) -> Part | None:
    """The part that limits; of what costs a little only, the part that could do the least."""
    if decision.bottleneck is not Bottleneck.MILDLY_INPUT:
        return _NARROW.get(decision.bottleneck)
    rates = {part: figure.value for part, figure in figures.capacities}
    return min(rates, key=lambda part: rates[part])
