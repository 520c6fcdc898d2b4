"""A report as Markdown, to paste into a README. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runners.reports.report import Report, Table


def to_markdown(report: Report) -> str:
    """The title, the tables, what they say, and how they came about."""
    parts = [f"**{_escaped(report.title)}**"]
    for table in report.tables:
        parts += [f"**{_escaped(table.caption)}**"] if table.caption else []
        parts.append(_table(table))
    parts.append("\n".join(f"- {_escaped(remark)}" for remark in report.remarks))
    parts.append("\n".join(f"- {name}: {_condition(name, t)}" for name, t in report.conditions))
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(table: Table) -> str:
    rule = ["---" if table.is_words(place) else "---:" for place in range(len(table.header))]
    return "\n".join([_row(table.header), f"| {' | '.join(rule)} |", *map(_row, table.rows)])


def _condition(name: str, text: str) -> str:
    """A command line is code as it is, as far as that cannot end the code."""
    return f"`{text}`" if name == "command" and "`" not in text else _escaped(text)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    for character in "\\|<>*_`[]&~$":
        text = text.replace(character, f"\\{character}")
    return text
