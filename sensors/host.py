"""The host: processor, memory, load, pressure, and what the control group leaves of them."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any, TypeVar

import psutil

from sensors.cgroup import ROOT, ControlGroup
from sensors.cores import UsableCores, usable_cores
from sensors.cpu_temperature import CpuTemperature
from sensors.files import read_int, read_numbers, read_text
from sensors.readings import HostReading

SLOW_EVERY_S = 5.0
TEMPERATURE_EVERY_S = 2.0
KIB = 1024
# What psutil raises where a system or a container hides something.
_HIDDEN = (OSError, psutil.Error, AttributeError, NotImplementedError, ValueError, IndexError)

T = TypeVar("T")


class Host:
    """The machine around the GPUs.

    The first reading knows no rates: these need two looks.

    Args:
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it.
        clock: Monotonic clock, in seconds.
        wall_clock: Wall clock, in seconds since the epoch.
        cores: Tells which cores this process may use; None asks the system.
    """

    def __init__(
        self,
        root: Path = ROOT,
        *,
        library: ModuleType = psutil,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        cores: Callable[[], UsableCores] | None = None,
    ) -> None:
        self._root = root
        self._library = library
        self._clock = clock
        self._wall_clock = wall_clock
        self._group = ControlGroup(root)
        self._cores = cores or (lambda: usable_cores(self._group))
        self._temperature = CpuTemperature(root)
        self._busy = _BusyShares()
        self._fixed = self._read_fixed()
        self._booted_at_s = _unless_hidden(lambda: library.boot_time())
        self._slow: dict[str, Any] = {}
        self._slow_due_s = self._temperature_due_s = clock()
        self._temperature_c: float | None = None

    def read(self) -> HostReading:
        """Look at the host."""
        now_s = self._clock()
        if now_s >= self._slow_due_s:
            self._slow_due_s = now_s + SLOW_EVERY_S
            self._slow = self._read_cores() | {"frequency_mhz": self._frequency_mhz()}
        if now_s >= self._temperature_due_s:
            self._temperature_due_s = now_s + TEMPERATURE_EVERY_S
            self._temperature_c = self._temperature.read_c()
        load = _unless_hidden(os.getloadavg) or (None, None, None)
        times = _unless_hidden(lambda: self._library.cpu_times(percpu=True)) or []
        cores = self._busy.since_last(times)
        return HostReading(
            **self._fixed,
            **self._slow,
            **self._read_memory(),
            uptime_s=self._wall_clock() - self._booted_at_s if self._booted_at_s else None,
            cpu_busy_pct=fmean(cores) if cores else None,
            core_busy_pct=cores,
            temperature_c=self._temperature_c,
            load_1_min=load[0],
            load_5_min=load[1],
            load_15_min=load[2],
            pressure_cpu_pct=self._pressure_pct("cpu"),
            pressure_io_pct=self._pressure_pct("io"),
            pressure_memory_pct=self._pressure_pct("memory"),
            throttled_s=self._group.throttled_s(),
        )

    def _read_fixed(self) -> dict[str, Any]:
        system = platform.uname()
        return {
            "hostname": system.node,
            "system": f"{system.system} {system.release}",
            "cpu_name": _cpu_name(self._root),
            "cores_total": os.cpu_count(),
        }

    def _read_cores(self) -> dict[str, Any]:
        cores, total = self._cores(), self._fixed["cores_total"]
        limit = None
        if cores.quota is not None and cores.quota <= (len(cores.cpu_ids) or total or 1):
            limit = "cgroup"
        elif total is not None and cores.share < total:
            limit = "affinity"
        return {"cores_usable": cores.share, "cores_limit": limit}

    def _read_memory(self) -> dict[str, Any]:
        memory = _memory_of(read_numbers(self._root / "proc/meminfo")) or self._library_memory()
        group = self._group.memory(below_bytes=memory.get("memory_total_bytes"))
        if group is None:
            return memory
        limited = {"memory_used_bytes": group.used_bytes, "memory_total_bytes": group.limit_bytes}
        return memory | limited | {"memory_limit": "cgroup"}

    def _library_memory(self) -> dict[str, int]:
        answers = {}
        if memory := _unless_hidden(lambda: self._library.virtual_memory()):
            answers["memory_used_bytes"] = memory.total - memory.available
            answers["memory_total_bytes"] = memory.total
        if swap := _unless_hidden(lambda: self._library.swap_memory()):
            answers |= {"swap_used_bytes": swap.used, "swap_total_bytes": swap.total}
        return answers

    def _frequency_mhz(self) -> float | None:
        """The mean over all cores.

        The list of processors is read before the frequency files: older kernels wait 20 ms for
        each of those, but only once for the list.
        """
        lines = (read_text(self._root / "proc/cpuinfo") or "").splitlines()
        mhz = [float(line.partition(":")[2]) for line in lines if line.startswith("cpu MHz")]
        if not mhz:
            policies = (self._root / "sys/devices/system/cpu/cpufreq").glob("policy*")
            khz = [read_int(policy / "scaling_cur_freq") for policy in policies]
            mhz = [value / 1e3 for value in khz if value is not None]
        if mhz:
            return fmean(mhz)
        frequency = _unless_hidden(lambda: self._library.cpu_freq())
        return frequency.current or None if frequency else None

    def _pressure_pct(self, resource: str) -> float | None:
        text = read_text(self._root / "proc/pressure" / resource) or ""
        _, found, rest = text.partition("some avg10=")
        return float(rest.split()[0]) if found else None


class _BusyShares:
    """The busy share of each core between two looks at its times."""

    def __init__(self) -> None:
        self._before: list[tuple[float, float]] = []

    def since_last(self, times: list[Any]) -> tuple[float, ...]:
        """Shares in percent; empty where unknown: at first, or as cores come and go."""
        now = [_idle_and_total(core) for core in times]
        before, self._before = self._before, now
        if not now or len(now) != len(before):
            return ()
        shares = []
        for (idle, total), (idle_before, total_before) in zip(now, before, strict=True):
            passed = total - total_before
            if passed <= 0:
                return ()
            shares.append(100 * min(max(1 - (idle - idle_before) / passed, 0.0), 1.0))
        return tuple(shares)


def _idle_and_total(times: Any) -> tuple[float, float]:  # noqa: ANN401 - a named tuple by system
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Linux counts a guest's time as the user's as well.
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return idle, sum(times) - guest


def _memory_of(kib: dict[str, int]) -> dict[str, int]:
    """Memory and swap out of `/proc/meminfo`; empty on other systems."""
    answers = {}
    if "MemTotal" in kib and "MemAvailable" in kib:
        answers["memory_used_bytes"] = (kib["MemTotal"] - kib["MemAvailable"]) * KIB
        answers["memory_total_bytes"] = kib["MemTotal"] * KIB
    if "SwapTotal" in kib and "SwapFree" in kib:
        answers["swap_used_bytes"] = (kib["SwapTotal"] - kib["SwapFree"]) * KIB
        answers["swap_total_bytes"] = kib["SwapTotal"] * KIB
    return answers


def _cpu_name(root: Path) -> str | None:
    for line in (read_text(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    model = read_text(root / "sys/firmware/devicetree/base/model") or ""
    return model.rstrip("\0\n") or platform.machine() or None


def _unless_hidden(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except _HIDDEN:
        return None
