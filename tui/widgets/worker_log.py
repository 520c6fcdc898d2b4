"""What the workers print."""

from __future__ import annotations

from runners.state import ComparisonState
from runners.text import counted
from tui.jobs import current_run, series_numbers
from tui.line import Line
from tui.theme import Palette, Role, series_of
from tui.widgets.rows import RowsWidget


class WorkerLog(RowsWidget):
    """The newest lines of every job's log and the warnings about it; never markup."""

    can_focus = True
    HELP = "The newest lines that the training processes printed, and their warnings."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("worker log")
        self._state: ComparisonState | None = None
        self._series: tuple[int, ...] = ()

    def show(self, state: ComparisonState) -> None:
        """Show a comparison's logs."""
        if self._state is None or self._state.plan is not state.plan:
            self._series = series_numbers(state.plan)
        self._state = state
        self.redraw()

    @property
    def is_done_with(self) -> bool:
        """Whether nobody needs it: the jobs ended, and nothing in it tells why one failed."""
        if self._state is None or not self._state.is_over:
            return False
        runs = self._state.runs.values()
        has_failed = any(run.error for run in runs)
        return not any(
            run.warnings or run.unreadable_lines or (has_failed and run.log) for run in runs
        )

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del width
        if self._state is None:
            return [Line(palette).add("nothing printed yet", Role.DIM)]
        state = self._state
        jobs = range(len(state.plan.jobs))
        lines = [line for job in jobs for line in self._pinned(state, job, palette)]
        talkers = [job for job in jobs if current_run(state, job).log]
        running = [job for job in talkers if not current_run(state, job).status.is_over]
        shown = running or talkers[-1:]
        share = max(1, (height - len(lines)) // max(1, len(shown)))
        for job in shown:
            mark, style = f"{series_of(self._series[job]).mark} ", palette.job(self._series[job])
            newest = current_run(state, job).log[-share:]
            lines += [Line(palette).add(mark, style).add(entry.text) for entry in newest]
        return lines or [Line(palette).add("nothing printed yet", Role.DIM)]

    def _pinned(self, state: ComparisonState, job: int, palette: Palette) -> list[Line]:
        """Warnings, which no later line of a log pushes away."""
        run = current_run(state, job)
        texts = list(run.warnings)
        if run.unreadable_lines:
            lines = counted(run.unreadable_lines, "unreadable line")
            texts.append(f"{lines} on the event channel")
        series = self._series[job]
        mark, style = f"{series_of(series).mark} ", palette.job(series)
        return [Line(palette).add(mark, style).add(f"! {text}", Role.WARNING) for text in texts]
