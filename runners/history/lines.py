"""What happened to a run as text, and back: a worker's events as they travel, and ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar, get_type_hints

from runners.events import Event, Heartbeat, StepProgress, WorkerEvent
from runners.events.wire import ProtocolError, decode, encode
from runners.machine.figures import EnergySource, EpochMachine
from runners.process_events import (
    EpochObserved,
    LogLine,
    UnreadableLine,
    WorkerExited,
    WorkerStarted,
)
from runners.state import RunState, RunStatus, apply_to_run

# Signs of life: of no use once the run has moved on.
NOT_KEPT = (StepProgress, Heartbeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared(Event):
    """The run will not be started; see `runners.state.spare`."""

    kind: ClassVar[str] = "spared"
    why: str


# A worker's lines begin with the version of the protocol.
_OURS_START = '{"kind":'
_OURS: Mapping[str, type[Event]] = {
    cls.kind: cls
    for cls in (WorkerStarted, EpochObserved, LogLine, UnreadableLine, WorkerExited, Spared)
}


def to_line(event: Event) -> str:
    """An event as one line of JSON, without a newline."""
    if isinstance(event, WorkerEvent):
        return encode(event).decode().rstrip("\n")
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    if isinstance(event, EpochObserved):
        values["machine"] = asdict(event.machine)
    return json.dumps({"kind": event.kind, **values}, separators=(",", ":"))


def from_line(line: str) -> Event:
    """The event on a line; `UnreadableLine` where this version does not know it."""
    try:
        return _ours(line) if line.startswith(_OURS_START) else decode(line.encode())
    except (ProtocolError, UnicodeEncodeError):
        return UnreadableLine(text=line)


def apply_line(run: RunState, event: Event) -> RunState:
    """A run's state after something that was kept of it."""
    if isinstance(event, Spared):
        is_waiting = run.status is RunStatus.WAITING
        return replace(run, status=RunStatus.SPARED, spared=event.why) if is_waiting else run
    return apply_to_run(run, event)


def _ours(line: str) -> Event:
    """One of the launching side's events.

    Raises:
        ProtocolError: It is none that this version knows.
    """
    try:
        values = json.loads(line)
        cls = _OURS[values.pop("kind")]
        if cls is EpochObserved:
            values["machine"] = _machine(values["machine"])
        event = cls(**values)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ProtocolError(f"bad event: {error}") from error
    kinds = _kinds(cls.kind)
    if not all(_fits(getattr(event, name), kind) for name, kind in kinds.items()):
        raise ProtocolError(f"bad {cls.kind} event: wrong type")
    return event


@cache
def _kinds(kind: str) -> Mapping[str, Any]:
    cls = _OURS[kind]
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _fits(value: object, kind: Any) -> bool:  # noqa: ANN401 - a type, as hints have it
    return isinstance(value, (int, float) if kind is float else kind)


def _machine(values: Mapping[str, Any]) -> EpochMachine:
    """What the machine did, out of a line.

    Raises:
        ValueError: A value is none that can be.
        TypeError: The same, or there is one that this version does not know.
    """
    known = {name: value for name, value in values.items() if value is not None}
    if "energy_source" in known:
        known["energy_source"] = EnergySource(known["energy_source"])
    held_s = known.get("clock_limit_s", {})
    numbers = {**known, **held_s}
    for name in ("energy_source", "clock_limit_s"):
        numbers.pop(name, None)
    if not all(isinstance(number, int | float) for number in numbers.values()):
        raise TypeError("not a number")
    return EpochMachine(**known)
