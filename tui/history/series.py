"""Series of values over one clock, read back as columns of a fixed grid. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

CAPACITY = 3600
MINI_CAPACITY = 600
UNKNOWN = float("-inf")
LATE_AFTER_INTERVALS = 3.0
LONGEST_INTERVAL_S = 10.0
_TRIM = 32

Envelope = tuple[float, float]


class Timeline:
    """The times of the newest readings, which all series of a recording share.

    A reading speaks for the time since the one before it, as shares and rates do. One that
    comes late, after more than three of the intervals usual before it, speaks for one such
    interval only: the time before that is unknown.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._times_s = array("d")
        self._spans_s = array("f")
        self._usual_s: deque[float] = deque(maxlen=3)

    def __len__(self) -> int:
        return len(self._times_s)

    @property
    def oldest_s(self) -> float | None:
        """The time of the oldest reading."""
        return self._times_s[0] if self._times_s else None

    @property
    def newest_s(self) -> float | None:
        """The time of the newest reading."""
        return self._times_s[-1] if self._times_s else None

    def add(self, at_s: float) -> int:
        """Append a reading's time; returns how many of the oldest every series has to drop.

        They go a part of the capacity at a time, so that all arrays stay in the order of
        time and are seldom moved.
        """
        since_s = at_s - self._times_s[-1] if self._times_s else 0.0
        usual_s = max(self._usual_s, default=LONGEST_INTERVAL_S)
        if since_s > LATE_AFTER_INTERVALS * usual_s:
            self._spans_s.append(usual_s)
        else:
            self._spans_s.append(since_s)
        if self._times_s:
            self._usual_s.append(min(since_s, LONGEST_INTERVAL_S))
        self._times_s.append(at_s)
        if len(self._times_s) < self._capacity + self._capacity // _TRIM:
            return 0
        surplus = len(self._times_s) - self._capacity
        del self._times_s[:surplus]
        del self._spans_s[:surplus]
        return surplus

    def slices(self, columns: range, seconds_per_column: float) -> list[slice | None]:
        """Which readings each column of the grid shows; None for a gap.

        Column n holds the readings from `n * seconds_per_column` up to the next column. One
        without a reading shows the reading after it, where that one speaks for its time. So a
        column is final once a reading has come that is later than it.
        """
        times_s = self._times_s
        found: list[slice | None] = []
        start = bisect_left(times_s, columns.start * seconds_per_column)
        for column in columns:
            end_s = (column + 1) * seconds_per_column
            stop = bisect_left(times_s, end_s, start)
            if start < stop:
                found.append(slice(start, stop))
            elif stop < len(times_s) and times_s[stop] - self._spans_s[stop] < end_s:
                found.append(slice(stop, stop + 1))
            else:
                found.append(None)
            start = stop
        return found


def envelopes(values: array[float], slices: Sequence[slice | None]) -> list[Envelope | None]:
    """The smallest and the largest known value of each slice; None where there is none."""
    found: list[Envelope | None] = []
    for piece in slices:
        if piece is None:
            found.append(None)
            continue
        part = values[piece]
        low, high = min(part), max(part)
        if low == UNKNOWN < high:
            low = min(value for value in part if value != UNKNOWN)
        found.append(None if high == UNKNOWN else (low, high))
    return found


class History:
    """The newest values of one quantity with the times they were taken; gaps stay gaps."""

    def __init__(self, capacity: int = MINI_CAPACITY) -> None:
        self._timeline = Timeline(capacity)
        self._values = array("f")

    def __len__(self) -> int:
        return len(self._values)

    @property
    def newest_s(self) -> float | None:
        """The time of the newest value."""
        return self._timeline.newest_s

    def add(self, taken_at_s: float, value: float | None) -> None:
        """Append a value; None is a gap, not zero."""
        surplus = self._timeline.add(taken_at_s)
        self._values.append(UNKNOWN if value is None else value)
        del self._values[:surplus]

    def columns(self, columns: range, seconds_per_column: float) -> list[Envelope | None]:
        """Minimum and maximum of each of these columns, see `Timeline.slices`."""
        return envelopes(self._values, self._timeline.slices(columns, seconds_per_column))
