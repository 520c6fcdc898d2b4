"""A diagnosis as a report: the verdict, the pipeline, where the time goes, what to change. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from runners.diagnosis.records import Diagnosed, Diagnosis, Figure, Remedy, Tried
from runners.reports.conditions import Origin, conditions
from runners.reports.figures import rate, times, times_with_interval
from runners.reports.remarks import troubles
from runners.reports.report import Report, Table
from runners.reports.text import table_text
from runners.text import printable

# Prose that is wider than this is hard to read; tables may be wider.
_PROSE_WIDTH = 80
_AS_IT_IS = "as it is"
_THOUSANDS_FROM, _WHOLE_FROM = 9_995, 99_950
_COMMAND = "command"
_REMEDY = "remedy"
_CONTINUED = " \\"


def to_report(found: Diagnosed, command: str, machine: Mapping[str, Any] | None = None) -> Report:
    """The report of one job.

    Args:
        found: The job and what limits it.
        command: The command line that repeats the diagnosis.
        machine: The machine's readings as `racetop snapshot` gives them; None where unknown.
    """
    label, diagnosis, state = found.job.label, found.diagnosis, found.state
    told = dict(conditions(state, Origin(machine=machine))) if state else {}
    told.pop(_COMMAND, None)
    told[_COMMAND] = command
    trouble = troubles(state) if state else ()
    if diagnosis is None:
        why = "its runs failed" if trouble else "it was stopped before there was a figure"
        title = f"{label}: not diagnosed, for {why}."
        return Report(title=title, tables=(), remarks=trouble, conditions=tuple(told.items()))
    tried = [f"{one.remedy.what}: failed: {one.problem}" for one in found.tried if one.problem]
    return Report(
        title=printable(diagnosis.sentence),
        tables=tables(diagnosis, found.tried),
        remarks=(*map(printable, (*diagnosis.evidence, *tried)), *trouble),
        conditions=(*commands(diagnosis), *told.items()),
    )


def commands(found: Diagnosis) -> tuple[tuple[str, str], ...]:
    """What compares the job with and without each remedy, by the remedy's number."""
    return tuple(
        (f"{_REMEDY} {place}", remedy.command)
        for place, remedy in enumerate(found.remedies, 1)
        if remedy.command is not None
    )


def to_text(report: Report) -> str:
    """The report for a terminal, its prose not wider than 80 columns."""
    parts = [_prose(report.title)]
    for table in report.tables:
        parts += [table.caption, table_text(table)]
    parts.append("\n".join(_prose(remark, first="- ") for remark in report.remarks))
    widest = max(len(name) for name, _ in report.conditions)
    parts.append("\n".join(_condition(name, told, widest) for name, told in report.conditions))
    return "\n\n".join(part for part in parts if part) + "\n"


def _condition(name: str, told: str, widest: int) -> str:
    is_command = name == _COMMAND or name.startswith(_REMEDY)
    return _prose(told, first=f"{name:<{widest}}  ", continued=_CONTINUED if is_command else "")


def _prose(text: str, *, first: str = "", continued: str = "") -> str:
    """The text in lines.

    Args:
        text: The text.
        first: What stands before it.
        continued: What ends each line but the last, so that a command can still be copied.
    """
    lines = textwrap.wrap(
        text,
        _PROSE_WIDTH - len(continued),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{continued}\n".join(lines)


def tables(found: Diagnosis, tried: Sequence[Tried] = ()) -> tuple[Table, ...]:
    """The tables that have rows.

    Args:
        found: The diagnosis.
        tried: The remedies that were applied.
    """
    made = (_pipeline(found), _shares(found), _remedies(found, tried))
    return tuple(table for table in made if table.rows)


def _pipeline(found: Diagnosis) -> Table:
    """What each part could do alone, in the order of the data, the narrow one marked."""
    last = len(found.capacities) - 1
    names = [
        f"{part}{' (narrow)' if part is found.narrow else ''}{' ->' if place < last else ''}"
        for place, (part, _) in enumerate(found.capacities)
    ]
    figures: list[Figure | None] = [figure for _, figure in found.capacities]
    figures.append(found.samples_per_s)
    rows = [("samples/s", *(rate(figure.value if figure else None) for figure in figures))]
    if any(figure and figure.low is not None for figure in figures):
        rows.append(("95 % interval", *map(_rates, figures)))
    return Table(
        header=("alone", *names, _AS_IT_IS),
        rows=tuple(rows) if found.samples_per_s else (),
        caption="The pipeline: what each part could do alone, and what the job does",
    )


def _shares(found: Diagnosis) -> Table:
    shares = found.shares
    computing = _rest(shares.stall)
    stalled = "input" if shares.transfer is None else "input and copies"
    named = (
        (stalled, shares.stall, "as it is against ideal"),
        ("of it copies", shares.transfer, "host memory against ideal"),
        ("computing", computing, "ideal"),
        ("of it reading figures", shares.sync, "ideal against loss unread"),
        ("waiting for a core", shares.contended, "as it is"),
        ("clocks held down", shares.throttled, "as it is"),
    )
    rows = [
        (name, _percent(figure), _percents(figure), source)
        for name, figure, source in named
        if figure is not None
    ]
    ratio = shares.launch_ratio
    if ratio is not None:
        interval = "" if ratio.low is None else f"{times(ratio.low)} to {times(ratio.high)}"
        rows.append(("step with twice the samples", times(ratio.value), interval, "ideal"))
    return Table(
        header=("of a sample's time", "share", "95 % interval", "runs"),
        rows=tuple(rows),
        caption="Where the time goes",
        words=(3,),
    )


def _remedies(found: Diagnosis, tried: Sequence[Tried]) -> Table:
    measured = {one.remedy.what: one for one in tried}
    rows = [
        (
            f"{place} {remedy.what}",
            _predicted(remedy),
            *((_measured(measured.get(remedy.what)),) if tried else ()),
        )
        for place, remedy in enumerate(found.remedies, 1)
    ]
    header = ("remedy", "predicted", *(("measured",) if tried else ()))
    return Table(header=header, rows=tuple(rows), caption="What to change")


def _predicted(remedy: Remedy) -> str:
    if remedy.predicted is None:
        return "not known"
    return f"{'at most ' if remedy.is_bound else ''}{times(remedy.predicted)}"


def _measured(tried: Tried | None) -> str:
    if tried is None:
        return "not tried"
    return "failed" if tried.problem is not None else times_with_interval(tried.gain)


def _rest(figure: Figure | None) -> Figure | None:
    """What a share leaves of the whole."""
    if figure is None:
        return None
    low, high = (None if end is None else 1 - end for end in (figure.high, figure.low))
    return Figure(value=1 - figure.value, low=low, high=high)


def _percent(figure: Figure) -> str:
    return f"{_of_100(figure.value)} %"


def _percents(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_of_100(figure.low)} to {_of_100(figure.high)} %"


def _of_100(share: float) -> str:
    """A share in percent; noise takes some below nothing or above the whole."""
    return f"{100 * min(max(share, 0.0), 1.0):.0f}"


def _rates(figure: Figure | None) -> str:
    if figure is None or figure.low is None or figure.high is None:
        return ""
    return f"{_short(figure.low)} to {_short(figure.high)}"


def _short(samples_per_s: float) -> str:
    """A rate with three digits where room is short, such as `16.9k`."""
    if samples_per_s < _THOUSANDS_FROM:
        return rate(samples_per_s)
    return f"{samples_per_s / 1000:,.{0 if samples_per_s >= _WHOLE_FROM else 1}f}k"
