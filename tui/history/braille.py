"""Curves in braille dots: two columns and four levels a cell. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tui.history.series import Envelope

# Bits of the four dots of a column, lowest first.
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
_CELLS = {0: " ", **{bits: chr(0x2800 + bits) for bits in range(1, 256)}}
_FULL_COLUMN = (sum(_LEFT), sum(_RIGHT))


class BrailleCurve:
    """One curve, drawn column by column from the left, with the range of each column.

    Args:
        cells: Cells of a row, of two columns each.
        rows: Rows of cells.
        top: The value of the highest dot; 0 is the lowest.
    """

    def __init__(self, cells: int, rows: int, top: float) -> None:
        self._rows = [bytearray(cells) for _ in range(rows)]
        self._levels = 4 * rows - 1
        self._top = top
        self._previous: tuple[int, int] | None = None
        self.drawn = 0

    def extend(self, columns: Iterable[Envelope | None]) -> None:
        """Draw the next columns; None leaves a gap.

        Each is joined to the one before it by a vertical run, so that steep changes stay one
        line.
        """
        for column in columns:
            x, self.drawn = self.drawn, self.drawn + 1
            if column is None:
                self._previous = None
                continue
            low, high = self._level(column[0]), self._level(column[1])
            start, stop = low, high
            if self._previous is not None:
                start = min(low, self._previous[1])
                stop = max(high, self._previous[0])
            self._previous = low, high
            bits = _RIGHT if x % 2 else _LEFT
            for level in range(start, stop + 1):
                self._rows[-1 - level // 4][x // 2] |= bits[level % 4]

    def texts(self) -> list[str]:
        """The rows as text, the highest first."""
        return [row.decode("latin-1").translate(_CELLS) for row in self._rows]

    def cursor(self, column: int) -> list[str]:
        """The cells of one column, highest row first, with that column's dots all set."""
        full = _FULL_COLUMN[column % 2]
        return [_CELLS[row[column // 2] | full] for row in self._rows]

    def _level(self, value: float) -> int:
        return min(self._levels, max(0, round(value / self._top * self._levels)))
