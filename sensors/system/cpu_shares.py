"""What the processor's time went to between two looks."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from sensors.system.files import read_start
from sensors.system.hidden import unless_hidden
from sensors.system.summed_rate import WINDOW_S

# The lines of the cores come first; what follows can be much longer.
STAT_BYTES = 65_536

# User, system and idle time of a core, then iowait and steal where the system tells of them.
Times = tuple[float, ...]


class CpuShares:
    """Shares of the time of all cores, and the busy share of each.

    Args:
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it, for systems without `/proc`.
    """

    def __init__(self, root: Path, library: ModuleType) -> None:
        self._file = str(root / "proc/stat")
        self._library = library
        self._before: dict[int, Times] = {}
        self._read_at_s: float | None = None
        self._shares: dict[str, Any] = {}

    @property
    def core_ids(self) -> tuple[int, ...]:
        """The numbers of the cores at the last look, in the system's order."""
        return tuple(self._before)

    def read(self, now_s: float) -> dict[str, Any]:
        """Fields of a `HostReading`; none at first, or as cores come and go.

        Args:
            now_s: The monotonic clock.
        """
        if self._read_at_s is None or now_s - self._read_at_s >= WINDOW_S:
            self._read_at_s = now_s
            self._shares = self._since_last()
        return self._shares

    def _since_last(self) -> dict[str, Any]:
        now = _times_of(read_start(self._file, STAT_BYTES)) or self._library_times()
        before, self._before = self._before, now
        if not now or now.keys() != before.keys():
            return {}
        passed = [_since(now[core], before[core]) for core in now]
        totals = [sum(times) for times in passed]
        if min(totals) <= 0:
            return {}
        whole = sum(totals)
        user, system, idle, *others = (
            100 * sum(part) / whole for part in zip(*passed, strict=True)
        )
        iowait, steal = others or (None, None)
        return {
            "core_busy_pct": tuple(
                100 * (1 - _idle(times) / total)
                for times, total in zip(passed, totals, strict=True)
            ),
            "cpu_busy_pct": 100 - idle - (iowait or 0.0),
            "cpu_user_pct": user,
            "cpu_system_pct": system,
            "cpu_iowait_pct": iowait,
            "cpu_steal_pct": steal,
        }

    def _library_times(self) -> dict[int, Times]:
        cores: list[Any] = unless_hidden(lambda: self._library.cpu_times(percpu=True)) or []
        # Linux's times never come this way; other systems have no more than these.
        return {
            number: (times.user + getattr(times, "nice", 0.0), times.system, times.idle)
            for number, times in enumerate(cores)
        }


def _times_of(stat: bytes) -> dict[int, Times]:
    """The cores' times by number, out of `/proc/stat`."""
    cores: dict[int, Times] = {}
    for line in stat.split(b"\n")[1:]:
        if not line.startswith(b"cpu"):
            break
        # A guest's time, which comes after these, is counted as the user's already.
        number, *values = line.split(None, 9)[:9]
        if len(values) < 8:
            return {}
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, values)
        cores[int(number[3:])] = (user + nice, system + irq + softirq, idle, iowait, steal)
    return cores


def _since(now: Times, before: Times) -> Times:
    # The kernel's idle and iowait times can go back a little.
    return tuple([max(0.0, new - old) for new, old in zip(now, before, strict=True)])


def _idle(times: Times) -> float:
    return times[2] + (times[3] if len(times) > 3 else 0.0)
