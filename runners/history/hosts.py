"""Which machine this is, and whether a process on it still lives."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from sensors.process_table import ProcessTable, system_table

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
# The time of the start comes from the clock, which may have been set a little in between.
_SAME_START_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine.

    Attributes:
        name: Its host name.
        id: Tells it from others of the same name; says nothing else about it.
    """

    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of this machine; its start tells it from a later one of the same id.

    Attributes:
        pid: Process id.
        started_at_s: When it started, seconds since the epoch; None where unknown.
    """

    pid: int
    started_at_s: float | None


def this_host() -> Host:
    """The machine this runs on."""
    name = platform.node()
    machine_id = next((text for path in _MACHINE_IDS if (text := _text(path))), "")
    digest = hashlib.sha256(f"racetop\n{name}\n{machine_id}".encode(errors="replace"))
    return Host(name=name, id=digest.hexdigest()[:16])


def this_process() -> Process:
    """The process this runs in."""
    counters = system_table().counters(os.getpid())
    return Process(pid=os.getpid(), started_at_s=counters.started_at_s if counters else None)


def is_alive(process: Process, table: ProcessTable | None = None) -> bool:
    """Whether that very process still runs.

    Args:
        process: A process of this machine.
        table: Where to look; None is this system's.
    """
    now = (table or system_table()).counters(process.pid)
    if now is None or now.state == "Z":
        return False
    known_s = process.started_at_s
    return known_s is None or abs(now.started_at_s - known_s) <= _SAME_START_S


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
