"""Events as JSON lines, and back. Standard library only.

A line is one JSON object: `v` (protocol version), `seq` (counted from 0 within one worker),
`kind`, `mono_s` and `wall_s` (when it was written), and the fields of the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Heartbeat,
    Hello,
    JobDone,
    JobFailed,
    LatencyMeasured,
    LayersMeasured,
    LayerTimes,
    LoaderUse,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    StepTimes,
    WarningRaised,
    WorkerEvent,
)

PROTOCOL_VERSION = 1
MAX_LINE_BYTES = 1 << 20


class ProtocolError(ValueError):
    """A line is not a known event."""


_WIRE: Mapping[str, type[WorkerEvent]] = {
    cls.kind: cls
    for cls in (
        Hello,
        StageStarted,
        StageFinished,
        DeviceReady,
        DataReady,
        ModelReady,
        EpochStarted,
        StepProgress,
        EpochFinished,
        EvaluationFinished,
        LatencyMeasured,
        LayersMeasured,
        Heartbeat,
        WarningRaised,
        JobFailed,
        JobDone,
    )
}


def _step_times(value: Mapping[str, Any]) -> StepTimes:
    quantiles = {
        name: None if part is None else tuple(map(float, part))
        for name, part in value.items()
        if name != "steps"
    }
    return StepTimes(steps=int(value["steps"]), **quantiles)


# How a field comes back from JSON where JSON's own type is not the record's.
_REVIVE: Mapping[str, Any] = {
    "stage": Stage,
    "error": ErrorKind,
    "phases": lambda value: Phases(
        **{name: None if part is None else float(part) for name, part in dict(value).items()}
    ),
    "layers": lambda value: tuple(
        LayerTimes(**{**layer, "warm_ms": tuple(map(float, layer["warm_ms"]))}) for layer in value
    ),
    "step_times": lambda value: None if value is None else _step_times(value),
    "loader": lambda value: None if value is None else LoaderUse(**value),
    "cores": lambda value: tuple(map(int, value)),
    "notes": lambda value: tuple(map(str, value)),
    "latencies_ms": lambda value: tuple(map(float, value)),
    "versions": lambda value: {str(k): str(v) for k, v in dict(value).items()},
}


def encode(event: WorkerEvent) -> bytes:
    """One event as a line of JSON, newline included."""
    record = {"v": PROTOCOL_VERSION, "kind": event.kind, **asdict(event)}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> WorkerEvent:
    """The event on a line.

    Raises:
        ProtocolError: The line is not an event this version knows.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not JSON") from error
    if not isinstance(record, dict) or record.pop("v", None) != PROTOCOL_VERSION:
        raise ProtocolError(f"not an event of protocol version {PROTOCOL_VERSION}")
    cls = _WIRE.get(str(record.pop("kind", None)))
    if cls is None:
        raise ProtocolError("unknown kind of event")
    try:
        for name in _REVIVE.keys() & record.keys():
            record[name] = _REVIVE[name](record[name])
        event = cls(**record)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ProtocolError(f"bad {cls.kind} event: {error}") from error
    for name, accepted in _accepted_types(cls.kind).items():
        if not isinstance(getattr(event, name), accepted):
            raise ProtocolError(f"bad {cls.kind} event: {name} has the wrong type")
    return event


@cache
def _accepted_types(kind: str) -> Mapping[str, tuple[type, ...]]:
    cls = _WIRE[kind]
    hints = get_type_hints(cls)
    return {f.name: _plain_types(hints[f.name]) for f in fields(cls)}


def _plain_types(hint: object) -> tuple[type, ...]:
    if isinstance(hint, UnionType):
        return tuple(t for part in get_args(hint) for t in _plain_types(part))
    origin = get_origin(hint) or hint
    if origin is float:
        return (float, int)
    return (origin,) if isinstance(origin, type) else (object,)
