"""Signals to processes: to the one that was meant, or a refusal with its reason."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sensors.process_table import ProcessTable, system_table
from sensors.readings import ProcessReading

# Start times are counted in hundredths of a second.
SAME_START_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedSignal:
    """A signal as it is offered.

    Attributes:
        number: What is sent.
        meaning: What it is for, in one line.
    """

    number: signal.Signals
    meaning: str

    @property
    def name(self) -> str:
        """Its short name, as `kill` has it: `TERM`."""
        return self.number.name.removeprefix("SIG")


OFFERED = tuple(
    OfferedSignal(number=number, meaning=meaning)
    for number, meaning in (
        (signal.SIGTERM, "end in good order: the usual way"),
        (signal.SIGINT, "interrupt, as Ctrl+C does: training often saves its state"),
        (signal.SIGKILL, "end at once: cannot be caught, nothing is saved"),
        (signal.SIGHUP, "terminal is gone; many services read their settings again"),
        (signal.SIGQUIT, "end and leave a core dump, or print a traceback"),
        (signal.SIGSTOP, "stop for now: cannot be caught; device memory stays taken"),
        (signal.SIGCONT, "go on after a stop"),
        (signal.SIGUSR1, "what the program makes of it; ends those that make nothing"),
        (signal.SIGUSR2, "what the program makes of it; ends those that make nothing"),
    )
)


class Refusal(StrEnum):
    """Why a signal was not sent."""

    GONE = "gone"
    REUSED = "reused"
    ENDED = "ended"
    NOT_VISIBLE = "not-visible"
    NOT_PERMITTED = "not-permitted"
    PROTECTED = "protected"


class SignalRefusedError(Exception):
    """A signal that was not sent, in words for people.

    Attributes:
        reason: The kind of refusal.
        what: What happened and why, in a sentence.
        remedy: What to do.
    """

    def __init__(self, reason: Refusal, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.reason = reason
        self.what = what
        self.remedy = remedy


class OpenProcess(Protocol):
    """A process that is held on to, whoever gets its id later."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal.

        Raises:
            ProcessLookupError: It is gone.
            PermissionError: This user may not.
        """

    def close(self) -> None:
        """Let go."""


def open_process(pid: int) -> OpenProcess:
    """Hold on to a process, by a descriptor where the system has such.

    Raises:
        ProcessLookupError: It is gone.
    """
    if hasattr(os, "pidfd_open"):
        try:
            return _ByDescriptor(pid)
        except ProcessLookupError:
            raise
        except OSError:  # a kernel without them, or a sandbox that forbids them
            pass
    return _ById(pid)


def refusal(process: ProcessReading) -> SignalRefusedError | None:
    """Why no signal can be sent to a process, as far as that is known without trying.

    Args:
        process: The process, as it was listed.
    """
    pid = process.pid
    if process.started_at_s is None:
        return SignalRefusedError(
            Refusal.NOT_VISIBLE,
            f"Process {pid} cannot be seen from here: it runs outside of this container, is hidden "
            "from this user, or has just ended.",
            "Signal it on the host, or where it was started.",
        )
    if pid <= 1:
        return SignalRefusedError(
            Refusal.PROTECTED,
            f"Process {pid} is the one on which all others depend.",
            "To end everything, shut the machine down or stop the container.",
        )
    if pid == os.getpid():
        return SignalRefusedError(
            Refusal.PROTECTED, f"Process {pid} is racetop itself.", "Press q to quit it."
        )
    if process.state == "Z":
        return SignalRefusedError(
            Refusal.ENDED,
            f"Process {pid} has ended already; it waits until process "
            f"{process.parent_pid or '?'}, which started it, takes note (zombie).",
            "It uses nothing but its id, and goes at the latest with that process.",
        )
    return None


def send_signal(
    process: ProcessReading,
    number: signal.Signals,
    *,
    table: ProcessTable | None = None,
    open_by_id: Callable[[int], OpenProcess] = open_process,
) -> None:
    """Send a signal to the very process that was listed.

    Args:
        process: The process, as it was listed: its id and its start time identify it.
        number: What to send.
        table: Where to look the process up; None is this system's.
        open_by_id: How to get hold of it.

    Raises:
        SignalRefusedError: It was not sent.
    """
    if refused := refusal(process):
        raise refused
    try:
        with closing(open_by_id(process.pid)) as held:
            # What is held stays the same process; the check tells whether it is the one meant.
            _check_identity(process, table or system_table())
            held.send(number)
    except ProcessLookupError:
        raise _gone(process) from None
    except PermissionError:
        whose = process.user or "another user"
        raise SignalRefusedError(
            Refusal.NOT_PERMITTED,
            f"Process {process.pid} belongs to {whose}, and only its owner and root may signal it.",
            f"Ask {whose}, or use sudo: sudo kill -{number.name.removeprefix('SIG')} {process.pid}",
        ) from None


def _check_identity(process: ProcessReading, table: ProcessTable) -> None:
    now = table.counters(process.pid)
    if now is None:
        raise _gone(process)
    if process.started_at_s is None or abs(now.started_at_s - process.started_at_s) > SAME_START_S:
        raise SignalRefusedError(
            Refusal.REUSED,
            f"Process {process.pid} has ended, and its id is another process's now: {now.name}.",
            "Nothing was sent. Choose again from the newest list.",
        )


def _gone(process: ProcessReading) -> SignalRefusedError:
    return SignalRefusedError(
        Refusal.GONE, f"Process {process.pid} has ended already.", "There is nothing left to do."
    )


class _ByDescriptor:
    """A process held by a descriptor (Linux 5.3)."""

    def __init__(self, pid: int) -> None:
        self._descriptor = os.pidfd_open(pid)

    def send(self, number: signal.Signals) -> None:
        """See `OpenProcess.send`."""
        signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """See `OpenProcess.close`."""
        os.close(self._descriptor)


class _ById:
    """A process known by its id: between look and signal the id could pass to another."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def send(self, number: signal.Signals) -> None:
        """See `OpenProcess.send`."""
        os.kill(self._pid, number)

    def close(self) -> None:
        """See `OpenProcess.close`."""
