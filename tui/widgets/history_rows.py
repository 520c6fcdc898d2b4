"""The rows of the history: curves, what held the clocks, what ran, and the time below them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rich.style import Style

from tui import format as fmt
from tui.history.lanes import SEVERITY_LOOK, CurveLane, LimitLane
from tui.history.quantities import range_text, scale_text
from tui.history.race_lanes import Look, RaceLane
from tui.history.race_marks import Doing
from tui.history.recording import Recording
from tui.history.time_window import TimeWindow
from tui.line import Line, cut
from tui.theme import Palette, Role, series_of

LABEL_CELLS, SCALE_CELLS = 11, 5
VALUE_CELLS, NARROW_VALUE_CELLS = 15, 10
NARROW = 60
_MARK_CELLS = 2
_TICK = "┊"
_CURSOR = "┃"


@dataclass(frozen=True, slots=True)
class Layout:
    """How many cells each part of a row has."""

    scale: int
    cells: int
    value: int

    @classmethod
    def of(cls, width: int) -> Layout:
        """The parts of a row of so many cells."""
        value = NARROW_VALUE_CELLS if width < NARROW else VALUE_CELLS
        scale = 1 if width < NARROW else SCALE_CELLS
        return cls(scale, width - LABEL_CELLS - scale - value, value)


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of the recording: a window, its final columns, and where the cursor is."""

    window: TimeWindow
    columns: range
    cursor: int | None

    @property
    def cursor_cell(self) -> int | None:
        """The cell of the cursor, from the window's first."""
        return None if self.cursor is None else (self.cursor - self.window.first) // 2


class HistoryRows:
    """Draws the rows of one picture."""

    def __init__(self, recording: Recording, view: View, layout: Layout, palette: Palette) -> None:
        self._recording = recording
        self._view = view
        self._layout = layout
        self._palette = palette

    def curve(self, lane: CurveLane, rows: int, ticks: Collection[int]) -> list[Line]:
        """A curve of several rows, with a light mark in its empty cells at each tick."""
        view, layout, quantity = self._view, self._layout, lane.quantity
        lane.draw(view.window, view.columns, rows)
        texts = lane.curve.texts()
        cursor: list[str] = []
        if view.cursor is not None:
            cursor = lane.curve.cursor(view.cursor - view.window.first)
        lines = []
        for row, text in enumerate(texts):
            line = Line(self._palette).add(f"{quantity.title if row == 0 else '':<{LABEL_CELLS}}")
            if layout.scale > 1:
                mark = scale_text(quantity, lane.top) if row == 0 else ""
                mark = "0" if row == len(texts) - 1 and row else mark
                line.add(f"{mark:>{layout.scale - 1}}", Role.DIM)
            line.add("│", Role.TRACK)
            self._add_curve(line, text, cursor[row] if cursor else "", quantity.role, ticks)
            if row == 0:
                line.add(f"{self.value_text(lane, layout.value - 1):>{layout.value}}")
            lines.append(line)
        return lines

    def value_text(self, lane: CurveLane, width: int) -> str:
        """The newest value, or the range of values at the cursor."""
        view = self._view
        if view.cursor is not None:
            values = lane.at(view.cursor, view.window)
            return fmt.UNKNOWN if values is None else range_text(lane.quantity, *values, width)
        value = self._recording.newest(lane.subject, lane.quantity)
        return fmt.UNKNOWN if value is None else lane.quantity.text(value)

    def limits(self, lane: LimitLane) -> Line:
        """What held a GPU's clocks."""
        view, layout = self._view, self._layout
        lane.draw(view.window, view.columns)
        line = Line(self._palette).add(f"{'limits':<{LABEL_CELLS + layout.scale}}")
        for text, role in lane.runs(layout.cells):
            self._add_piece(line, text, role)
        held = (
            self._recording.newest_limits(lane.subject)
            if view.cursor is None
            else lane.at(view.cursor, view.window)
        )
        text = ", ".join(limit.name for limit in held) if held else "none"
        if held is None:
            text = fmt.UNKNOWN
        elif len(text) >= layout.value and len(held) > 1:
            text = f"{held[0].name} +{len(held) - 1}"
        role = SEVERITY_LOOK[held[0].severity][1] if held else Role.DIM
        return line.add(f"{cut(text, layout.value - 1):>{layout.value}}", role)

    def race(self, lane: RaceLane) -> Line:
        """What ran, and where its epochs waited for data."""
        cursor, layout = self._view.cursor, self._layout
        room, width = LABEL_CELLS + layout.scale, layout.value - 1
        look = lane.newest_look if cursor is None else lane.at(cursor)
        run = lane.newest if look is None else look.run
        label, value = run.spec.label, "no run" if cursor is not None else ""
        if look is not None and look.doing is Doing.EPOCH:
            value = _wait_text(look, width)
            label = label if cursor is None else _epochs_text(look, room - _MARK_CELLS - 1)
        elif look is not None:
            value = look.doing.value
        line = Line(self._palette).add(series_of(run.job).mark, self._palette.job(run.job))
        line.pad_to(_MARK_CELLS).add(cut(label, room - _MARK_CELLS - 1)).pad_to(room)
        for text, look_of in lane.pieces(layout.cells):
            style = look_of if isinstance(look_of, Role) else self._palette.job(look_of)
            self._add_piece(line, text, style, _CURSOR)
        return line.add(f"{cut(value, width):>{layout.value}}")

    def axis(self, hidden: int) -> Line:
        """The times below the columns; `hidden` curves had no room."""
        view, layout = self._view, self._layout
        note = f"↕ {hidden} more" if hidden else ""
        line = Line(self._palette).add(f"{note:<{LABEL_CELLS + layout.scale - 1}}", Role.DIM)
        line.add("└", Role.TRACK)
        start = line.width
        for cell, text in view.window.ticks(self._recording.wall_offset_s):
            if start + cell < line.width or cell + 1 + len(text) > layout.cells:
                continue
            line.add("─" * (start + cell - line.width), Role.TRACK)
            line.add("┴", Role.TRACK).add(text, Role.DIM)
        line.add("─" * (start + layout.cells - line.width), Role.TRACK)
        if view.cursor is None:
            span = fmt.clock(view.window.span_s)
            text, role = f"span {span}" if layout.value == VALUE_CELLS else span, Role.DIM
        else:
            text, role = self._column_time(view.cursor), Role.KEY
        return line.add(f"{text:>{layout.value}}", role)

    def _column_time(self, column: int) -> str:
        start_s = column * self._view.window.seconds_per_column + self._recording.wall_offset_s
        return fmt.time_of_day(start_s) + (".5" if start_s % 1 else "")

    def _add_curve(
        self, line: Line, text: str, cursor: str, role: Role, ticks: Collection[int]
    ) -> None:
        """A row of a curve with the cursor, and ticks where it is empty."""
        at = self._view.cursor_cell
        start = 0
        for cell in sorted({*ticks, *(() if at is None else (at,))}):
            if cell != at and text[cell] != " ":
                continue
            line.add(text[start:cell], role)
            line.add(*((cursor, Role.KEY) if cell == at else (_TICK, Role.TRACK)))
            start = cell + 1
        line.add(text[start:], role)

    def _add_piece(
        self, line: Line, text: str, style: Role | Style, cursor: str | None = None
    ) -> None:
        """A piece of a lane, with the cursor where it falls into it."""
        at = self._view.cursor_cell
        place = -1 if at is None else at - line.width + LABEL_CELLS + self._layout.scale
        if not 0 <= place < len(text):
            line.add(text, style)
            return
        line.add(text[:place], style).add(cursor or text[place], Role.KEY)
        line.add(text[place + 1 :], style)


def _epochs_text(look: Look, width: int) -> str:
    """The epochs of a stretch of time by number, in at most so many cells."""
    first, last = look.epochs[0], look.epochs[-1]
    unit = look.run.spec.workload.unit
    numbers, units = (f"{first}", unit) if first == last else (f"{first}–{last}", f"{unit}s")
    text = f"{units} {numbers}"
    return text if len(text) <= width else numbers


def _wait_text(look: Look, width: int) -> str:
    share = look.wait_share
    text = fmt.share(None if share is None else 100 * share)
    words = f"data wait {text}"
    return words if len(words) <= width else f"wait {text}"
