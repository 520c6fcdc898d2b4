"""The history: lanes of curves over one time axis, to be paused, searched and zoomed."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from runners.state import ComparisonState
from sensors.readings import Reading
from tui.history.lanes import CurveLane, LimitLane
from tui.history.quantities import (
    DEFAULT_WITH_GPU,
    DEFAULT_WITHOUT_GPU,
    LIMITS,
    QUANTITIES,
    Quantity,
)
from tui.history.race_lanes import RaceLane, race_lanes
from tui.history.race_marks import RaceMarks
from tui.history.recording import Recording, subject_of
from tui.history.time_window import ZOOMS_S, TimeWindow, window_up_to
from tui.line import Field, Line
from tui.theme import Palette, Role
from tui.widgets.history_rows import HistoryRows, Layout, View
from tui.widgets.rows import RowsWidget

TOO_NARROW = 36
LANE_ROWS = 2
MOST_RACE_LANES = 4
HINT = Content("←→ values at a time · ↑↓ more lines · z Z zoom · l choose")


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
        "left and right stop it and tell the values of a column. Below the curves is what ran: "
        "set-up ┄, epochs by their number, tests ═. █ waited for data most of the time, ▓ a fifth "
        "of it, ▒ less; ━ is not known."
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
        self._races = RaceMarks()
        self.entitle("history")

    def add(self, reading: Reading) -> None:
        """Take a reading into the recording; `redraw` shows it."""
        self.recording.add(reading)
        self._races.forget_before(
            self.recording.monotonic_s(self.recording.timeline.oldest_s or 0.0)
        )
        for gpu in reading.gpus:
            self._indexes[gpu.uuid] = gpu.index
        if self._gpu is None and reading.gpus:
            self._gpu = reading.gpus[0].uuid

    def show_race(self, state: ComparisonState | None) -> None:
        """Mark what a comparison does on the same clock; `redraw` shows it.

        What was marked before stays, as readings do; None marks nothing more.
        """
        if state is not None:
            self._races.see(state)

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
        layout = Layout.of(width)
        view = self._view(layout.cells)
        rows = HistoryRows(self.recording, view, layout, palette)
        limits = self._limit_lane() if height > LANE_ROWS + 1 else None
        room = height - (2 if limits else 1)
        races = _chosen(self._race_lanes(view), _race_rows(room), self._gpu)
        room -= len(races)
        shown = self._in_view(lanes, max(1, room // LANE_ROWS))
        lines: list[Line] = []
        for number, lane in enumerate(shown):
            ticks = _ticks(races, self._gpu if lane.subject == self._gpu else None)
            lines += rows.curve(lane, room // len(shown) + (number < room % len(shown)), ticks)
        lines += [rows.race(lane) for lane in races]
        if limits:
            lines.append(rows.limits(limits))
        return [*lines, rows.axis(len(lanes) - len(shown))]

    def _count_rows(self, width: int) -> int:
        """The rows for all lanes, where the height is free."""
        lanes = len(self._lanes())
        if width < TOO_NARROW:
            return max(1, lanes)
        races = len(self._race_lanes(self._view(Layout.of(width).cells)))
        return LANE_ROWS * lanes + 2 + min(races, MOST_RACE_LANES)

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

    def _race_lanes(self, view: View) -> list[RaceLane]:
        return race_lanes(self._races, self.recording, view.window, view.columns)

    def _in_view(self, lanes: list[CurveLane], count: int) -> list[CurveLane]:
        self._first_lane = max(0, min(self._first_lane, len(lanes) - count))
        return lanes[self._first_lane : self._first_lane + count]

    def _view(self, cells: int) -> View:
        newest_s = self.recording.timeline.newest_s or 0.0
        if not self.is_paused:
            window = window_up_to(newest_s, cells, ZOOMS_S[self._zoom])
            return View(window, window.final(newest_s), None)
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
        return View(window, window.final(newest_s), cursor)

    def _values_only(
        self, lanes: list[CurveLane], palette: Palette, width: int, height: int
    ) -> list[Line]:
        """The newest values, where there is no room for a curve."""
        layout = Layout.of(width)
        rows = HistoryRows(self.recording, self._view(1), layout, palette)
        fields: list[Field] = [
            (
                (f"{lane.quantity.title} ", Role.LABEL),
                (rows.value_text(lane, width), Role.TEXT),
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


def _race_rows(room: int) -> int:
    """How many of so many rows runs may take: curves keep the larger part."""
    return min(MOST_RACE_LANES, max(room // 3, min(1, room - 1)))


def _chosen(lanes: list[RaceLane], count: int, gpu: str | None) -> list[RaceLane]:
    """So many lanes, in their order: those where something runs now, on this GPU, the newest."""

    def weight(lane: RaceLane) -> tuple[bool, bool, float]:
        return lane.newest_look is not None, lane.newest.gpu == gpu, lane.newest_s

    kept = sorted(lanes, key=weight, reverse=True)[:count]
    return [lane for lane in lanes if lane in kept]


def _ticks(lanes: list[RaceLane], gpu: str | None) -> set[int]:
    """Where epochs begin: of the runs on a GPU, else of the first lane."""
    if gpu is None:
        return lanes[0].ticks(None) if lanes else set()
    return {cell for lane in lanes for cell in lane.ticks(gpu)}
