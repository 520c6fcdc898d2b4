"""The diagnosis that the screen shows: of which job, how far, and what was tried. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runners.spec import JobSpec, UsageError
from runners.state import ComparisonState
from tui import format as fmt

if TYPE_CHECKING:
    from runners.diagnosis.records import Diagnosis, Remedy, Tried

NO_DIAGNOSIS = "There is no diagnosis yet whose remedies could be tried; d starts one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known so far of where the time of a job goes.

    Attributes:
        job: The whole job.
        runs: The runs of the diagnosis; None before the first.
        diagnosis: What they say; None before they say anything.
        tried: What became of remedies that were applied, the newest last.
        trying: The remedy being tried.
        is_under_way: Whether the diagnosis, or the trial of a remedy, goes on.
    """

    job: JobSpec
    runs: ComparisonState | None = None
    diagnosis: Diagnosis | None = None
    tried: tuple[Tried, ...] = ()
    trying: Remedy | None = None
    is_under_way: bool = False

    @classmethod
    def of(cls, state: ComparisonState) -> Finding | None:
        """What the runs of a diagnosis come to; None of any other plan."""
        job = state.plan.diagnosed
        return None if job is None else cls(job=job).with_state(state)

    def with_state(self, state: ComparisonState) -> Finding:
        """The finding after the race moved on; figures are made of new epochs and ends only."""
        if state.plan.diagnosed is None:
            return self
        if self.runs is not None and _basis(self.runs) == _basis(state):
            return replace(self, runs=state)
        # Here, so that the first frame does not wait for it.
        from runners.diagnosis.diagnose import diagnose

        return replace(self, runs=state, diagnosis=diagnose(state))

    def with_tried(self, tried: Tried) -> Finding:
        """The finding after a remedy was applied."""
        others = tuple(one for one in self.tried if one.remedy.what != tried.remedy.what)
        return replace(self, tried=(*others, tried))

    def remedy(self, number: int) -> Remedy:
        """The remedy of a number, counted from 1.

        Raises:
            UsageError: There is none, or it cannot be tried from here.
        """
        remedies = self.diagnosis.remedies if self.diagnosis else ()
        if not remedies:
            raise UsageError(NO_DIAGNOSIS)
        if number > len(remedies):
            raise UsageError(f"The diagnosis has no remedy {number}.")
        found = remedies[number - 1]
        if not found.changes:
            raise UsageError(f"This cannot be tried from here: {found.what}.")
        return found


def outcome_in_words(tried: Tried) -> str:
    """What a remedy gained with its interval, or why that is not known."""
    gain = tried.gain
    if gain is None or gain.value is None:
        return f"not measured: {tried.problem or 'there are no figures'}".rstrip(".")
    if gain.low is None or gain.high is None:
        return f"measured {fmt.ratio(gain.value)}×, no interval"
    interval = f"{fmt.ratio(gain.low)} to {fmt.ratio(gain.high)}×"
    value = "no difference" if gain.is_undecided else f"{fmt.ratio(gain.value)}×"
    return f"measured {value} ({interval})"


def _basis(state: ComparisonState) -> object:
    return state.plan, [
        (len(run.epochs), len(run.machine), run.status) for run in state.runs.values()
    ]
