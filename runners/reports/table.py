"""A comparison for people: a table for the terminal, and Markdown. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.diagnosis import verdict
from runners.spec import Order
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import (
    cold_epoch_s,
    data_wait_share,
    final_accuracy,
    samples_per_s,
    spread,
    steady_epoch_s,
    total_s,
)
from runners.text import counted, printable, shorten

UNKNOWN = "n/a"
HEADER = (
    "job", "status", "cold s", "steady s", "samples/s", "data wait", "accuracy", "total s", "peak",
)  # fmt: skip
LINE_WIDTH = 100
_GIB = 2**30
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Table:
    """A comparison as text.

    Attributes:
        title: What was compared, and how.
        rows: Cells for each job, under `HEADER`; with several trials, medians over them. The
            total is of whole runs; where one is not whole, the status counts the epochs done.
        remarks: What the figures say and what went wrong, in sentences.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


def to_table(state: ComparisonState) -> Table:
    """The comparison as text; text that is not ours is made printable."""
    rows = tuple(_row(state, job) for job in range(len(state.plan.jobs)))
    remarks = [*verdict(state), *_spreads(state), *_warnings(state), *_errors(state)]
    return Table(title=_title(state), rows=rows, remarks=tuple(map(printable, remarks)))


def to_text(state: ComparisonState) -> str:
    """The comparison for a terminal, at most 100 columns wide but for long sentences."""
    table = to_table(state)
    others = [max(map(len, column)) for column in zip(HEADER[1:], *_tails(table), strict=True)]
    room = LINE_WIDTH - sum(others) - 2 * len(others)
    first = min(max(len(row[0]) for row in table.rows), max(room, len(HEADER[0])))
    lines = [table.title, ""]
    for cells in (HEADER, *table.rows):
        right = [f"{cell:>{width}}" for cell, width in zip(cells[1:], others, strict=True)]
        lines.append("  ".join([f"{shorten(cells[0], first):<{first}}", *right]))
    return "\n".join([*lines, "", *table.remarks]).rstrip() + "\n"


def to_markdown(state: ComparisonState) -> str:
    """The comparison as a table to paste into a README."""
    table = to_table(state)
    lines = [
        f"**{_escaped(table.title)}**",
        "",
        _markdown_row(HEADER),
        _markdown_row(["---", "---", *["---:"] * (len(HEADER) - 2)]),
        *map(_markdown_row, table.rows),
        "",
        *(f"- {_escaped(remark)}" for remark in table.remarks),
    ]
    return "\n".join(lines).rstrip() + "\n"


def seconds(value_s: float | None) -> str:
    """Seconds with three digits, such as `1.83`, `18.3` or `183`."""
    if value_s is None:
        return UNKNOWN
    digits = 3 if value_s < 1 else 2 if value_s < 10 else 1 if value_s < 100 else 0
    return f"{value_s:,.{digits}f}"


def memory(value_bytes: float | None) -> str:
    """Memory in MiB, from one GiB up in GiB."""
    if value_bytes is None:
        return UNKNOWN
    if value_bytes < _GIB:
        return f"{value_bytes / _MIB:.0f} MiB"
    return f"{value_bytes / _GIB:.2f} GiB"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value * 100:.0f} %"


def _accuracy(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value * 100:.2f} %"


def _count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"


def _whole_s(run: RunState) -> float | None:
    """Seconds of all epochs asked for; what a stopped run did is no total."""
    return total_s(run) if run.status is RunStatus.DONE else None


_COLUMNS: tuple[tuple[Callable[[RunState], float | None], Callable[[float | None], str]], ...] = (
    (cold_epoch_s, seconds),
    (steady_epoch_s, seconds),
    (samples_per_s, _count),
    (data_wait_share, _share),
    (final_accuracy, _accuracy),
    (_whole_s, seconds),
    (lambda run: run.peak_memory_bytes, memory),
)


def _row(state: ComparisonState, job: int) -> tuple[str, ...]:
    runs = state.runs_of(job)
    cells = []
    for figure, text in _COLUMNS:
        values = [value for run in runs if (value := figure(run)) is not None]
        cells.append(text(statistics.median(values) if values else None))
    statuses = [str(run.status) for run in runs]
    status = statuses[0] if len(set(statuses)) == 1 else "mixed"
    if any(run.status is not RunStatus.DONE for run in runs):
        asked = state.plan.jobs[job].settings.epochs * len(runs)
        status += f" {sum(len(run.epochs) for run in runs)}/{asked}"
    return (printable(state.plan.jobs[job].label), status, *cells)


def _title(state: ComparisonState) -> str:
    plan = state.plan
    parts = [plan.name]
    data = next((run.data for run in state.runs.values() if run.data), None)
    if data:
        samples = f"{data.train_samples:,} training samples"
        parts.append(f"{printable(data.name)} ({data.source}), {samples}")
    if len(plan.jobs) > 1:
        parts.append("side by side" if plan.order is Order.TOGETHER else "one at a time")
    if plan.trials > 1:
        parts.append(f"medians of {counted(plan.trials, 'trial')}")
    return " - ".join(parts)


def _spreads(state: ComparisonState) -> list[str]:
    if state.plan.trials == 1:
        return []
    lines = []
    for place, job in enumerate(state.plan.jobs):
        figures = map(steady_epoch_s, state.runs_of(place))
        if found := spread([value for value in figures if value is not None]):
            lines.append(
                f"{job.label}: steady epochs {seconds(found.low)} to {seconds(found.high)} s "
                f"over {counted(found.count, 'trial')}."
            )
    return lines


def _warnings(state: ComparisonState) -> list[str]:
    lines = []
    for key, run in state.runs.items():
        label = state.plan.jobs[key.job].label
        lines += [f"{label}: {text}" for text in run.warnings]
        if run.unreadable_lines:
            count = counted(run.unreadable_lines, "line")
            lines.append(f"{label}: {count} of its report could not be read and are left out.")
    return list(dict.fromkeys(lines))


def _errors(state: ComparisonState) -> list[str]:
    lines = []
    for key, run in state.runs.items():
        if run.error is not None:
            trial = f", trial {key.trial + 1}" if state.plan.trials > 1 else ""
            remedy = f" {run.error.remedy}" if run.error.remedy else ""
            label = state.plan.jobs[key.job].label
            lines.append(f"{label}{trial} failed: {run.error.message}{remedy}")
    return lines


def _tails(table: Table) -> Sequence[Sequence[str]]:
    return [row[1:] for row in table.rows]


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    for character in "\\|<>*_`[]":
        text = text.replace(character, f"\\{character}")
    return text
