"""A reading as plain data: for JSON, schema `racetop.snapshot/1`, and as a row of a table.

Keys are the names of the records' fields: docs/snapshot.md tells what each means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from sensors.gpu_readings import GpuReading
from sensors.readings import HostReading, Reading

SCHEMA = "racetop.snapshot/1"
# What a row has no room for: lists, and reasons for people.
NOT_IN_ROWS = frozenset({"core_busy_pct", "usable_core_ids", "mig_instances", "unknown"})


def snapshot(reading: Reading) -> dict[str, Any]:
    """A reading as dictionaries, lists, text and numbers; unknown is None.

    Fields are named as in `sensors.readings`, their units in their names; `taken_at` is the wall
    clock in ISO 8601 with the time zone.
    """
    return {
        "schema": SCHEMA,
        "taken_at": _iso_time(reading),
        "took_s": _plain(reading.took_s),
        "gpus_age_s": _plain(reading.gpus_age_s),
        "driver": _plain(reading.driver),
        "host": _plain(reading.host),
        "gpus": _plain(reading.gpus),
        "processes": _plain(reading.processes),
        "problems": _plain(reading.problems),
    }


def row_columns(first: Reading) -> tuple[str, ...]:
    """The columns of a table with a row for each reading, given the first of them.

    The GPUs of the first reading, and the clock limits whose seconds they count, decide.
    """
    columns = ["taken_at", "took_s", "driver_state", "gpus_age_s"]
    columns += [f"host_{name}" for name in _cells_of(HostReading)]
    for gpu in first.gpus:
        columns += [f"gpu{gpu.index}_{name}" for name in _cells_of(GpuReading)]
        columns += [_seconds_column(gpu, name) for name in sorted(gpu.clock_limit_s or ())]
    return (*columns, "problems")


def row(reading: Reading) -> dict[str, Any]:
    """A reading flat, by column; unknown is None.

    Clock limits are their names joined by `+`, or `none`; problems their sentences joined by a
    space.
    """
    cells = {
        "taken_at": _iso_time(reading),
        "took_s": _plain(reading.took_s),
        "driver_state": reading.driver.state.value,
        "gpus_age_s": _plain(reading.gpus_age_s),
        "problems": " ".join(problem.what for problem in reading.problems),
    }
    cells |= {f"host_{name}": _cell(reading.host, name) for name in _cells_of(HostReading)}
    for gpu in reading.gpus:
        cells |= {f"gpu{gpu.index}_{name}": _cell(gpu, name) for name in _cells_of(GpuReading)}
        for name, seconds in (gpu.clock_limit_s or {}).items():
            cells[_seconds_column(gpu, name)] = _plain(seconds)
    return cells


def _iso_time(reading: Reading) -> str:
    return datetime.fromtimestamp(reading.wall_time_s).astimezone().isoformat()


def _cells_of(record: type[GpuReading | HostReading]) -> list[str]:
    """The fields of a record that have a column each."""
    left_out = {*NOT_IN_ROWS, "index", "clock_limit_s"}
    return [field.name for field in fields(record) if field.name not in left_out]


def _seconds_column(gpu: GpuReading, limit: str) -> str:
    return f"gpu{gpu.index}_{limit.replace('-', '_')}_s"


def _cell(record: GpuReading | HostReading, name: str) -> Any:  # noqa: ANN401 - what it holds
    value = getattr(record, name)
    if isinstance(value, tuple):
        return "+".join(limit.name for limit in value) or "none"
    return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """The same without what JSON lacks: records, tuples, and numbers that are none."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
