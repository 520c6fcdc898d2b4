"""The cells of a comparison with more than two jobs, a row each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType

from runners.cells import Cell, axis_label, cells, chosen_axes, label_without
from runners.spec import Order, Plan, axis_text
from runners.state import ComparisonState, RunState, RunStatus
from tui import format as fmt
from tui.jobs import current_run, series_numbers
from tui.line import Line, cut
from tui.theme import Palette, Role, series_of
from tui.widgets.job_card import (
    GPU_LOST,
    STAGE_TEXT,
    STATUS_ROLE,
    is_gpu_lost,
    is_silent_s,
    share_done,
    time_left_s,
)
from tui.widgets.rows import MANY_ROWS, RowsWidget

ORDER_TEXT = {Order.TOGETHER: "side by side", Order.IN_TURN: "one at a time"}
MIN_STATUS_WIDTH = 21
TINY_STATUS_WIDTH = 13
MAX_STATUS_WIDTH = 46
TINY_BELOW = 50
MAX_LABEL_WIDTH = 34
_WHEEL_ROWS = 3
_Text = Callable[[Cell, int], str]
COLUMNS: Mapping[str, tuple[int, _Text]] = {
    "trials": (8, lambda cell, trials: f"{cell.trials_done}/{trials}"),
    "steady": (13, lambda cell, _: _unit_text(cell)),
    "spread": (9, lambda cell, _: "" if cell.spread_pct is None else f"±{cell.spread_pct:.1f} %"),
    "total": (10, lambda cell, _: "" if cell.total_s is None else fmt.seconds(cell.total_s)),
    "samples/s": (11, lambda cell, _: fmt.count(cell.samples_per_s)),
    "data wait": (11, lambda cell, _: _share_text(cell.loader.data_wait_share)),
    "first batch": (13, lambda cell, _: _first_text(cell)),
    "their CPU": (11, lambda cell, _: _cores_text(cell)),
    "their memory": (14, lambda cell, _: fmt.memory(cell.loader.memory_bytes)),
    "core wait": (11, lambda cell, _: _share_text(cell.loader.core_wait_share)),
    "peak": (10, lambda cell, _: fmt.memory(cell.peak_memory_bytes)),
    "accuracy": (10, lambda cell, _: fmt.accuracy(cell.accuracy)),
    "speed": (9, lambda cell, _: "" if cell.speed is None else f"{fmt.ratio(cell.speed)}×"),
}
"""Width and text of each column; the text is given a cell and the trials of the plan."""
KEPT_FIRST = ("speed", "steady", "trials", "total", "peak", "samples/s", "accuracy", "spread")
_OF_LOADERS = ("data wait", "first batch", "their CPU", "core wait", "their memory")
"""Columns of a sweep of loader processes, in the order in which they are kept."""
_TROUBLE_ROLE = {"out of memory": Role.BAD, "failed": Role.BAD, "spared": Role.WARNING}


class SweepTable(RowsWidget):
    """Every cell: state, trials done, steady epoch, speed, memory, accuracy.

    Rows are grouped by the first axis. Where there are more rows than room, the row at work is
    in sight until keys or the wheel look elsewhere.
    """

    can_focus = True
    HELP = (
        "All jobs. speed: how many times as fast as the first of the workload (1.00×); over "
        "epochs in whole runs, cold epoch and all, as the first that trains as long. "
        "Over loader processes: first batch, what starting them takes in an epoch; their CPU, in "
        "cores; core wait, how long the loop waits for a core. "
        "steady: the median; spread: how far it varies. Arrows scroll."
    )
    DEFAULT_CSS = "SweepTable { border-subtitle-color: $text-muted; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up", show=False),
        Binding("pagedown", "move(10)", "Down", show=False),
        Binding("home", "move(-1000)", "First", show=False),
        Binding("end", "move(1000)", "Last", show=False),
    ]

    def __init__(self, plan: Plan) -> None:
        super().__init__(id="sweep-table", classes="pane")
        trials = f" × {plan.trials}" if plan.trials > 1 else ""
        jobs = f"{len(plan.jobs)} jobs{trials}"
        order = "taken apart" if plan.together else ORDER_TEXT[plan.order]
        self.entitle(" · ".join((plan.name, *_common(plan), jobs, order)))
        self._state = ComparisonState.of(plan)
        self._cells = cells(self._state)
        self._rows = table_rows(plan)
        self._labels = [_label(plan, row) for row in self._rows]
        self._series = series_numbers(plan)
        self._now_s = 0.0
        self._top = 0
        self._follows = True
        self._lost_gpus: Collection[str] = ()

    def show(self, state: ComparisonState, now_s: float, lost_gpus: Collection[str] = ()) -> None:
        """Show a comparison's state as of a monotonic time, and which GPUs fell off the bus."""
        self._state = state
        self._lost_gpus = lost_gpus
        self._now_s = now_s
        self._follow()
        self._tell_place()
        self.redraw()

    def show_figures(self, found: Sequence[Cell]) -> None:
        """Take what is known of each job; `show` draws it."""
        self._cells = tuple(found)

    def action_move(self, rows: int) -> None:
        """Look at other rows."""
        self._follows = False
        self._look_from(self._top + rows)
        self._tell_place()
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look further down; at the end, the page scrolls."""
        self._wheel(event, _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look further up."""
        self._wheel(event, -_WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        before = self._top
        self.action_move(rows)
        if self._top != before:
            event.stop()

    def _room(self) -> int:
        return max(1, self.size.height - 1)

    def _look_from(self, row: int) -> None:
        self._top = min(max(row, 0), max(0, len(self._rows) - self._room()))

    def on_resize(self) -> None:
        """Keep to the rows there are."""
        self._follow()
        self._tell_place()

    def _follow(self) -> None:
        """Bring the row at work into sight, with as little motion as can be."""
        working = next((row for row, job in enumerate(self._rows) if self._is_at_work(job)), None)
        if working is None or not self._follows:
            return
        if working < self._room():
            self._look_from(0)
        elif not self._top <= working < self._top + self._room():
            self._look_from(working if working < self._top else working - self._room() + 1)

    def _is_at_work(self, row: int | str) -> bool:
        if isinstance(row, str):
            return False
        status = current_run(self._state, row).status
        return not status.is_over and status is not RunStatus.WAITING

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        plan = self._state.plan
        labels = self._labels
        label_width = min(max(map(len, labels)) + 3, MAX_LABEL_WIDTH)
        status_width = TINY_STATUS_WIDTH if width < TINY_BELOW else MIN_STATUS_WIDTH
        columns = _columns_that_fit(plan, width - label_width - status_width)
        room = width - label_width - sum(COLUMNS[name][0] for name in columns)
        room = min(room, MAX_STATUS_WIDTH) if columns else room
        titles = "".join(f"{name:>{COLUMNS[name][0]}}" for name in columns)
        header = Line(palette).pad_to(label_width + room).add(titles, Role.DIM)
        top = 0
        if height < MANY_ROWS:
            self._look_from(self._top)
            top = self._top
        lines = [header]
        for row, label in list(zip(self._rows, labels, strict=True))[top : top + height - 1]:
            if isinstance(row, str):
                lines.append(Line(palette).add(row, Role.LABEL))
                continue
            name = cut(label, label_width - 3)
            lines.append(self._row(row, name, palette, label_width, room, columns))
        return lines

    def _tell_place(self) -> None:
        """Say which rows are in sight where not all are."""
        total, room = len(self._rows), self._room()
        last = min(self._top + room, total)
        text = "" if total <= room else f"rows {self._top + 1}-{last} of {total} · ↑↓"
        if text != self.border_subtitle:
            self.border_subtitle = text

    def _row(
        self,
        job: int,
        label: str,
        palette: Palette,
        label_width: int,
        room: int,
        columns: Sequence[str],
    ) -> Line:
        run, cell = current_run(self._state, job), self._cells[job]
        series = self._series[job]
        style = palette.job(series)
        line = Line(palette).add(f"{series_of(series).mark} {label}".ljust(label_width), style)
        if cell.trouble is not None and cell.unit_s is None:
            line.add(f"{cell.trouble}: ", _TROUBLE_ROLE[cell.trouble])
            return line.add(cell.detail.removeprefix("Out of memory: "), Role.TEXT)
        epochs = self._state.plan.jobs[job].settings.epochs
        trouble = cell.trouble if run.status.is_over else None
        if is_gpu_lost(run, self._lost_gpus):
            line.add(cut(GPU_LOST, room - 1), Role.BAD)
        elif trouble == "spared":
            # It has figures: what was not started is nothing that it lacks.
            runs = self._state.runs_of(job)
            left = sum(each.status is RunStatus.SPARED for each in runs)
            words = f"done, {left} not started"
            line.add(words if len(words) < room else "done", STATUS_ROLE[RunStatus.DONE])
        else:
            line.join(_status(run, epochs, trouble, palette, style, room - 1, self._now_s))
        if cell.unit_s is None and run.status is RunStatus.WAITING:
            return line
        line.pad_to(label_width + room)
        for name in columns:
            width, text = COLUMNS[name]
            role = Role.STRONG if name == "speed" else Role.TEXT
            line.add(f"{text(cell, self._state.plan.trials):>{width}}", role)
        return line


def table_rows(plan: Plan) -> list[int | str]:
    """Jobs by their places, below a heading for each group of the first of several axes."""
    axes = chosen_axes(plan)
    rows: list[int | str] = []
    heading = None
    for job, spec in enumerate(plan.jobs):
        group = axis_label(spec, axes[0]) if len(axes) > 1 else None
        if group is not None and group != heading:
            rows.append(group)
        heading = group
        rows.append(job)
    return rows


def _common(plan: Plan) -> list[str]:
    """What a reader wants to know and all jobs have."""
    told = [{axis_text(axis, job.settings) for job in plan.jobs} for axis in ("device", "variant")]
    return [texts.pop() for texts in told if len(texts) == 1]


def _label(plan: Plan, row: int | str) -> str:
    if isinstance(row, str):
        return row
    axes = chosen_axes(plan)
    if len(axes) > 1:
        return label_without(plan, row, axes[0])
    return axis_label(plan.jobs[row], axes[0])


def _columns_that_fit(plan: Plan, width: int) -> list[str]:
    """The columns for a width, in the order of the table; the least telling ones go first."""
    is_of_loaders = "workers" in chosen_axes(plan)
    order = KEPT_FIRST[:2] + _OF_LOADERS + KEPT_FIRST[2:] if is_of_loaders else KEPT_FIRST
    unwanted = set() if plan.trials > 1 else {"trials"}
    has_speeds = any(plan.baseline(job) != job for job in range(len(plan.jobs)))
    unwanted |= set() if has_speeds else {"speed"}
    unwanted |= set() if "epochs" in chosen_axes(plan) else {"total"}
    kept: list[str] = []
    for name in order:
        if name not in unwanted and COLUMNS[name][0] <= width - sum(COLUMNS[k][0] for k in kept):
            kept.append(name)
    return [name for name in COLUMNS if name in kept]


def _unit_text(cell: Cell) -> str:
    if cell.unit_s is None:
        return fmt.UNKNOWN
    return f"{'cold ' if cell.is_cold else ''}{fmt.seconds(cell.unit_s.median)}"


def _share_text(share: float | None) -> str:
    return fmt.UNKNOWN if share is None else fmt.pct(100 * share).strip()


def _first_text(cell: Cell) -> str:
    first_s = cell.loader.first_wait_s
    return fmt.UNKNOWN if first_s is None else fmt.seconds(first_s)


def _cores_text(cell: Cell) -> str:
    busy = cell.loader.cores_busy
    return fmt.UNKNOWN if busy is None else f"{busy:.2f}"


def _status(
    run: RunState,
    epochs: int,
    trouble: str | None,
    palette: Palette,
    style: Style,
    width: int,
    now_s: float,
) -> Line:
    """State, progress and time left in one short row."""
    line = Line(palette)
    if trouble is not None:
        return line.add(trouble, _TROUBLE_ROLE[trouble])
    if run.status is RunStatus.STARTING:
        stage = STAGE_TEXT[run.stage] if run.stage else "starting"
        return line.add(cut(stage, width), Role.STRONG)
    if run.status not in (RunStatus.TRAINING, RunStatus.EVALUATING):
        return line.add(run.status.value, STATUS_ROLE.get(run.status, Role.DIM))
    share = share_done(run, epochs)
    number = min(len(run.epochs) + (run.current is not None), epochs)
    text = f"{number}/{epochs} "
    silent_s = is_silent_s(run, now_s)
    tail, role = fmt.clock(time_left_s(run, epochs)), Role.DIM
    if silent_s is not None:
        tail, role = f"no step {fmt.clock(silent_s)}", Role.WARNING
    line.add(text, Role.STRONG)
    if width < MIN_STATUS_WIDTH - 1:
        return line.add(tail, role)
    line.bar(share, width - len(text) - 7 - max(6, len(tail)), style)
    return line.add(" ").add(fmt.pct(100 * share)).add(f" {tail:>6}", role)
