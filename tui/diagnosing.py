"""Makes the diagnosis that the screen shows, and tries its remedies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runners.spec import JobSpec, Request, UsageError
from runners.state import ComparisonState
from tui.finding import NO_DIAGNOSIS, Finding, outcome_in_words

if TYPE_CHECKING:
    from runners.diagnosis.diagnosing import RunPlan


class Diagnoses:
    """One diagnosis at a time.

    Args:
        run_plan: Runs a plan to its end, or to where it was stopped.

    Attributes:
        finding: What the newest one found so far; None before the first, and once another race
            has taken its place.
        request: What it is a diagnosis of.
    """

    def __init__(self, run_plan: RunPlan) -> None:
        self.finding: Finding | None = None
        self.request: Request | None = None
        self._run_plan = run_plan

    @property
    def is_under_way(self) -> bool:
        """Whether its runs go on."""
        return self.finding is not None and self.finding.is_under_way

    def follow(self, state: ComparisonState) -> None:
        """Take in how the race stands; a diagnosis of the history that goes on is taken up."""
        self.finding = Finding.of(state) if self.finding is None else self.finding.with_state(state)

    def forget(self) -> None:
        """Leave the screen to another race."""
        self.finding = self.request = None

    async def diagnose(self, request: Request, job: JobSpec) -> str:
        """Find out what limits a job.

        Args:
            request: What was asked for: that job alone.
            job: The job, as a plan made it.

        Returns:
            The verdict in a sentence; empty where the runs told nothing.

        Raises:
            UsageError: It has no input that could be left out.
        """
        # Here, so that the first frame does not wait for it.
        from runners.diagnosis.diagnosing import Diagnosing

        diagnosing = Diagnosing(job.settings, run_plan=self._run_plan)
        self.request, self.finding = request, Finding(job=job, is_under_way=True)
        try:
            self.follow(await diagnosing.run())
        finally:
            self.finding = replace(self.finding, is_under_way=False)
        return self.finding.diagnosis.sentence if self.finding.diagnosis else ""

    async def try_remedy(self, number: int) -> str:
        """Apply a remedy and measure what it gains.

        Args:
            number: Which, counted from 1.

        Returns:
            What it gained, in words.

        Raises:
            UsageError: There is none, or it cannot be tried from here.
        """
        from runners.diagnosis.diagnosing import try_remedy

        finding = self.finding
        if finding is None or finding.runs is None:
            raise UsageError(NO_DIAGNOSIS)
        remedy = finding.remedy(number)
        self.finding = replace(finding, trying=remedy, is_under_way=True)
        try:
            tried = await try_remedy(finding.runs, remedy, run_plan=self._run_plan)
            finding = finding.with_tried(tried)
        finally:
            self.finding = finding
        return f"{remedy.what}: {outcome_in_words(tried)}."
