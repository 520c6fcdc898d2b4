"""Rows of styled text for the panes: built piece by piece, then cut or filled to a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from runners.text import printable
from tui.theme import Palette, Role

Field = tuple[tuple[str, Role | Style], ...]
EIGHTHS = " ▁▂▃▄▅▆▇█"


class Line:
    """One row under construction.

    Pieces that change apart should be added apart: only changed pieces are sent to the
    terminal.
    """

    __slots__ = ("_palette", "_pieces", "width")

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._pieces: list[Segment] = []
        self.width = 0

    def add(self, text: str, style: Role | Style = Role.TEXT) -> Line:
        """Append text; what a terminal could take for a command is made visible."""
        if text:
            if not text.isprintable():
                text = printable(text)
            self._pieces.append(
                Segment(text, self._palette[style] if isinstance(style, Role) else style)
            )
            self.width += len(text) if text.isascii() else cell_len(text)
        return self

    def pad_to(self, column: int) -> Line:
        """Append blanks up to a column."""
        return self.add(" " * (column - self.width))

    def bar(self, share: float | None, width: int, style: Role | Style) -> Line:
        """Append a gauge of `width` cells; an unknown share draws the empty track."""
        if width <= 0:
            return self
        halves = round(2 * width * min(max(share or 0.0, 0.0), 1.0))
        full, half = divmod(halves, 2)
        self.add("━" * full + "╸" * half, style)
        return self.add("─" * (width - full - half), Role.TRACK)

    def stacked(self, parts: Iterable[tuple[float, str, Role]], width: int) -> Line:
        """Append a gauge of `width` cells made of parts: a share of 0 to 1, a mark of one cell."""
        total, drawn = 0.0, 0
        for share, mark, role in parts:
            total += max(share, 0.0)
            end = max(drawn, min(round(width * total), width))
            self.add(mark * (end - drawn), role)
            drawn = end
        return self.add("─" * (width - drawn), Role.TRACK)

    def add_fields(self, fields: Sequence[Field], width: int) -> Line:
        """Append fields set apart by dots, each whole or, where there is no room, not at all."""
        for field in fields:
            separator = " · " if any(piece.text.strip() for piece in self._pieces) else ""
            needed = cell_len(separator) + sum(cell_len(text) for text, _ in field)
            if self.width + needed > width:
                continue
            self.add(separator, Role.DIM)
            for text, style in field:
                self.add(text, style)
        return self

    def join(self, other: Line) -> Line:
        """Append another line's pieces."""
        self._pieces.extend(other._pieces)
        self.width += other.width
        return self

    def strip(self, width: int, *, more: bool = False) -> Strip:
        """The row, exactly `width` cells: filled with blanks, or cut and marked with `…`.

        Args:
            width: Cells of the row.
            more: Whether rows follow that are not shown: the last cell then is a `…` too.
        """
        if more and self.width < width:
            self.pad_to(width - 1).add("…", Role.DIM)
        elif more:
            return Strip(list(_cut(self._pieces, width)), max(width, 0))
        if self.width <= width:
            blank = Segment(" " * (width - self.width), self._palette[Role.TEXT])
            pieces = [*self._pieces, blank] if blank.text else self._pieces
            return Strip(pieces, width)
        return Strip(list(_cut(self._pieces, width)), max(width, 0))


def _cut(pieces: Iterable[Segment], width: int) -> Iterable[Segment]:
    room = width - 1
    for text, style, _ in pieces:
        length = cell_len(text)
        if length > room:
            if width > 0:
                yield Segment(set_cell_size(text, room) + "…", style)
            return
        room -= length
        yield Segment(text, style)


def flow(
    palette: Palette, label: str, fields: Iterable[Field], width: int, indent: int
) -> list[Line]:
    """Fields set apart by dots, behind a label and on as many rows as they need."""
    line = Line(palette).add(label, Role.LABEL).pad_to(indent)
    lines = [line]
    for field in fields:
        needed = sum(cell_len(text) for text, _ in field)
        if line.width > indent and line.width + 3 + needed > width:
            line = Line(palette).pad_to(indent)
            lines.append(line)
        elif line.width > indent:
            line.add(" · ", Role.DIM)
        for text, style in field:
            line.add(text, style)
    return lines


def eighths(shares: Iterable[float]) -> str:
    """A column of one cell for each share of 0 to 1."""
    return "".join(EIGHTHS[max(1, round(8 * min(max(share, 0.0), 1.0)))] for share in shares)


def cut(text: str, width: int) -> str:
    """Text of at most `width` cells, marked with `…` where some is left out."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + "…"


def wrap(text: str, width: int) -> list[str]:
    """Text broken at blanks into rows of at most `width` cells; long words are broken too."""
    rows: list[str] = []
    row = ""
    for word in text.split():
        while cell_len(word) > width > 0:
            head = set_cell_size(word, width)
            rows.extend([row] if row else [])
            row = ""
            rows.append(head)
            word = word[len(head) :]
        if row and cell_len(row) + 1 + cell_len(word) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return [*rows, row] if row else rows
