"""Draws the process table: its head and its rows."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style

from runners.text import printable
from tui.line import Line, cut
from tui.processes.columns import Column, Facts, command_of
from tui.processes.rows import Order, Row
from tui.theme import Palette, Role

SIGNS = 2
"""Cells in front of each row: one for the cursor, one for what is ours."""
QUIET = frozenset({"time", "age", "threads", "state"})
HIGHLIGHT = Style(reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How the table is drawn at one width.

    Attributes:
        palette: The styles of the theme in use.
        width: Cells of each row.
        columns: What there is room for.
        order: What the rows are sorted by.
        facts: What the columns need beside the processes.
    """

    palette: Palette
    width: int
    columns: tuple[Column, ...]
    order: Order
    facts: Facts

    def head(self, *, above: int, below: int) -> Line:
        """The heads of the columns, and how many rows are out of sight."""
        line = Line(self.palette).pad_to(SIGNS)
        for column in self.columns[:-1]:
            line.add(*self._title(column))
        title, role = self._title(self.columns[-1])
        hidden = [f"↑ {above:,}"] * (above > 0) + [f"↓ {below:,}"] * (below > 0)
        if not hidden:
            return line.add(title, role)
        more = f"{'  '.join(hidden)} more"
        start = self.width - cell_len(more)
        if line.width + len(title) < start:
            line.add(title, role).pad_to(start)
        return line.add(more, Role.DIM)

    def row(self, row: Row, *, selected: bool, active: bool) -> Line:
        """One process.

        Args:
            row: Which.
            selected: Whether the cursor is on it.
            active: Whether keys move the cursor just now.
        """
        process = row.process
        own = process.pid in self.facts.own
        text = self.palette[Role.STRONG if own else Role.TEXT]
        quiet, key = self.palette[Role.DIM], self.palette[Role.KEY]
        if selected and active:
            text = quiet = key = text + HIGHLIGHT
        line = Line(self.palette)
        line.add(f"{'▸' if selected else ' '}{'●' if own else ' '}", key)
        for column in self.columns[:-1]:
            cell = column.cell(process, self.facts)
            line.add(f"{cell} ", quiet if column.key in QUIET else text)
        room = max(2, (self.width - line.width) // 2)
        branch = row.branch
        line.add(branch if len(branch) <= room else f"…{branch[1 - room :]}", quiet)
        command = printable(command_of(process, self.facts))
        visible = key if own else text if process.command else quiet
        line.add(cut(command, max(0, self.width - line.width)), visible)
        return line.add(" " * (self.width - line.width), text)

    def _title(self, column: Column) -> tuple[str, Role]:
        """A column's head, with the blank that follows the column or the mark of the order."""
        is_sorted = column is self.order.column
        mark = self.order.mark if is_sorted else " "
        role = Role.KEY if is_sorted else Role.DIM
        if column.left:
            return f"{column.title}{mark}".ljust(column.width + 1), role
        return f"{column.title:>{column.width}}{mark}", role


def column_at(columns: tuple[Column, ...], x: int) -> Column:
    """The column whose head stands at a cell of the row."""
    end = SIGNS
    for column in columns[:-1]:
        end += column.width + 1
        if x < end:
            return column
    return columns[-1]
