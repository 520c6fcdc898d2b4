"""A report for a terminal. Pure."""

from __future__ import annotations

from runners.reports.report import Report, Table
from runners.text import shorten

LINE_WIDTH = 100
_GAP = "  "
_FIRST_AT_MOST = 44


def to_text(report: Report) -> str:
    """The report, its tables at most 100 columns wide; wider ones go on below themselves."""
    parts = [report.title]
    for table in report.tables:
        parts += [table.caption] if table.caption else []
        parts += ["\n".join(block) for block in _blocks(table)]
    parts.append("\n".join(report.remarks))
    widest = max(len(name) for name, _ in report.conditions)
    parts.append("\n".join(f"{name:<{widest}}  {text}" for name, text in report.conditions))
    return "\n\n".join(part for part in parts if part) + "\n"


def _blocks(table: Table) -> list[list[str]]:
    """The table's lines; as many columns beside the first as there is room for, then the next."""
    columns = [list(column) for column in zip(table.header, *table.rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    others = list(range(1, len(columns)))
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
        blocks.append([_line(table, columns, widths, places, n) for n in range(len(columns[0]))])
    return blocks


def _width(widths: list[int], places: list[int]) -> int:
    return sum(widths[place] for place in places) + len(_GAP) * (len(places) - 1)


def _line(
    table: Table, columns: list[list[str]], widths: list[int], places: list[int], row: int
) -> str:
    cells = []
    for place in places:
        text, width = shorten(columns[place][row], widths[place]), widths[place]
        cells.append(f"{text:<{width}}" if table.is_words(place) else f"{text:>{width}}")
    return _GAP.join(cells).rstrip()
