"""The list of past comparisons, as a table for people and as JSON. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from runners.history.entries import INTERRUPTED, RUNNING, Entry
from runners.text import printable, shorten

SCHEMA = "racetop.history-list/1"
LINE_WIDTH = 100
_HEADER = ("ID", "STARTED", "WORKLOAD", "DEVICES", "RUNS", "STATUS")
_LAST = "WHAT IT FOUND"
# Longer names are cut, so that the figures stay in sight.
_NAMES_WIDTH = 16
_LEFT = "left"


def as_json(entries: Sequence[Entry]) -> dict[str, Any]:
    """The list as JSON values, schema `racetop.history-list/1`; times are ISO 8601."""
    return {
        "schema": SCHEMA,
        "comparisons": [
            {**asdict(entry), "started_at": _moment(entry).isoformat()} for entry in entries
        ],
    }


def table(entries: Sequence[Entry]) -> str:
    """The list for a terminal, at most 100 columns wide.

    Args:
        entries: At least one.
    """
    rows = [_HEADER, *map(_cells, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = LINE_WIDTH - sum(widths) - 2 * len(widths)
    lasts = [_LAST, *map(_finding, entries)]
    lines = []
    for row, last in zip(rows, lasts, strict=True):
        number, *others = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells = [number.strip().rjust(widths[0]), *others, shorten(last, room)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def description(entry: Entry) -> str:
    """A comparison in one line: when, where, and whether it came to its end."""
    where = f"on {printable(entry.host)}{', another host' if entry.is_foreign else ''}"
    runs = [f"{entry.runs_done} of {entry.runs} runs done", *_others(entry)]
    return f"comparison {entry.id}: {_started(entry)} {where}, {entry.status}, {', '.join(runs)}"


def not_done(entry: Entry) -> list[str]:
    """What became of the runs that are not done, where the status does not tell."""
    if entry.runs == 1:
        return []
    is_told = entry.status in (RUNNING, INTERRUPTED)
    return [words for words in _others(entry) if not (is_told and words.endswith(_LEFT))]


def _others(entry: Entry) -> list[str]:
    """How many runs are other than done."""
    numbers = {
        "failed": entry.runs_failed,
        "spared": entry.runs_spared,
        _LEFT: entry.runs_left,
    }
    return [f"{number} {became}" for became, number in numbers.items() if number]


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.id),
        _started(entry),
        shorten(", ".join(entry.workloads), _NAMES_WIDTH),
        shorten(", ".join(entry.devices), _NAMES_WIDTH),
        f"{entry.runs_done}/{entry.runs}",
        entry.status,
    )


def _finding(entry: Entry) -> str:
    """The host where it is another one, runs that are not done, and what came of it."""
    parts = [f"[on {printable(entry.host)}]"] if entry.is_foreign else []
    missing = ", ".join(not_done(entry))
    parts += [f"[{missing}]"] if missing else []
    if entry.headline:
        parts.append(entry.headline)
    elif entry.axes:
        parts.append(f"differ in {', '.join(axis.replace('_', ' ') for axis in entry.axes)}")
    return " ".join(parts)


def _started(entry: Entry) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.started_at))


def _moment(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.started_at).astimezone()
