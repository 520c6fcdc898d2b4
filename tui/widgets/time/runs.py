"""The runs of a comparison, a row for each job: trials, how far the newest is, how fast."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from runners.diagnosis.plan import is_diagnosis
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import samples_per_s
from tui import format as fmt
from tui.jobs import current_run, in_full
from tui.line import Line, cut
from tui.theme import Palette, Role
from tui.widgets.job_card import STAGE_TEXT, share_done
from tui.widgets.rows import RowsWidget
from tui.widgets.time.parts import flow_of, is_at_work

MARKS = {
    RunStatus.WAITING: ("·", Role.DIM),
    RunStatus.DONE: ("✓", Role.GOOD),
    RunStatus.FAILED: ("✗", Role.BAD),
    RunStatus.STOPPED: ("■", Role.WARNING),
    RunStatus.SPARED: ("-", Role.DIM),
}
UNDER_WAY = ("▸", Role.KEY)
MARKS_UP_TO = 9
MAX_LABEL_CELLS, _LEAST_LABEL_CELLS = 26, 8
_SPEED_CELLS = 8
_BAR_FROM = 12
# With the gaps around it.
_LEAST_STATUS_CELLS = 6


class RunsPane(RowsWidget):
    """Which run of which job goes on; where rows are short, the one at work is in sight."""

    can_focus = True
    HELP = (
        "The runs, a row for each job: ✓ done, ▸ under way, · waiting, ✗ failed, ■ stopped, "
        "- not needed. The speed is the median of those done, in samples a second."
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("runs")
        self._state: ComparisonState | None = None

    def show(self, state: ComparisonState | None) -> None:
        """Show a comparison as it stands; None where there is none."""
        self._state = state
        self.entitle("runs" if state is None else f"runs · {progress_of(state)} · samples/s")
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        state = self._state
        if state is None:
            return [Line(palette).add("There are no runs yet.", Role.DIM)]
        jobs = range(len(state.plan.jobs))
        newest = [current_run(state, job) for job in jobs]
        at_work = next((job for job in jobs if is_at_work(newest[job])), 0)
        top = max(0, min(at_work - height // 2, len(jobs) - height))
        longest = max(len(spec.label) for spec in state.plan.jobs)
        others = _SPEED_CELLS + min(state.plan.trials, MARKS_UP_TO) + _LEAST_STATUS_CELLS
        cells = max(_LEAST_LABEL_CELLS, min(longest, MAX_LABEL_CELLS, width - others))
        lines = []
        for job in jobs[top:]:
            spec, runs = state.plan.jobs[job], state.runs_of(job)
            role = Role.STRONG if is_at_work(newest[job]) else Role.TEXT
            line = Line(palette).add(cut(spec.label, cells).ljust(cells + 1), role)
            for text, role in _marks(runs):
                line.add(text, role)
            room = width - line.width - _SPEED_CELLS - 1
            line.add(" ").join(_status(newest[job], spec.settings.epochs, palette, room))
            if newest[job].error is None:
                speed = fmt.speed(_speed(runs, newest[job]))
                line.pad_to(width - _SPEED_CELLS).add(f"{speed:>{_SPEED_CELLS}}")
            lines.append(line)
        return lines


def progress_of(state: ComparisonState) -> str:
    """How many runs came to their end: `5 of 18 done`; of a diagnosis not all may be needed."""
    statuses = [run.status for run in state.runs.values()]
    needed = len(statuses) - statuses.count(RunStatus.SPARED)
    done = statuses.count(RunStatus.DONE) + statuses.count(RunStatus.FAILED)
    at_most = "at most " if is_diagnosis(state.plan) and not state.is_over else ""
    return f"{done} of {at_most}{needed} done"


def _marks(runs: Sequence[RunState]) -> list[tuple[str, Role]]:
    """A mark for each trial, or how many are done where they are many."""
    if len(runs) > MARKS_UP_TO:
        done = sum(run.status is RunStatus.DONE for run in runs)
        return [(f"{done}/{len(runs)}", Role.TEXT)]
    return [MARKS.get(run.status, UNDER_WAY) for run in runs]


def _status(run: RunState, epochs: int, palette: Palette, width: int) -> Line:
    """How far the newest run is, or why there is none."""
    line = Line(palette)
    if run.error is not None:
        return line.add(in_full(run.error), Role.BAD)
    if not is_at_work(run):
        return line
    if run.status is RunStatus.STARTING:
        stage = STAGE_TEXT[run.stage] if run.stage else "starting"
        return line.add(cut(stage, width) if width >= _BAR_FROM else "…", Role.DIM)
    if width < _BAR_FROM:
        number = min(len(run.epochs) + (run.current is not None), epochs)
        return line.add(f"{number}/{epochs}", Role.KEY)
    return line.bar(share_done(run, epochs), width, Role.KEY)


def _speed(runs: Sequence[RunState], newest: RunState) -> float | None:
    """The runs that are over by the median of their times, else how fast the newest goes."""
    times_s = [1 / rate for run in runs if run.status.is_over and (rate := samples_per_s(run))]
    return 1 / statistics.median(times_s) if times_s else flow_of(newest).samples_per_s
