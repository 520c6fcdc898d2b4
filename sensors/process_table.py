"""The system's table of processes: counters that are cheap to read, details read once."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

import psutil

from sensors.containers import Containers
from sensors.system.cgroup import ROOT
from sensors.system.files import read_link, read_numbers, read_start

STAT_BYTES = 2048
COMMAND_BYTES = 4096
KERNEL_THREAD = 0x00200000
# The number that Linux gives the PID namespace of the machine itself.
MACHINE_NAMESPACE = "pid:[4026531836]"
GPU_DEVICES = ("/dev/nvidia", "/dev/dxg")
_LETTERS = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_SLEEPING: "S",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_IDLE: "I",
}


@dataclass(frozen=True, slots=True)
class Counters:
    """What changes about a process; see `ProcessReading` for the fields.

    Attributes:
        started_at_s: Tells it from a later process of the same id.
        name: Short name of the program; it changes as the process starts another one.
    """

    started_at_s: float
    cpu_time_s: float
    memory_bytes: int
    parent_pid: int | None = None
    state: str | None = None
    threads: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """What hardly changes about a process; see `ProcessReading` for the fields."""

    user: str | None = None
    command: str | None = None
    container: str | None = None


class ProcessTable(Protocol):
    """A way to read the processes; each method skips over those that are gone."""

    def pids(self) -> set[int]:
        """All processes that run programs."""

    def counters(self, pid: int) -> Counters | None:
        """What a process has used; None where it is gone or hidden.

        The same object as before means that nothing has changed.
        """

    def details(self, pid: int) -> Details | None:
        """Whose it is and what it runs; None where it is gone."""

    def is_drivers(self, pid: int) -> bool:
        """Whether the process to which the driver gives this id is the one seen here."""


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
        self._booted_at_s = _booted_at_s(root)
        self._kernel_threads: set[int] = set()
        self._containers = Containers(root)
        self._seen: dict[int, tuple[bytes, Counters]] = {}
        namespace = read_link(f"{self._folder}/self/ns/pid")
        self._is_container = namespace not in ("", MACHINE_NAMESPACE)

    def pids(self) -> set[int]:
        """All processes that run programs."""
        pids = {int(name) for name in os.listdir(self._folder) if name.isdecimal()}  # noqa: PTH208
        self._kernel_threads &= pids
        for pid in self._seen.keys() - pids:
            del self._seen[pid]
        return pids - self._kernel_threads

    def counters(self, pid: int) -> Counters | None:
        """What a process has used; None where it is gone or hidden."""
        stat = read_start(f"{self._folder}/{pid}/stat", STAT_BYTES)
        seen = self._seen.get(pid)
        # Most processes of a machine sleep: their line is the same as at the last look.
        if seen is not None and seen[0] == stat:
            return seen[1]
        # The name, in parentheses, may hold spaces and parentheses itself.
        name_end = stat.rfind(b")")
        fields = stat[name_end + 2 :].split(None, 22)
        if len(fields) < 22:
            self._seen.pop(pid, None)
            return None
        if int(fields[6]) & KERNEL_THREAD:
            self._kernel_threads.add(pid)
            return None
        counters = Counters(
            started_at_s=self._booted_at_s + int(fields[19]) / self._ticks_per_s,
            cpu_time_s=(int(fields[11]) + int(fields[12])) / self._ticks_per_s,
            memory_bytes=int(fields[21]) * self._page_bytes,
            parent_pid=int(fields[1]) or None,
            state=fields[0].decode(),
            threads=int(fields[17]),
            name=stat[stat.find(b"(") + 1 : name_end].decode(errors="replace"),
        )
        self._seen[pid] = (stat, counters)
        return counters

    def details(self, pid: int) -> Details | None:
        """Whose it is and what it runs; None where it is gone."""
        folder = f"{self._folder}/{pid}"
        counters = self.counters(pid)
        if counters is None:
            return None
        try:
            user = _user_name(os.stat(folder).st_uid)  # noqa: PTH116 - a plain string is cheaper
        except OSError:
            return None
        arguments = read_start(f"{folder}/cmdline", COMMAND_BYTES).decode(errors="replace")
        command = _one_line(arguments.replace("\0", " ")) or f"[{_one_line(counters.name)}]"
        return Details(user=user, command=command, container=self._containers.name_of(pid))

    def is_drivers(self, pid: int) -> bool:
        """Whether the process to which the driver gives this id is the one seen here.

        In a container the driver may tell ids of the machine: here they can be those of any
        other process. The one that is meant has a GPU's device file open.
        """
        if not self._is_container:
            return True
        folder = f"{self._folder}/{pid}/fd"
        try:
            files = os.listdir(folder)  # noqa: PTH208
        except OSError:
            return False
        return any(read_link(f"{folder}/{file}").startswith(GPU_DEVICES) for file in files)


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
                times = process.cpu_times()
                return Counters(
                    started_at_s=process.create_time(),
                    cpu_time_s=times.user + times.system,
                    memory_bytes=process.memory_info().rss,
                    parent_pid=process.ppid() or None,
                    state=_LETTERS.get(process.status()),
                    threads=process.num_threads(),
                    name=process.name(),
                )
        except (psutil.Error, OSError):
            return None

    def details(self, pid: int) -> Details | None:
        """Whose it is and what it runs; None where it is gone."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                command = _one_line(" ".join(process.cmdline())) or process.name()
                return Details(user=process.username(), command=command)
        except (psutil.Error, OSError, KeyError):
            return None

    def is_drivers(self, pid: int) -> bool:
        """There are no PID namespaces on these systems."""
        del pid
        return True


@cache
def _booted_at_s(root: Path) -> float:
    """When the machine started, on the wall clock.

    Looked up once, so that a process keeps its start time, which identifies it, when the wall
    clock is set.
    """
    booted_at_s = read_numbers(root / "proc/stat").get("btime")
    if booted_at_s is not None:
        return booted_at_s
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _one_line(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=256)
def _user_name(user_id: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
