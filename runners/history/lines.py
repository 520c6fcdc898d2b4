"""What happened to a run as text, and back: a worker's events as they travel, and ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, get_type_hints

from runners.events import Event, Heartbeat, StepProgress, WorkerEvent
from runners.events.wire import ProtocolError, decode, encode
from runners.process_events import LogLine, UnreadableLine, WorkerExited, WorkerStarted
from runners.state import RunState, RunStatus, apply_to_run

# Signs of life: of no use once the run has moved on.
NOT_KEPT = (StepProgress, Heartbeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared(Event):
    """The run will not be started; see `runners.state.spare`."""

    kind: ClassVar[str] = "spared"
    why: str


_OURS: Mapping[str, type[Event]] = {
    cls.kind: cls for cls in (WorkerStarted, LogLine, UnreadableLine, WorkerExited, Spared)
}


def to_line(event: Event) -> str:
    """An event as one line of JSON, without a newline."""
    if isinstance(event, WorkerEvent):
        return encode(event).decode().rstrip("\n")
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    return json.dumps({"kind": event.kind, **values}, separators=(",", ":"))


def from_line(line: str) -> Event:
    """The event on a line; `UnreadableLine` where this version does not know it."""
    try:
        return _ours(line) or decode(line.encode())
    except (ProtocolError, UnicodeEncodeError):
        return UnreadableLine(text=line)


def apply_line(run: RunState, event: Event) -> RunState:
    """A run's state after something that was kept of it."""
    if isinstance(event, Spared):
        is_waiting = run.status is RunStatus.WAITING
        return replace(run, status=RunStatus.SPARED, spared=event.why) if is_waiting else run
    return apply_to_run(run, event)


def _ours(line: str) -> Event | None:
    """One of the launching side's events; None where it is not one."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    cls = _OURS.get(str(values.pop("kind", None))) if isinstance(values, dict) else None
    if cls is None:
        return None
    try:
        event = cls(**values)
    except TypeError as error:
        raise ProtocolError(f"bad {cls.kind} event: {error}") from error
    hints = get_type_hints(cls)
    if not all(_fits(value, hints[name]) for name, value in asdict(event).items()):
        raise ProtocolError(f"bad {cls.kind} event: wrong type")
    return event


def _fits(value: object, kind: Any) -> bool:  # noqa: ANN401 - a type, as hints have it
    return isinstance(value, (int, float) if kind is float else kind)
