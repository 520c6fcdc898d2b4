"""What the launching side adds about a worker: its start, its log and its end.

These never travel, but flow through the same pure state as what the worker says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from runners.events import Event
from runners.machine.figures import EpochMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """The worker process exists."""

    kind: ClassVar[str] = "worker_started"
    pid: int
    mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Event):
    """A line the worker printed; text that is not ours, control characters included."""

    kind: ClassVar[str] = "log"
    stream: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLine(Event):
    """Something on the event channel that is not an event."""

    kind: ClassVar[str] = "unreadable"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExited(Event):
    """The worker process is gone; always the last event of a run.

    Attributes:
        returncode: Exit status; negative when a signal ended it.
        stopped: Whether racetop had asked it to stop.
        oom_killed: Whether the kernel's out-of-memory killer was seen at work meanwhile.
        mono_s: Monotonic clock when it was gone.
    """

    kind: ClassVar[str] = "worker_exited"
    returncode: int
    stopped: bool
    oom_killed: bool
    mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochObserved(Event):
    """What the machine did during an epoch; comes some time after the epoch's end.

    Attributes:
        epoch: Its number, counted from 1.
        machine: The figures.
    """

    kind: ClassVar[str] = "epoch_observed"
    epoch: int
    machine: EpochMachine
