"""What the workers print."""

from __future__ import annotations

from runners.state import ComparisonState
from runners.text import printable
from tui.line import Line
from tui.theme import Palette, Role, series_of
from tui.widgets.job_table import current_run
from tui.widgets.rows import RowsWidget


class WorkerLog(RowsWidget):
    """The newest lines of every job's log and the warnings about it; never markup."""

    can_focus = True
    HELP = "The newest lines that the training processes printed, and their warnings."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.border_title = "worker log"
        self._state: ComparisonState | None = None

    def show(self, state: ComparisonState) -> None:
        """Show a comparison's logs."""
        self._state = state
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del width
        if self._state is None:
            return [Line(palette).add("nothing printed yet", Role.DIM)]
        jobs = range(len(self._state.plan.jobs))
        share = max(1, height // len(jobs))
        lines = [line for job in jobs for line in self._of(self._state, job, palette)[-share:]]
        return lines or [Line(palette).add("nothing printed yet", Role.DIM)]

    def _of(self, state: ComparisonState, job: int, palette: Palette) -> list[Line]:
        run = current_run(state, job)
        mark, style = series_of(job).mark, palette.job(job)
        lines = [
            Line(palette).add(f"{mark} ", style).add(f"! {printable(warning)}", Role.WARNING)
            for warning in run.warnings
        ]
        if run.unreadable_lines:
            text = f"! {run.unreadable_lines} unreadable lines on the event channel"
            lines.append(Line(palette).add(f"{mark} ", style).add(text, Role.WARNING))
        lines += [
            Line(palette).add(f"{mark} ", style).add(printable(line.text)) for line in run.log
        ]
        return lines
