"""A row for each epoch of one job: its time, its phases, its steps, the machine meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from runners.machine.slowed import Slowed, slowed
from runners.state import RunState
from runners.text import counted
from tui import format as fmt
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget
from tui.widgets.time.epoch_columns import Column, Row, columns_for

_WHEEL_ROWS = 3
_MARK_CELLS = 4
# What an epoch took comes before what slowed it.
_LEAST_CELLS = 25


class EpochsPane(RowsWidget):
    """The newest epoch is the last row and in sight, until keys or the wheel look elsewhere.

    Args:
        take_next_job: Has a job so many further on in the plan shown here.
    """

    can_focus = True
    HELP = (
        "The epochs of one job. data to rest: shares of the epoch, rest is what no phase covers. "
        "p50, p95, max: how long steps took. J: energy; own cores, others: cores' worth of time "
        "of the job and of everything else; quota s: seconds the control group held it back; "
        "psi: share of time in which tasks waited. Up and down scroll, left and right take "
        "another job."
    )
    DEFAULT_CSS = "EpochsPane { border-subtitle-color: $text-muted; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "job(-1)", "job before", id="epochs.left", show=False),
        Binding("right", "job(1)", "next job", id="epochs.right", show=False),
        Binding("up", "move(-1)", "up", id="epochs.up", show=False),
        Binding("down", "move(1)", "down", id="epochs.down", show=False),
        Binding("home", "move(-100000)", "oldest", id="epochs.home", show=False),
        Binding("end", "move(100000)", "newest", id="epochs.end", show=False),
    ]

    def __init__(self, take_next_job: Callable[[int], None], *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._take_next_job = take_next_job
        self.entitle("epochs")
        self._rows: Sequence[Row] = ()
        self._unit = "epoch"
        self._on_cpu = False
        self._jobs = 0
        self._top = 0
        self._follows = True
        self._hidden = 0
        self._shown: object = None

    def show(self, title: str, run: RunState, *, unit: str, on_cpu: bool, jobs: int) -> None:
        """Show a run's epochs.

        Args:
            title: Which job and trial, in words.
            run: The run.
            unit: What its timed unit is called.
            on_cpu: Whether it runs on the CPU.
            jobs: How many jobs there are to choose from.
        """
        shown = (title, unit, on_cpu, jobs)
        if (run.epochs, run.machine, shown) == self._shown:
            return
        self._shown = (run.epochs, run.machine, shown)
        self.entitle(f"{unit}s{title and ' · '}{title}")
        self._rows = [Row(epoch, run.machine.get(epoch.epoch)) for epoch in run.epochs]
        self._unit, self._on_cpu, self._jobs = unit, on_cpu, jobs
        self.redraw()

    def action_job(self, step: int) -> None:
        """Look at another job."""
        self._follows = True
        self._take_next_job(step)

    def action_move(self, rows: int) -> None:
        """Look at other rows; at the end the newest is followed again."""
        room = self._room()
        wanted = self._top_for(self._top, room) + rows
        self._follows = wanted + room >= len(self._rows)
        self._top = self._top_for(wanted, room)
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look further down; at the end, the page scrolls."""
        self._wheel(event, _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look further up."""
        self._wheel(event, -_WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        before = self._top_for(self._top, self._room())
        self.action_move(rows)
        if self._top != before:
            event.stop()

    def on_resize(self) -> None:
        """Tell anew what is in sight."""
        self.redraw()

    def redraw(self) -> None:
        """See `RowsWidget.redraw`."""
        super().redraw()
        place = self._place_text()
        if place != self.border_subtitle:
            self.border_subtitle = place

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if not self._rows:
            words = f"Each {self._unit} that ends adds a row."
            return [Line(palette).add(row, Role.DIM) for row in wrap(words, width)]
        slow = [
            slowed(row.machine, row.epoch.epoch_s) if row.machine else None for row in self._rows
        ]
        mark_cells = max((_MARK_CELLS + len(_short(each)) for each in slow if each), default=0)
        room = max(width - mark_cells, min(width, _LEAST_CELLS))
        columns, self._hidden = columns_for(self._rows, room, on_cpu=self._on_cpu)
        room = max(1, height - 1)
        top = self._top_for(self._top, room)
        head = Line(palette).add("".join(f"{c.title:>{c.cells}}" for c in columns), Role.DIM)
        shown = list(zip(self._rows, slow, strict=True))[top : top + room]
        return [head, *(_line(row, columns, palette, each, width) for row, each in shown)]

    def _room(self) -> int:
        return max(1, self.size.height - 1)

    def _top_for(self, row: int, room: int) -> int:
        """The first row in sight, where that one is wanted."""
        last = max(0, len(self._rows) - room)
        return last if self._follows else min(max(row, 0), last)

    def _place_text(self) -> str:
        """Which rows and columns are in sight where not all are, and the keys that help."""
        total, room = len(self._rows), self._room()
        texts = []
        if total > room:
            top = self._top_for(self._top, room)
            texts.append(f"{top + 1}-{min(top + room, total)} of {total} ↑↓")
        if self._jobs > 1 and self.has_focus:
            texts.append("←→ other job")
        if self._hidden:
            texts.append(f"{counted(self._hidden, 'more column')} in a wider window")
        return " · ".join(texts)


def _line(
    row: Row, columns: Sequence[Column], palette: Palette, slow: Slowed | None, width: int
) -> Line:
    line = Line(palette)
    for column in columns:
        text = column.text(row)
        role = Role.TEXT if text is not None else Role.DIM
        line.add(f"{fmt.UNKNOWN if text is None else text:>{column.cells}}", role)
    if slow is None:
        return line
    words = slow.in_words()
    if line.width + _MARK_CELLS + len(words) > width:
        words = _short(slow)
    return line.add(f"  ◀ {words}", Role.WARNING)


def _short(slow: Slowed) -> str:
    return f"slowed by {slow.by}"
