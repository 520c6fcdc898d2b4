"""Which part of the clock's grid a picture shows, and the times along its axis. Pure.

A cell of the picture holds two columns of the grid. Windows begin at whole jumps, so that a
picture that goes on with the clock stays where it is for some seconds, is filled up, and then
moves by several cells at once: that costs a terminal far less than to move by one each time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui import format as fmt

ZOOMS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
JUMP_PART = 8
WHOLE_CELLS_BELOW_S = 2.0
_TICKS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_CELLS_PER_TICK = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """A row of columns of the grid.

    Attributes:
        first: Number of its first column: that many columns after the clock's zero.
        cells: How many cells it is wide, of two columns each.
        seconds_per_column: Width of a column.
    """

    first: int
    cells: int
    seconds_per_column: float

    @property
    def stop(self) -> int:
        """The column after its last one."""
        return self.first + 2 * self.cells

    @property
    def span_s(self) -> float:
        """The time it shows from edge to edge."""
        return 2 * self.cells * self.seconds_per_column

    def column_at(self, at_s: float) -> int:
        """The column that holds a time."""
        return math.floor(at_s / self.seconds_per_column)

    def final(self, newest_s: float) -> range:
        """The columns that no later reading changes.

        Where a column is short they are shown by whole cells, which halves what is sent.
        """
        stop = self.column_at(newest_s)
        if self.seconds_per_column < WHOLE_CELLS_BELOW_S:
            stop -= stop % 2
        return range(self.first, min(max(stop, self.first), self.stop))

    def with_column(self, column: int) -> TimeWindow:
        """The nearest window that shows a column: this one, or one moved by whole jumps."""
        jump = _jump(self.cells)
        if column < self.first:
            return replace(self, first=column // jump * jump)
        if column >= self.stop:
            return replace(self, first=-(-(column + 1 - 2 * self.cells) // jump) * jump)
        return self

    def ticks(self, wall_offset_s: int) -> Iterator[tuple[int, str]]:
        """Round times of day with the cell each stands at.

        Args:
            wall_offset_s: The wall clock less the grid's clock.
        """
        needed_s = 2 * _CELLS_PER_TICK * self.seconds_per_column
        step_s = next((step for step in _TICKS_S if step >= needed_s), _TICKS_S[-1])
        start_s = self.first * self.seconds_per_column + wall_offset_s
        at_s = math.ceil(start_s / step_s) * step_s
        while (column := self.column_at(at_s - wall_offset_s)) < self.stop:
            text = fmt.time_of_day(at_s)
            yield (column - self.first) // 2, text if step_s % 60 else text[: len("14:02")]
            at_s += step_s


def window_up_to(newest_s: float, cells: int, seconds_per_column: float) -> TimeWindow:
    """The window that a clock now at `newest_s` is filling."""
    window = TimeWindow(first=0, cells=cells, seconds_per_column=seconds_per_column)
    jump = _jump(cells)
    column = window.column_at(newest_s)
    return replace(window, first=-(-(column + 1 - 2 * cells) // jump) * jump)


def _jump(cells: int) -> int:
    return 2 * max(1, cells // JUMP_PART)
