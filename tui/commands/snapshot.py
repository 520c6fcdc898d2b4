"""`racetop snapshot`: the machine's readings, once or as a stream."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from typing import Any

from runners.text import printable
from sensors.readings import Reading
from sensors.sampler import take_readings
from sensors.snapshot import row, row_columns, snapshot
from sensors.wanted import Wanted
from tui.commands.snapshot_text import as_text


def run_snapshot(*, form: str, every_s: float | None, count: int | None, wanted: Wanted) -> int:
    """Print readings; one, or one every `every_s` seconds, `count` of them or without end.

    Args:
        form: `text`, `json` or `csv`.
        every_s: Seconds between readings; None is a second.
        count: How many; None is one, or with `every_s` no end.
        wanted: What they are to hold beside the usual.
    """
    is_stream = every_s is not None or count is not None
    readings = take_readings(every_s or 1.0, count if is_stream else 1, wanted=wanted)
    print_readings(readings, form=form, is_stream=is_stream)
    return 0


def print_readings(readings: Iterable[Reading], *, form: str, is_stream: bool) -> None:
    """Print readings as they come: `text`, `json` (a stream: an object a line) or `csv`."""
    if form == "csv":
        _print_csv(readings)
        return
    for reading in readings:
        if form == "json":
            print(json.dumps(snapshot(reading), indent=None if is_stream else 2), flush=True)
        else:
            print(as_text(reading), end="\n\n" if is_stream else "\n", flush=True)


def _print_csv(readings: Iterable[Reading]) -> None:
    """A row for each reading under one header, whose columns the first reading decides."""
    writer: csv.DictWriter[str] | None = None
    for reading in readings:
        if writer is None:
            columns = row_columns(reading)
            writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
        writer.writerow({column: _cell(value) for column, value in row(reading).items()})
        sys.stdout.flush()


def _cell(value: Any) -> Any:  # noqa: ANN401 - text, a number, a truth or None
    if isinstance(value, bool):
        return str(value).lower()
    return printable(value) if isinstance(value, str) else value
