"""Who uses the GPU and the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from sensors.readings import ProcessReading, Reading
from tui.line import Line
from tui.processes.columns import Column, Facts, columns_that_fit, newly_used, telling_columns
from tui.processes.keys import KEYS, hint
from tui.processes.lines import SIGNS, Drawing, column_at
from tui.processes.rows import FILTER_HINT, Filter, Order, Row, arrange
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

WHEEL_ROWS = 3
READ_ONLY = "Signals are switched off by --read-only."


class ProcessTable(RowsWidget):
    """Processes, those on a GPU first; this race's workers and racetop itself are named.

    It draws what it is given and says by messages what it wants. Rows keep their places
    until the next reading is drawn.

    Args:
        id: See `Widget`.
        wall_clock: Seconds since the epoch.
        read_only: Whether signals are switched off.
        filter_text: What is filtered by at first, as typed.

    Attributes:
        shows_all: Whether every process of the host is asked for.
    """

    can_focus = True
    HELP = (
        "Who uses the GPUs and the CPU. GPU processes first; CPU 100 % is one core. ● is racetop's "
        f"own. Filter: words that must all occur, {FILTER_HINT}."
    )
    DEFAULT_CSS = """
    ProcessTable {
        border-subtitle-color: $text-muted;
    }
    ProcessTable > Input, ProcessTable > Input:focus {
        dock: bottom;
        height: 1;
        padding: 0;
        border: none;
        border-left: thick $accent;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)

    class AllWanted(Message):
        """Every process of the host is wanted in the readings, or no longer."""

        def __init__(self, wanted: bool) -> None:
            super().__init__()
            self.wanted = wanted

    class SignalAsked(Message):
        """A process is to get a signal; `own` says what it is of ours, if it is."""

        def __init__(self, process: ProcessReading, own: str | None) -> None:
            super().__init__()
            self.process = process
            self.own = own

    class DetailsAsked(Message):
        """All about a process is wanted; it has a row for each GPU it uses."""

        def __init__(self, rows: tuple[ProcessReading, ...]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(
        self,
        *,
        id: str | None = None,
        wall_clock: Callable[[], float],
        read_only: bool = False,
        filter_text: str = "",
    ) -> None:
        super().__init__(id=id, classes="pane")
        self._wall_clock = wall_clock
        self._read_only = read_only
        self._processes: tuple[ProcessReading, ...] = ()
        self._facts = Facts()
        self._own: Mapping[int, str] = {}
        self._has_gpus = True
        self._used: frozenset[str] = frozenset()
        self._order: Order | None = None
        self._filter = Filter.of(filter_text)
        self._tree = False
        self._followed: ProcessReading | None = None
        self._rows: list[Row] = []
        self._cursor = 0
        self._top = 0
        self._editor: Input | None = None
        self.shows_all = False
        self.entitle(self._title_text())

    # What is shown

    def add(self, reading: Reading) -> None:
        """Take the processes of a reading; `redraw` shows them."""
        self._processes = reading.processes
        self._has_gpus = bool(reading.gpus)
        self._facts = Facts.of(reading, self._own, self._wall_clock())
        self._used |= newly_used(reading.processes, self._facts, self._used)

    def mark(self, own: Mapping[int, str]) -> None:
        """Name processes that are ours: what they are by process id; from the next reading on."""
        self._own = own

    def redraw(self) -> None:
        """See `RowsWidget.redraw`; puts the rows into order first."""
        self._rows = arrange(
            self._processes, self.order, self._filter, self._facts, tree=self._tree
        )
        self._find_followed()
        self.entitle(self._title_text())
        self._select(self._cursor)

    @property
    def order(self) -> Order:
        """What the rows are sorted by."""
        return self._order or Order.by("gpu_memory" if self._has_gpus else "cpu")

    @property
    def selected(self) -> ProcessReading | None:
        """The process under the cursor."""
        return self._rows[self._cursor].process if self._rows else None

    @property
    def followed_pid(self) -> int | None:
        """The process that the cursor stays with, which readings should go on to list."""
        return None if self._followed is None else self._followed.pid

    def _columns(self, width: int) -> tuple[Column, ...]:
        key = self.order.column.key
        return columns_that_fit(width - SIGNS, gpus=self._has_gpus, used=self._used, sorted_by=key)

    # How it is drawn

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        drawing = Drawing(
            palette=palette,
            width=width,
            columns=self._columns(width),
            order=self.order,
            facts=self._facts,
        )
        active = self.has_focus or self._editor is not None
        room = self._room(height)
        top = self._top_for(room)
        below = max(0, len(self._rows) - top - room)
        lines = [drawing.head(above=top, below=below)]
        lines += [
            drawing.row(row, selected=number == self._cursor, active=active)
            for number, row in enumerate(self._rows[top : top + room], start=top)
        ]
        if not self._rows:
            lines.append(Line(palette).pad_to(SIGNS).add(self._nothing(), Role.DIM))
        if self._editor is not None:
            lines.append(Line(palette))
        return lines

    def _nothing(self) -> str:
        if self._filter.text:
            return "no process matches; Escape clears the filter"
        return "no processes were read yet"

    def _title_text(self) -> str:
        order = self.order
        parts = [f"by {order.column.words} {order.mark}"]
        if self._filter.text:
            count = f"{len(self._rows):,} of {len(self._processes):,}"
            parts.append(f"filter '{self._filter.text}' {count}")
        parts += ["tree"] * self._tree + ["all"] * self.shows_all
        if self._followed is not None:
            parts.append(f"following {self._followed.pid}")
        return " · ".join(("processes", *parts))

    def watch_has_focus(self, focused: bool) -> None:
        """Show the cursor and the keys while they are of use."""
        super().watch_has_focus(focused)
        self._show_hint()
        super().redraw()

    def _show_hint(self) -> None:
        keys = hint(read_only=self._read_only) if self.has_focus else None
        text = keys if self._editor is None else f"{FILTER_HINT} · Enter keeps · Escape clears"
        self.border_subtitle = None if text is None else Content(text)

    # The cursor

    def _room(self, height: int) -> int:
        """Rows for processes: not those of the head and of a filter being typed."""
        return max(0, height - 1 - (self._editor is not None))

    def _top_for(self, room: int) -> int:
        """The first row to show, so that the cursor is among those shown."""
        top = min(self._top, self._cursor)
        top = max(top, self._cursor - room + 1)
        return max(0, min(top, len(self._rows) - room))

    def _select(self, index: int) -> None:
        self._cursor = max(0, min(index, len(self._rows) - 1))
        self._top = self._top_for(self._room(self.size.height))
        super().redraw()

    def _move_to(self, index: int) -> None:
        if self._followed is not None:
            self._followed = None
            self.entitle(self._title_text())
        self._select(index)

    def _find_followed(self) -> None:
        """Put the cursor on the process it stays with; let go of one that is not there."""
        followed = self._followed
        if followed is None:
            return
        for number, (process, _) in enumerate(self._rows):
            if (process.pid, process.gpu_uuid) == (followed.pid, followed.gpu_uuid):
                self._cursor = number
                return
        if all(process.pid != followed.pid for process in self._processes):
            self._followed = None
            self.notify(f"Process {followed.pid} has ended, or is no longer listed.")

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self._move_to(self._cursor + rows)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._move_to(self._cursor + direction * max(1, self._room(self.size.height)))

    def action_first(self) -> None:
        """Move the cursor to the first process."""
        self._move_to(0)

    def action_last(self) -> None:
        """Move the cursor to the last process."""
        self._move_to(len(self._rows) - 1)

    def action_follow(self) -> None:
        """Keep the cursor on this process wherever it moves, or let go of it."""
        self._followed = self.selected if self._followed is None else None
        self.redraw()

    # Order and choice

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or the one before; one without room gets it then."""
        columns = telling_columns(gpus=self._has_gpus, used=self._used)
        current = self.order.column
        place = columns.index(current) if current in columns else -1
        self._order = Order.by(columns[(place + step) % len(columns)].key)
        self.redraw()

    def action_invert(self) -> None:
        """Sort the other way round."""
        self._order = self.order.inverted()
        self.redraw()

    def action_tree(self) -> None:
        """Show children below their parents, or one list."""
        self._tree = not self._tree
        self.redraw()

    def action_all(self) -> None:
        """Ask for all processes of the host, or for the busiest only."""
        self.shows_all = not self.shows_all
        self.entitle(self._title_text())
        self.post_message(self.AllWanted(self.shows_all))

    def action_user(self) -> None:
        """List only processes of the selected one's user, or all again."""
        process = self.selected
        if any(condition.field == "user" for condition in self._filter.conditions):
            self._choose("")
        elif process is not None and process.user is not None:
            self._choose(f"user:{process.user}")

    def action_filter(self) -> None:
        """Type words that choose processes."""
        if self._editor is None:
            self._editor = Input(
                self._filter.text,
                placeholder="filter",
                select_on_focus=False,
            )
            self.mount(self._editor)
            self._show_hint()
        self._editor.focus()
        self.redraw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Choose while words are typed."""
        event.stop()
        self._choose(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self._end_editing()

    def action_clear(self) -> None:
        """Clear the filter."""
        self._end_editing()
        self._choose("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Escape to others while there is nothing to clear."""
        del parameters
        return action != "clear" or self._editor is not None or bool(self._filter.text)

    def _choose(self, text: str) -> None:
        self._filter = Filter.of(text)
        self.redraw()

    def _end_editing(self) -> None:
        editor, self._editor = self._editor, None
        if editor is not None:
            self.focus()
            editor.remove()
            self.redraw()

    # What others do

    def action_signal(self) -> None:
        """Ask which signal to send the selected process."""
        # Here, so that the first frame does not wait for it.
        from sensors.process_signals import refusal

        process = self.selected
        if self._read_only:
            self.notify(READ_ONLY, severity="warning")
        elif process is None:
            return
        elif refused := refusal(process):
            self.notify(str(refused), severity="warning", markup=False)
        else:
            self.post_message(self.SignalAsked(process, self._facts.own.get(process.pid)))

    def action_details(self) -> None:
        """Ask for all about the selected process."""
        process = self.selected
        if process is not None:
            rows = tuple(row for row in self._processes if row.pid == process.pid)
            # While paused it may be on the screen only.
            self.post_message(self.DetailsAsked(rows or (process,)))

    # The mouse

    def on_click(self, event: events.Click) -> None:
        """Sort by a head that is clicked; select a row, and open it with a double click."""
        place = event.get_content_offset(self)
        if place is None or event.widget is not self:
            return
        if place.y == 0:
            self._sort_at(place.x)
            return
        index = self._top + place.y - 1
        if index < len(self._rows) and place.y <= self._room(self.size.height):
            self._move_to(index)
            if event.chain == 2:
                self.action_details()

    def _sort_at(self, x: int) -> None:
        column = column_at(self._columns(self.size.width), x)
        if column is self.order.column:
            self.action_invert()
        else:
            self._order = Order.by(column.key)
            self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down, where the pane has the focus; else the panes scroll."""
        self._wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        self._wheel(event, -WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        if self.has_focus:
            event.stop()
            self.action_move(rows)
