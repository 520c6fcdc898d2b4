"""The lanes of the history: what each shows of a time window, drawn on as columns come. Pure."""

from __future__ import annotations

from itertools import groupby

from sensors.gpu_readings import Severity
from tui.history.braille import BrailleCurve
from tui.history.quantities import Quantity, nice_top
from tui.history.recording import Limits, Recording
from tui.history.series import Envelope
from tui.history.time_window import TimeWindow
from tui.theme import Role

SHRINK_BELOW = 0.2
SEVERITY_LOOK = {
    Severity.INFORMATION: ("·", Role.DIM),
    Severity.WARNING: ("▪", Role.WARNING),
    Severity.CRITICAL: ("█", Role.BAD),
}
_NOTHING_HOLDS = ("─", Role.TRACK)
_UNKNOWN = (" ", Role.TRACK)


class CurveLane:
    """A quantity's curve over a time window.

    While the window, the height and the scale stay, only columns that came since are drawn.

    Attributes:
        subject: Whose quantity, see `Recording`.
        quantity: Which one.
        top: The top of its scale: the natural one, else a round number that changes seldom.
        curve: The curve.
    """

    def __init__(self, recording: Recording, subject: str, quantity: Quantity) -> None:
        self.subject = subject
        self.quantity = quantity
        self.top = 0.0
        self.curve = BrailleCurve(0, 1, 1.0)
        self._recording = recording
        self._drawn_for: object = None

    def draw(self, window: TimeWindow, columns: range, rows: int) -> None:
        """Bring the curve up to the last of the window's final columns."""
        natural = self._recording.top(self.subject, self.quantity)
        drawn = window.first + self.curve.drawn
        if (window, rows, natural) == self._drawn_for and drawn <= columns.stop:
            fresh = self._read(range(drawn, columns.stop), window)
            if natural is not None or _peak(fresh) <= self.top:
                self.curve.extend(fresh)
                return
        found = self._read(columns, window)
        self.top = natural or self._round_top(_peak(found))
        self.curve = BrailleCurve(window.cells, rows, self.top)
        self.curve.extend(found)
        self._drawn_for = (window, rows, natural)

    def at(self, column: int, window: TimeWindow) -> Envelope | None:
        """The values of one column."""
        return self._read(range(column, column + 1), window)[0]

    def _read(self, columns: range, window: TimeWindow) -> list[Envelope | None]:
        return self._recording.columns(
            self.subject, self.quantity, columns, window.seconds_per_column
        )

    def _round_top(self, peak: float) -> float:
        peak = max(peak, self.quantity.least_top)
        kept = SHRINK_BELOW * self.top <= peak <= self.top
        return self.top if kept else nice_top(peak)


class LimitLane:
    """What held a GPU's clocks over a time window: the most severe limit of each cell."""

    def __init__(self, recording: Recording, subject: str) -> None:
        self.subject = subject
        self._recording = recording
        self._window: TimeWindow | None = None
        self._columns: list[tuple[str, Role]] = []

    def draw(self, window: TimeWindow, columns: range) -> None:
        """Bring the marks up to the last of the window's final columns."""
        if window != self._window or len(self._columns) > len(columns):
            self._window, self._columns = window, []
        fresh = range(window.first + len(self._columns), columns.stop)
        self._columns += [_look(limits) for limits in self._read(fresh, window)]

    def runs(self, cells: int) -> list[tuple[str, Role]]:
        """The marks as runs of one look, `cells` cells in all."""
        marks = [max(pair, key=_RANK.__getitem__) for pair in self._pairs()]
        runs = [(mark * len(list(run)), role) for (mark, role), run in groupby(marks)]
        return [*runs, (" " * (cells - len(marks)), Role.TRACK)]

    def at(self, column: int, window: TimeWindow) -> Limits | None:
        """All that held in one column."""
        return self._read(range(column, column + 1), window)[0]

    def _pairs(self) -> list[list[tuple[str, Role]]]:
        return [self._columns[at : at + 2] for at in range(0, len(self._columns), 2)]

    def _read(self, columns: range, window: TimeWindow) -> list[Limits | None]:
        return self._recording.limit_columns(self.subject, columns, window.seconds_per_column)


_RANK = {
    look: rank for rank, look in enumerate((_UNKNOWN, _NOTHING_HOLDS, *SEVERITY_LOOK.values()))
}


def _look(limits: Limits | None) -> tuple[str, Role]:
    if limits is None:
        return _UNKNOWN
    return SEVERITY_LOOK[limits[0].severity] if limits else _NOTHING_HOLDS


def _peak(columns: list[Envelope | None]) -> float:
    return max((column[1] for column in columns if column is not None), default=0.0)
