"""The panes that show a comparison, under way or of the past, and what goes into which."""

from __future__ import annotations

from collections.abc import Collection

from textual.containers import Container, Horizontal
from textual.widget import Widget

from runners.cells import cells
from runners.spec import Plan
from runners.state import ComparisonState, RunStatus
from runners.statistics import ratios
from tui.jobs import current_run, current_trial, failures, is_sweep
from tui.widgets.job_card import JobCard
from tui.widgets.race_chart import RaceChart
from tui.widgets.ratio import RatioPane
from tui.widgets.sweep_table import SweepTable
from tui.widgets.verdict import VerdictPane
from tui.widgets.worker_log import WorkerLog


class RacePanes:
    """Makes the panes of one screen, which places them, and keeps them up to date.

    Args:
        hint: What can be done with a result, said below it.
        welcome: What is there before a comparison is.

    Attributes:
        jobs: A card for each job, or a table of them, and the ratio.
        middle: The chart, the verdict and the worker's log.
        chart: The chart.
    """

    def __init__(self, *, hint: str, welcome: Widget | None = None) -> None:
        self.jobs = Horizontal(*([] if welcome is None else [welcome]), id="race", classes="-table")
        self.chart = RaceChart(id="chart")
        self._verdict = VerdictPane(id="verdict")
        self._log = WorkerLog(id="log")
        self.middle = Container(self.chart, self._verdict, self._log, id="middle")
        self._state: ComparisonState | None = None
        self._shown_basis: object = None
        self._usual_hint = hint
        self._hint = self._problem = ""

    async def show_plan(self, plan: Plan) -> None:
        """Make room for a comparison's jobs."""
        await self.jobs.remove_children()
        table = is_sweep(plan)
        self.jobs.set_class(table, "-table")
        panes: list[Widget] = [SweepTable(plan)] if table else []
        if not table:
            panes += [JobCard(job, spec) for job, spec in enumerate(plan.jobs)]
        # The runs of a diagnosis leave parts out: none of them is a gain that could be had.
        is_race = plan.diagnosed is None
        if is_race and any(plan.baseline(job) != job for job in range(len(plan.jobs))):
            panes.insert(1, RatioPane())
        await self.jobs.mount(*panes)
        self._shown_basis = None

    def show(self, state: ComparisonState, now_s: float, lost_gpus: Collection[str] = ()) -> bool:
        """Show a comparison as it stands.

        Args:
            state: The comparison.
            now_s: The monotonic time.
            lost_gpus: The GPUs that fell off the bus, by identity.

        Returns:
            Whether its figures are new.
        """
        self._state = state
        is_new = self._show_figures(state)
        for job, card in enumerate(self.jobs.query(JobCard)):
            trial = current_trial(state, job)
            card.show(current_run(state, job), now_s, trial=trial, lost_gpus=lost_gpus)
        for table in self.jobs.query(SweepTable):
            table.show(state, now_s, lost_gpus)
        self._log.show(state)
        self.middle.set_class(self._log.is_done_with, "-quiet")
        return is_new

    def tell(self, hint: str) -> None:
        """Say below the verdict what became of the race: where its files are, what is missing."""
        self._hint = hint
        self._show_verdict()

    def warn(self, problem: str) -> None:
        """Say beside the verdict what is wrong with the race; empty takes it back."""
        self._problem = problem
        self._show_verdict()

    def _show_figures(self, state: ComparisonState) -> bool:
        """Show what costs more to work out: new with an epoch, the look at it, the end of a run."""
        basis = tuple(
            (len(run.epochs), len(run.machine), run.status) for run in state.runs.values()
        )
        if (state.plan, basis) == self._shown_basis:
            return False
        self._shown_basis = (state.plan, basis)
        found, figures = ratios(state), cells(state)
        failed = any(run.status is RunStatus.FAILED for run in state.runs.values())
        for pane in self.jobs.query(RatioPane):
            pane.show(found, failed=failed)
        for table in self.jobs.query(SweepTable):
            table.show_figures(figures)
        self.chart.show(state, figures)
        self._hint = self._usual_hint if state.is_over else ""
        self._show_verdict()
        return True

    def _show_verdict(self) -> None:
        # Here, so that the first frame does not wait for it.
        from runners.verdict import note_sentences, verdict

        state = self._state
        if state is None:
            return
        hint = " · ".join(filter(None, (self._problem, self._hint)))
        said = list(verdict(state))
        if not said and not state.is_over:
            said = note_sentences(state.plan)
        if is_sweep(state.plan):
            # A row of the table has no room for what to do, and a card has.
            said += failures(state)
        self._verdict.show(said, is_over=state.is_over, hint=hint)
