"""The lanes of the races below the curves: what ran when, and where it waited for data. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from runners.diagnosis.thresholds import INPUT_SHARE
from tui.history.race_marks import Doing, Mark, RaceMarks, RunMarks
from tui.history.recording import Recording
from tui.history.time_window import TimeWindow
from tui.theme import Role

MOST_WAIT_FROM = 0.5
TICKS_FROM_CELLS = 6
"""Epochs drawn narrower are not marked over the curves, which they would hide."""
MOST_WAITS, WAITS, COMPUTES = ("█", Role.KEY), ("▓", Role.KEY), "▒"
NOT_TOLD = "━"
SET_UP = ("┄", Role.DIM)
TESTS = "═"
IDLE = ("·", Role.TRACK)
_BLANK = (" ", Role.TRACK)

Piece = tuple[str, Role | int]
"""Text with its look: a role, or a job's by its number."""
_Placed = tuple[RunMarks, Mark, float, float]
"""A run's mark with both its ends on the recording's clock."""


@dataclass(slots=True)
class Look:
    """What a run did in a stretch of time.

    Attributes:
        run: Which one.
        seconds: For how long it did what.
        wait_s: Seconds of its epochs that waited for data, of `known_s` of which that is known.
        epochs: The numbers of its epochs, ascending.
    """

    run: RunMarks
    seconds: dict[Doing, float] = field(default_factory=dict)
    wait_s: float = 0.0
    known_s: float = 0.0
    epochs: list[int] = field(default_factory=list)

    @property
    def doing(self) -> Doing:
        """What it did for most of the time."""
        return max(self.seconds, key=self.seconds.__getitem__)

    @property
    def wait_share(self) -> float | None:
        """The share of its epochs that waited for data."""
        return self.wait_s / self.known_s if self.known_s > 0 else None

    def add(self, mark: Mark, start_s: float, end_s: float) -> None:
        """Add a part of a mark, by the monotonic clock."""
        self.seconds[mark.doing] = self.seconds.get(mark.doing, 0.0) + end_s - start_s
        if mark.waits is None:
            return
        self.epochs.append(mark.number)
        start_s, end_s = max(start_s, mark.start_s), min(end_s, mark.waits.known_until_s)
        share = mark.waits.share(start_s, end_s)
        if share is not None:
            self.wait_s += min(max(share, 0.0), 1.0) * (end_s - start_s)
            self.known_s += end_s - start_s


class RaceLane:
    """Runs that follow each other, over the final columns of a window."""

    def __init__(
        self, runs: list[RunMarks], recording: Recording, window: TimeWindow, columns: range
    ) -> None:
        self._runs = runs
        self._recording = recording
        self._window = window
        self._until_s = columns.stop * window.seconds_per_column
        marks = list(self._marks(window.first))
        self._looks = self._look(marks, window.first, -(-len(columns) // 2), 2)
        self._epochs = list(self._epoch_cells(marks))

    @property
    def newest_s(self) -> float:
        """When the newest of its runs in the window started; below all times without any."""
        shown = [look.run.start_s for look in self._looks if look is not None]
        return max(shown, default=-math.inf)

    @property
    def newest(self) -> RunMarks:
        """The newest run in the window."""
        return next(look.run for look in reversed(self._looks) if look is not None)

    @property
    def newest_look(self) -> Look | None:
        """What runs in the newest cell; None where nothing does."""
        return self._looks[-1] if self._looks else None

    def at(self, column: int) -> Look | None:
        """What ran in a column."""
        return self._look(self._marks(column), column, 1, 1)[0]

    def pieces(self, cells: int) -> list[Piece]:
        """The lane in cells of two columns, `cells` in all."""
        marks = [self._mark(look) for look in self._looks]
        known = [place for place, look in enumerate(self._looks) if look is not None]
        for place in range(known[0], known[-1]) if known else ():
            if self._looks[place] is None:
                marks[place] = IDLE
        for start, stop, number, run in self._epochs:
            digits = str(number)
            if stop - max(start, 0) > len(digits):
                for place, digit in enumerate(digits, max(start, 0)):
                    marks[place] = digit, run.job
        marks += [_BLANK] * (cells - len(marks))
        return [
            ("".join(text for text, _ in run), look)
            for look, run in groupby(marks, key=lambda mark: mark[1])
        ]

    def ticks(self, gpu: str | None) -> set[int]:
        """The cells where epochs begin; with a GPU only those of runs on it."""
        return {
            start
            for start, stop, _, run in self._epochs
            if start >= 0 and stop - start >= TICKS_FROM_CELLS and gpu in (None, run.gpu)
        }

    def _epoch_cells(self, marks: list[_Placed]) -> Iterator[tuple[int, int, int, RunMarks]]:
        """The cell each epoch begins in and the one it ends before, its number and its run.

        Those that end in the cell they begin in are left out.
        """
        for run, mark, begun_s, end_s in marks:
            if mark.doing is not Doing.EPOCH:
                continue
            begin, end = (self._window.column_at(at_s) for at_s in (begun_s, end_s))
            first, stop = ((column - self._window.first) // 2 for column in (begin, end))
            if min(stop, len(self._looks)) > max(first, 0):
                yield first, min(stop, len(self._looks)), mark.number, run

    def _marks(self, first: int) -> Iterator[_Placed]:
        """All marks from a column on, with both ends on the recording's clock."""
        clock = self._recording
        from_s = clock.monotonic_s(first * self._window.seconds_per_column)
        until_s = clock.monotonic_s(self._until_s)
        for run in self._runs:
            if run.start_s > until_s or (run.end_s is not None and run.end_s < from_s):
                continue
            for mark, begun, end in run.marks(from_s, until_s):
                begun_s, end_s = clock.at_s(begun), clock.at_s(end)
                if begun_s is not None and end_s is not None:
                    yield run, mark, begun_s, end_s

    def _look(
        self, marks: Iterable[_Placed], first: int, count: int, columns: int
    ) -> list[Look | None]:
        """What ran in so many stretches of so many columns each."""
        start_s = first * self._window.seconds_per_column
        each_s = columns * self._window.seconds_per_column
        found: list[Look | None] = [None] * count
        for run, mark, begun_s, end_s in marks:
            low = max(0, math.floor((begun_s - start_s) / each_s))
            high = min(count, math.ceil((end_s - start_s) / each_s))
            for place in range(low, high):
                at_s = start_s + place * each_s
                look = found[place]
                if look is None or look.run is not run:
                    # Of two runs in one stretch the later one is told.
                    look = found[place] = Look(run)
                part_s = max(begun_s, at_s), min(end_s, at_s + each_s)
                look.add(mark, *map(self._recording.monotonic_s, part_s))
        return found

    def _mark(self, look: Look | None) -> Piece:
        if look is None:
            return _BLANK
        if look.doing is Doing.TEST:
            return TESTS, look.run.job
        if look.doing is not Doing.EPOCH:
            return SET_UP
        share = look.wait_share
        if share is None:
            return NOT_TOLD, look.run.job
        if share < INPUT_SHARE:
            return COMPUTES, look.run.job
        return WAITS if share < MOST_WAIT_FROM else MOST_WAITS


def race_lanes(
    marks: RaceMarks, recording: Recording, window: TimeWindow, columns: range
) -> list[RaceLane]:
    """The lanes that have a run in the window's final columns."""
    lanes = [
        RaceLane(runs, recording, window, columns)
        for lane in marks.lanes
        if (runs := [run for run in lane if _is_ours(run, recording)])
    ]
    return [lane for lane in lanes if lane.newest_s > -math.inf]


def _is_ours(run: RunMarks, recording: Recording) -> bool:
    """Whether its times are of this machine's clock since it was started."""
    ahead_s = run.wall_less_mono_s
    return ahead_s is None or recording.is_of_this_boot(ahead_s)
