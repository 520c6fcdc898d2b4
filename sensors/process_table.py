"""The system's table of processes: counters that are cheap to read, details read once."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import psutil

from sensors.cgroup import ROOT
from sensors.files import read_numbers, read_text

COMMAND_BYTES = 4096
KERNEL_THREAD = 0x00200000


@dataclass(frozen=True, slots=True)
class Counters:
    """What a process has used so far.

    Attributes:
        started: Tells it from a later process of the same id; in the system's own unit.
        cpu_s: CPU time, in seconds.
        memory_bytes: Resident memory.
    """

    started: float
    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Details:
    """What does not change about a process; see `ProcessReading` for the fields."""

    user: str | None = None
    command: str | None = None
    started_at_s: float | None = None


class ProcessTable(Protocol):
    """A way to read the processes; each method skips over those that are gone."""

    def pids(self) -> set[int]:
        """All processes that run programs."""

    def counters(self, pid: int) -> Counters | None:
        """What a process has used; None where it is gone or hidden."""

    def details(self, pid: int) -> Details:
        """Who started what, and when."""


def system_table() -> ProcessTable:
    """The table of this system."""
    return ProcFs() if sys.platform == "linux" else PsutilTable()


class ProcFs:
    """The table in `/proc`. Kernel threads are looked at once and then left out.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._folder = str(root / "proc")
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._booted_at_s = read_numbers(root / "proc/stat").get("btime")
        self._kernel_threads: set[int] = set()

    def pids(self) -> set[int]:
        """All processes that run programs."""
        pids = {int(name) for name in os.listdir(self._folder) if name.isdecimal()}  # noqa: PTH208
        self._kernel_threads &= pids
        return pids - self._kernel_threads

    def counters(self, pid: int) -> Counters | None:
        """What a process has used; None where it is gone or hidden."""
        stat = _read_start(f"{self._folder}/{pid}/stat")
        # The name, in parentheses, may hold spaces and parentheses itself.
        fields = stat[stat.rfind(b")") + 2 :].split()
        if len(fields) < 22:
            return None
        if int(fields[6]) & KERNEL_THREAD:
            self._kernel_threads.add(pid)
            return None
        return Counters(
            started=int(fields[19]),
            cpu_s=(int(fields[11]) + int(fields[12])) / self._ticks_per_s,
            memory_bytes=int(fields[21]) * self._page_bytes,
        )

    def details(self, pid: int) -> Details:
        """Who started what, and when."""
        folder = f"{self._folder}/{pid}"
        arguments = _read_start(f"{folder}/cmdline").decode(errors="replace")
        command = _one_line(arguments.replace("\0", " "))
        if not command:
            command = f"[{_one_line(read_text(f'{folder}/comm') or '')}]"
        try:
            user = _user_name(os.stat(folder).st_uid)  # noqa: PTH116 - a plain string is cheaper
        except OSError:
            return Details()
        counters = self.counters(pid)
        started_at_s = None
        if counters is not None and self._booted_at_s is not None:
            started_at_s = self._booted_at_s + counters.started / self._ticks_per_s
        return Details(user=user, command=command, started_at_s=started_at_s)


class PsutilTable:
    """The table as psutil reads it, on systems without `/proc`."""

    def pids(self) -> set[int]:
        """All processes."""
        return set(psutil.pids())

    def counters(self, pid: int) -> Counters | None:
        """What a process has used; None where it is gone or another user's."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
                started = process.create_time()
        except (psutil.Error, OSError):
            return None
        return Counters(started=started, cpu_s=times.user + times.system, memory_bytes=memory.rss)

    def details(self, pid: int) -> Details:
        """Who started what, and when."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                return Details(
                    user=process.username(),
                    command=_one_line(" ".join(process.cmdline())) or process.name(),
                    started_at_s=process.create_time(),
                )
        except (psutil.Error, OSError, KeyError):
            return Details()


def _read_start(path: str) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, COMMAND_BYTES)
    except OSError:
        return b""
    finally:
        os.close(file)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=256)
def _user_name(user_id: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
