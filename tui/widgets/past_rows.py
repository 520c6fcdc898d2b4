"""How a past comparison looks in the list: its columns, and one row of them. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from runners.history.entries import FAILED, INTERRUPTED, RUNNING, Entry
from tui.commands.history_list import not_done
from tui.line import Line, cut
from tui.processes.lines import HIGHLIGHT
from tui.theme import Palette, Role

SIGNS = 2
"""Cells in front of each row: one for the cursor, one for a mark."""
WIDE, NARROW = 100, 60
"""From so many cells on, a row has its year and room for what was found; or some of it."""
FINDING_WIDTH, SHORT_FINDING_WIDTH, LEAST_FINDING_WIDTH = 36, 14, 6
FINDING = "what it found"
STATUS_ROLE = {FAILED: Role.BAD, INTERRUPTED: Role.WARNING, RUNNING: Role.KEY}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, its cells and what stands in it."""

    title: str
    width: int
    text: Callable[[Entry], str]
    right: bool = False

    def cell(self, text: str) -> str:
        """Text cut or filled to the width, and a blank."""
        text = cut(text, self.width)
        blanks = " " * (self.width - cell_len(text))
        return f"{blanks}{text} " if self.right else f"{text}{blanks} "


def started(entry: Entry) -> str:
    """When it began, in local time: `2026-11-21 14:02`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.started_at))


def jobs(entry: Entry) -> str:
    """How many jobs, and how many trials of each where there are several: `4×3`."""
    return f"{entry.jobs}×{entry.trials}" if entry.trials > 1 else str(entry.jobs)


def differ(entry: Entry) -> str:
    """What differs between the jobs."""
    return ", ".join(axis.replace("_", " ") for axis in entry.axes)


def finding(entry: Entry) -> str:
    """What came of it, behind its host where that is another one, and runs that are not done."""
    host = f"other host: {entry.host}" if entry.is_foreign else ""
    parts = (host, ", ".join(not_done(entry)), entry.headline)
    return " · ".join(filter(None, parts))


NUMBER = Column("no.", 5, lambda entry: str(entry.id), right=True)
STARTED = Column("started", 16, started)
STARTED_SHORT = Column("started", 11, lambda entry: started(entry)[5:])
WORKLOAD = Column("workload", 15, lambda entry: ", ".join(entry.workloads))
DEVICES = Column("devices", 12, lambda entry: ", ".join(entry.devices))
DIFFER = Column("differ in", 14, differ)
JOBS = Column("jobs", 6, jobs, right=True)
RUNS = Column("done", 7, lambda entry: f"{entry.runs_done}/{entry.runs}", right=True)
STATUS = Column("status", 11, lambda entry: entry.status)
_IN_ORDER = (NUMBER, STARTED, STARTED_SHORT, WORKLOAD, DEVICES, DIFFER, JOBS, RUNS, STATUS)
_KEPT_FIRST = (WORKLOAD, STATUS, DEVICES, NUMBER, RUNS, DIFFER, JOBS)


def columns_that_fit(width: int) -> tuple[Column, ...]:
    """The columns for rows of that many cells; what was found has the rest."""
    is_wide = width >= WIDE
    rest = SHORT_FINDING_WIDTH if width >= NARROW else LEAST_FINDING_WIDTH
    left = width - SIGNS - (FINDING_WIDTH if is_wide else rest)
    kept = []
    for column in (*_KEPT_FIRST[:2], STARTED if is_wide else STARTED_SHORT, *_KEPT_FIRST[2:]):
        if column.width + 1 <= left or column is WORKLOAD:
            kept.append(column)
            left -= column.width + 1
    return tuple(column for column in _IN_ORDER if column in kept)


def head(
    columns: Sequence[Column], palette: Palette, width: int, *, above: int, below: int
) -> Line:
    """The heads of the columns, and how many rows are out of sight."""
    line = Line(palette).pad_to(SIGNS)
    for column in columns:
        line.add(column.cell(column.title), Role.DIM)
    hidden = [f"↑ {above:,}"] * (above > 0) + [f"↓ {below:,}"] * (below > 0)
    more = "  ".join(hidden)
    start = width - cell_len(more)
    if line.width + len(FINDING) < start:
        line.add(FINDING, Role.DIM)
    return line.pad_to(start).add(more, Role.DIM)


def row(
    entry: Entry,
    columns: Sequence[Column],
    palette: Palette,
    width: int,
    *,
    is_selected: bool,
    is_marked: bool,
) -> Line:
    """One comparison.

    Args:
        entry: Which.
        columns: What there is room for.
        palette: The styles of the theme in use.
        width: Cells of the row.
        is_selected: Whether the cursor is on it.
        is_marked: Whether it is marked.
    """
    light = palette[Role.STRONG if is_marked else Role.TEXT] + HIGHLIGHT
    line = Line(palette)
    signs = f"{'▸' if is_selected else ' '}{'●' if is_marked else ' '}"
    line.add(signs, light if is_selected else Role.KEY)
    for column in columns:
        role = Role.STRONG if is_marked else Role.TEXT
        role = STATUS_ROLE.get(entry.status, role) if column is STATUS else role
        line.add(column.cell(column.text(entry)), light if is_selected else role)
    found = cut(finding(entry), max(0, width - line.width))
    line.add(found, light if is_selected else Role.WARNING if entry.is_foreign else Role.DIM)
    return line.add(" " * (width - line.width), light if is_selected else Role.TEXT)
