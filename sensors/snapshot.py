"""A reading as plain data for JSON, schema `racetop.snapshot/1`."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sensors.readings import Reading

SCHEMA = "racetop.snapshot/1"


def snapshot(reading: Reading) -> dict[str, Any]:
    """A reading as dictionaries, lists, text and numbers; unknown is None.

    Fields are named as in `sensors.readings`, their units in their names; `taken_at` is the wall
    clock in ISO 8601 with the time zone.
    """
    return {
        "schema": SCHEMA,
        "taken_at": datetime.fromtimestamp(reading.wall_time_s).astimezone().isoformat(),
        "took_s": _plain(reading.took_s),
        "driver": _plain(asdict(reading.driver)),
        "host": _plain(asdict(reading.host)),
        "gpus": [_plain(asdict(gpu)) for gpu in reading.gpus],
        "processes": [_plain(asdict(process)) for process in reading.processes],
        "problems": [_plain(asdict(problem)) for problem in reading.problems],
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """The same without what JSON lacks: tuples, and numbers that are none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
