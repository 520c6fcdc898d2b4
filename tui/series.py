"""Histories of readings, and their picture in braille dots. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

CAPACITY = 600
_DOTS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))


class History:
    """The newest values of one quantity with the times they were taken; gaps stay gaps."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._points: deque[tuple[float, float | None]] = deque(maxlen=capacity)

    def add(self, taken_at_s: float, value: float | None) -> None:
        """Append a value; None is a gap, not zero."""
        self._points.append((taken_at_s, value))

    def __iter__(self) -> Iterator[tuple[float, float | None]]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def columns(self, count: int, seconds_per_column: float) -> list[float | None]:
        """The largest value in each of the newest `count` time slots, oldest first.

        Slots lie on a fixed grid of the clock, so that a picture moves by whole columns and
        a slot that is full never changes again.
        """
        slots: list[float | None] = [None] * count
        if not self._points:
            return slots
        last = int(self._points[-1][0] / seconds_per_column)
        for taken_at_s, value in reversed(self._points):
            index = count - 1 - (last - int(taken_at_s / seconds_per_column))
            if index < 0:
                break
            kept = slots[index]
            if value is not None and (kept is None or value > kept):
                slots[index] = value
        return slots


def braille_graph(values: Sequence[float | None], height: int, top: float) -> list[str]:
    """A line through values as rows of braille cells, two values a cell, highest row first.

    Args:
        values: An even number of values of 0 to `top`; None leaves a gap.
        height: Rows of cells, four dots each.
        top: The value of the highest dot.
    """
    dots = 4 * height
    cells = [[0] * (len(values) // 2) for _ in range(height)]
    previous: int | None = None
    for x, value in enumerate(values[: 2 * (len(values) // 2)]):
        if value is None:
            previous = None
            continue
        level = min(dots - 1, max(0, round(value / top * (dots - 1))))
        start = level if previous is None else previous
        # Join to the neighbor by a vertical run, so that steep changes stay one line.
        low, high = min(level, start), max(level, start)
        for dot in range(low, high + 1):
            cells[height - 1 - dot // 4][x // 2] |= _DOTS[dot % 4][x % 2]
        previous = level
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]
