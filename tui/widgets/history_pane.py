"""The history: lanes of curves over one time axis, to be paused, searched and zoomed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from sensors.readings import Reading
from tui import format as fmt
from tui.history.lanes import SEVERITY_LOOK, CurveLane, LimitLane
from tui.history.quantities import (
    DEFAULT_WITH_GPU,
    DEFAULT_WITHOUT_GPU,
    LIMITS,
    QUANTITIES,
    Quantity,
    range_text,
    scale_text,
)
from tui.history.recording import Limits, Recording, subject_of
from tui.history.time_window import ZOOMS_S, TimeWindow, window_up_to
from tui.line import Field, Line, cut
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

LABEL_CELLS, SCALE_CELLS = 11, 5
VALUE_CELLS, NARROW_VALUE_CELLS = 15, 10
NARROW, TOO_NARROW = 60, 36
LANE_ROWS = 2
HINT = Content("←→ values at a time · ↑↓ more lines · z Z zoom · l choose")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many cells each part of a row has."""

    scale: int
    cells: int
    value: int


@dataclass(frozen=True, slots=True)
class _View:
    """What is shown of the recording: a window, its final columns, and where the cursor is."""

    window: TimeWindow
    columns: range
    cursor: int | None


class HistoryPane(RowsWidget):
    """The selected GPU's and the host's series; each column keeps its minimum and maximum.

    A curve is drawn up to the last column that is over, which no later reading changes.
    """

    can_focus = True
    DEFAULT_CSS = """
    HistoryPane {
        border-subtitle-color: $text-muted;
    }
    """
    HELP = (
        "History. Each column runs from its smallest to its largest value; "
        "left and right stop it and tell the values of a column."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cursor(-1)", "earlier", id="history.left", show=False),
        Binding("right", "cursor(1)", "later", id="history.right", show=False),
        Binding("shift+left,ctrl+left", "cursor(-10)", "10 earlier", id="history.back", show=False),
        Binding("shift+right,ctrl+right", "cursor(10)", "10 later", id="history.on", show=False),
        Binding("home", "edge(False)", "oldest", id="history.home", show=False),
        Binding("end", "edge(True)", "newest", id="history.end", show=False),
        Binding("up", "scroll_lanes(-1)", "up", id="history.up", show=False),
        Binding("down", "scroll_lanes(1)", "down", id="history.down", show=False),
    ]

    class Paused(Message):
        """The cursor was moved and has stopped the picture."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.recording = Recording()
        self.is_paused = False
        self._indexes: dict[str, int] = {}
        self._gpu: str | None = None
        self._chosen: frozenset[str] | None = None
        self._zoom = ZOOMS_S.index(1.0)
        self._frozen_s = 0.0
        self._cursor_s = 0.0
        self._paused_window: TimeWindow | None = None
        self._first_lane = 0
        self._curves: dict[tuple[str, str], CurveLane] = {}
        self._limits: dict[str, LimitLane] = {}
        self.entitle("history")

    def add(self, reading: Reading) -> None:
        """Take a reading into the recording; `redraw` shows it."""
        self.recording.add(reading)
        for gpu in reading.gpus:
            self._indexes[gpu.uuid] = gpu.index
        if self._gpu is None and reading.gpus:
            self._gpu = reading.gpus[0].uuid

    # What is shown

    def select(self, uuid: str) -> None:
        """Show another GPU."""
        self._gpu = uuid
        self.redraw()

    def zoom(self, steps: int) -> None:
        """Show less time in more detail (negative) or more of it."""
        self._zoom = min(max(self._zoom + steps, 0), len(ZOOMS_S) - 1)
        self.redraw()

    def choose(self, names: Collection[str] | None) -> None:
        """Show these quantities, by name; None for the usual ones."""
        self._chosen = None if names is None else frozenset(names)
        self._first_lane = 0
        self.redraw()

    def ask_series(self) -> None:
        """Let the user choose the series."""
        # Here, so that the first frame does not wait for it.
        from tui.screens.series_choice import SeriesChoice

        shown = {lane.quantity.name for lane in self._lanes()}
        shown |= {LIMITS} if self._limit_lane() else set()
        screen = SeriesChoice(self.recording, self._gpu, frozenset(shown))
        self.app.push_screen(screen, self._answered)

    @property
    def wants_gpu_profile(self) -> bool:
        """Whether something is shown that is measured on request only."""
        return any(q.on_request and q.name in (self._chosen or ()) for q in QUANTITIES)

    def pause(self, paused: bool) -> None:
        """Freeze the picture and show a cursor, or go on; readings are taken all the same."""
        if paused == self.is_paused:
            return
        self.is_paused = paused
        self._frozen_s = self._cursor_s = self.recording.timeline.newest_s or 0.0
        self._paused_window = None
        self.redraw()

    def redraw(self) -> None:
        """See `RowsWidget.redraw`."""
        super().redraw()
        self.entitle(self._title_text())

    def watch_has_focus(self, focused: bool) -> None:
        """Show the keys while they are of use."""
        super().watch_has_focus(focused)
        self.border_subtitle = HINT if focused else None

    # Keys

    def action_cursor(self, columns: int) -> None:
        """Move the cursor by columns; pauses first."""
        if not self.is_paused:
            self.pause(True)
            self.post_message(self.Paused())
        self._cursor_s += columns * ZOOMS_S[self._zoom]
        self.redraw()

    def action_edge(self, newest: bool) -> None:
        """Move the cursor to the newest or the oldest column."""
        self.action_cursor(0)
        timeline = self.recording.timeline
        self._cursor_s = (self._frozen_s if newest else timeline.oldest_s) or 0.0
        self.redraw()

    def action_scroll_lanes(self, lanes: int) -> None:
        """Show the lanes above or below those shown."""
        self._first_lane = max(0, self._first_lane + lanes)
        self.redraw()

    # Drawing

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        lanes = self._lanes()
        if not lanes:
            return [Line(palette).add(self._absence(), Role.DIM)]
        if width < TOO_NARROW or height < LANE_ROWS:
            return self._values_only(lanes, palette, width, height)
        value = NARROW_VALUE_CELLS if width < NARROW else VALUE_CELLS
        scale = 1 if width < NARROW else SCALE_CELLS
        layout = _Layout(scale, width - LABEL_CELLS - scale - value, value)
        view = self._view(layout.cells)
        limits = self._limit_lane() if height > LANE_ROWS + 1 else None
        room = height - (2 if limits else 1)
        shown = self._in_view(lanes, max(1, room // LANE_ROWS))
        lines: list[Line] = []
        for number, lane in enumerate(shown):
            rows = room // len(shown) + (number < room % len(shown))
            lane.draw(view.window, view.columns, rows)
            lines += self._lane_lines(lane, view, layout, palette)
        if limits:
            limits.draw(view.window, view.columns)
            lines.append(self._limits_line(limits, view, layout, palette))
        hidden = len(lanes) - len(shown)
        return [*lines, self._axis_line(view, layout, palette, hidden)]

    def _count_rows(self, width: int) -> int:
        """The rows for all lanes, where the height is free."""
        lanes = len(self._lanes())
        return max(1, lanes if width < TOO_NARROW else LANE_ROWS * lanes + 2)

    def _lanes(self) -> list[CurveLane]:
        usual = DEFAULT_WITHOUT_GPU if self._gpu is None else DEFAULT_WITH_GPU
        names = usual if self._chosen is None else self._chosen
        lanes = []
        for quantity in QUANTITIES:
            subject = subject_of(quantity, self._gpu)
            if quantity.name not in names or subject is None:
                continue
            if self._chosen is not None or self.recording.has(subject, quantity):
                lanes.append(self._curve(subject, quantity))
        return lanes

    def _curve(self, subject: str, quantity: Quantity) -> CurveLane:
        key = subject, quantity.name
        if key not in self._curves:
            self._curves[key] = CurveLane(self.recording, subject, quantity)
        return self._curves[key]

    def _limit_lane(self) -> LimitLane | None:
        names = DEFAULT_WITH_GPU if self._chosen is None else self._chosen
        if self._gpu is None or LIMITS not in names or not self.recording.has_limits(self._gpu):
            return None
        return self._limits.setdefault(self._gpu, LimitLane(self.recording, self._gpu))

    def _in_view(self, lanes: list[CurveLane], count: int) -> list[CurveLane]:
        self._first_lane = max(0, min(self._first_lane, len(lanes) - count))
        return lanes[self._first_lane : self._first_lane + count]

    def _view(self, cells: int) -> _View:
        newest_s = self.recording.timeline.newest_s or 0.0
        if not self.is_paused:
            window = window_up_to(newest_s, cells, ZOOMS_S[self._zoom])
            return _View(window, window.final(newest_s), None)
        newest_s = self._frozen_s
        window = window_up_to(newest_s, cells, ZOOMS_S[self._zoom])
        last = window.final(newest_s).stop - 1
        oldest = min(window.column_at(self.recording.timeline.oldest_s or 0.0), last)
        cursor = min(max(window.column_at(self._cursor_s), oldest), last)
        self._cursor_s = cursor * window.seconds_per_column
        before = self._paused_window
        if before and (before.cells, before.seconds_per_column) == (cells, ZOOMS_S[self._zoom]):
            window = before
        self._paused_window = window = window.with_column(cursor)
        return _View(window, window.final(newest_s), cursor)

    def _lane_lines(
        self, lane: CurveLane, view: _View, layout: _Layout, palette: Palette
    ) -> list[Line]:
        quantity, texts = lane.quantity, lane.curve.texts()
        cursor: list[str] = []
        if view.cursor is not None:
            cursor = lane.curve.cursor(view.cursor - view.window.first)
        lines = []
        for row, text in enumerate(texts):
            line = Line(palette).add(f"{quantity.title if row == 0 else '':<{LABEL_CELLS}}")
            if layout.scale > 1:
                mark = scale_text(quantity, lane.top) if row == 0 else ""
                mark = "0" if row == len(texts) - 1 and row else mark
                line.add(f"{mark:>{layout.scale - 1}}", Role.DIM)
            line.add("│", Role.TRACK)
            if view.cursor is None:
                line.add(text, quantity.role)
            else:
                cell = (view.cursor - view.window.first) // 2
                line.add(text[:cell], quantity.role).add(cursor[row], Role.KEY)
                line.add(text[cell + 1 :], quantity.role)
            if row == 0:
                line.add(f"{self._value_text(lane, view, layout.value - 1):>{layout.value}}")
            lines.append(line)
        return lines

    def _value_text(self, lane: CurveLane, view: _View, width: int) -> str:
        """The newest value, or the range of values at the cursor."""
        if view.cursor is not None:
            values = lane.at(view.cursor, view.window)
            return fmt.UNKNOWN if values is None else range_text(lane.quantity, *values, width)
        value = self.recording.newest(lane.subject, lane.quantity)
        return fmt.UNKNOWN if value is None else lane.quantity.text(value)

    def _limits_line(self, lane: LimitLane, view: _View, layout: _Layout, palette: Palette) -> Line:
        line = Line(palette).add(f"{'limits':<{LABEL_CELLS + layout.scale}}")
        cursor = None if view.cursor is None else (view.cursor - view.window.first) // 2
        for text, role in lane.runs(layout.cells):
            place = line.width - LABEL_CELLS - layout.scale
            if cursor is None or not place <= cursor < place + len(text):
                line.add(text, role)
                continue
            line.add(text[: cursor - place], role).add(text[cursor - place], Role.KEY)
            line.add(text[cursor - place + 1 :], role)
        held = self._held(view)
        text = ", ".join(limit.name for limit in held) if held else "none"
        if held is None:
            text = fmt.UNKNOWN
        elif len(text) >= layout.value and len(held) > 1:
            text = f"{held[0].name} +{len(held) - 1}"
        role = SEVERITY_LOOK[held[0].severity][1] if held else Role.DIM
        return line.add(f"{cut(text, layout.value - 1):>{layout.value}}", role)

    def _held(self, view: _View) -> Limits | None:
        lane = self._limit_lane()
        if lane is None:
            return None
        if view.cursor is None:
            return self.recording.newest_limits(lane.subject)
        return lane.at(view.cursor, view.window)

    def _axis_line(self, view: _View, layout: _Layout, palette: Palette, hidden: int) -> Line:
        note = ""
        if hidden:
            note = f"↕ {hidden} more"
        line = Line(palette).add(f"{note:<{LABEL_CELLS + layout.scale - 1}}", Role.DIM)
        line.add("└", Role.TRACK)
        start = line.width
        for cell, text in view.window.ticks(self.recording.wall_offset_s):
            if start + cell < line.width or cell + 1 + len(text) > layout.cells:
                continue
            line.add("─" * (start + cell - line.width), Role.TRACK)
            line.add("┴", Role.TRACK).add(text, Role.DIM)
        line.add("─" * (start + layout.cells - line.width), Role.TRACK)
        if view.cursor is None:
            span = fmt.clock(view.window.span_s)
            text, role = f"span {span}" if layout.value == VALUE_CELLS else span, Role.DIM
        else:
            text, role = self._column_time(view.cursor, view.window), Role.KEY
        return line.add(f"{text:>{layout.value}}", role)

    def _column_time(self, column: int, window: TimeWindow) -> str:
        start_s = column * window.seconds_per_column + self.recording.wall_offset_s
        return fmt.time_of_day(start_s) + (".5" if start_s % 1 else "")

    def _values_only(
        self, lanes: list[CurveLane], palette: Palette, width: int, height: int
    ) -> list[Line]:
        """The newest values, where there is no room for a curve."""
        view = self._view(1)
        fields: list[Field] = [
            (
                (f"{lane.quantity.title} ", Role.LABEL),
                (self._value_text(lane, view, width), Role.TEXT),
            )
            for lane in lanes
        ]
        if height < LANE_ROWS:
            return [Line(palette).add_fields(fields, width)]
        return [Line(palette).add_fields([field], width) for field in fields]

    def _absence(self) -> str:
        if not len(self.recording.timeline):
            return "reading …"
        return "nothing of what was chosen is known here; l chooses the series"

    def _title_text(self) -> str:
        shown = "host" if self._gpu is None else f"GPU {self._indexes[self._gpu]} and host"
        title = f"history · {shown} · {ZOOMS_S[self._zoom]:g} s a column"
        return f"{title} · paused" if self.is_paused else title

    def _answered(self, names: frozenset[str] | None) -> None:
        self.choose(names)
