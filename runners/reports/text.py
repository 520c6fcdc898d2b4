"""A report for a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from runners.reports.report import Report, Table
from runners.text import shorten

LINE_WIDTH = 100
_GAP = "  "
_FIRST_AT_MOST = 44
# Names of columns go into more and more lines until the table fits.
_NAME_WIDTHS = (LINE_WIDTH, 16, 12, 8)


def to_text(report: Report) -> str:
    """The report, its tables at most 100 columns wide.

    Wider ones have the names of their columns in several lines; if that is not enough, they go on
    below themselves.
    """
    parts = [report.title]
    for table in report.tables:
        parts += [table.caption] if table.caption else []
        parts.append(table_text(table))
    parts.append("\n".join(report.remarks))
    widest = max(len(name) for name, _ in report.conditions)
    parts.append("\n".join(f"{name:<{widest}}  {text}" for name, text in report.conditions))
    return "\n\n".join(part for part in parts if part) + "\n"


def table_text(table: Table) -> str:
    """A table without its caption, at most 100 columns wide."""
    return "\n\n".join("\n".join(block) for block in _blocks(table))


def _blocks(table: Table) -> list[list[str]]:
    """The table's lines; as many columns beside the first as there is room for, then the next."""
    others = list(range(1, len(table.header)))
    for name_width in _NAME_WIDTHS:
        columns = _columns(table, name_width)
        widths = [max(map(len, column)) for column in columns]
        if _width(widths, [0, *others]) <= LINE_WIDTH:
            break
    widest = max((widths[place] for place in others), default=0)
    room = LINE_WIDTH - min(sum(widths[1:]) + len(_GAP) * len(others), LINE_WIDTH)
    widths[0] = min(widths[0], max(room, min(_FIRST_AT_MOST, LINE_WIDTH - widest - len(_GAP))))
    blocks = []
    while others:
        places = [0]
        while others and _width(widths, [*places, others[0]]) <= LINE_WIDTH:
            places.append(others.pop(0))
        if places == [0]:
            widths[others[0]] = LINE_WIDTH - widths[0] - len(_GAP)
            continue
        lines = (_line(table, columns, widths, places, n) for n in range(len(columns[0])))
        blocks.append([line for line in lines if line])
    return blocks


def _columns(table: Table, name_width: int) -> list[list[str]]:
    """The cells of each column below the lines of its name.

    Args:
        table: The table.
        name_width: How wide a name may be, beside its words and its cells.
    """
    cells = [[row[place] for row in table.rows] for place in range(len(table.header))]
    names = []
    for name, column in zip(table.header, cells, strict=True):
        width = max(name_width, *map(len, column), *map(len, name.split()))
        names.append(textwrap.wrap(name, width, break_on_hyphens=False))
    deep = max(map(len, names))
    return [
        [*("",) * (deep - len(name)), *name, *column]
        for name, column in zip(names, cells, strict=True)
    ]


def _width(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[place] for place in places) + len(_GAP) * (len(places) - 1)


def _line(
    table: Table, columns: list[list[str]], widths: list[int], places: list[int], row: int
) -> str:
    cells = []
    for place in places:
        text, width = shorten(columns[place][row], widths[place]), widths[place]
        cells.append(f"{text:<{width}}" if table.is_words(place) else f"{text:>{width}}")
    return _GAP.join(cells).rstrip()
