"""The host: processor, memory, load, pressure, and what the control group leaves of them."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from sensors.readings import HostReading
from sensors.system.cgroup import ROOT, ControlGroup
from sensors.system.cores import UsableCores, usable_cores
from sensors.system.cpu_frequency import CpuFrequency
from sensors.system.cpu_power import CpuPower
from sensors.system.cpu_shares import CpuShares
from sensors.system.cpu_temperature import CpuTemperature
from sensors.system.cpu_throttling import CpuThrottling
from sensors.system.files import read_text
from sensors.system.hidden import unless_hidden
from sensors.system.memory import HostMemory
from sensors.system.summed_rate import SummedRate
from sensors.system.traffic import DiskTraffic, NetworkTraffic

SLOW_EVERY_S = 5.0
HEAT_EVERY_S = 2.0


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
        self._clock = clock
        self._wall_clock = wall_clock
        self._group = ControlGroup(root)
        self._group_time = SummedRate()
        self._cores = cores or (lambda: usable_cores(self._group))
        self._frequency = CpuFrequency(root, library)
        self._temperature = CpuTemperature(root)
        self._throttling = CpuThrottling(root)
        self._power = CpuPower(root)
        self._shares = CpuShares(root, library)
        self._memory = HostMemory(root, self._group, library)
        self._disks = DiskTraffic(root, library)
        self._network = NetworkTraffic(root, library)
        self._load_file = str(root / "proc/loadavg")
        self._pressure_files = {
            name: str(root / "proc/pressure" / name) for name in ("cpu", "io", "memory")
        }
        self._fixed = self._read_fixed(root)
        self._booted_at_s = unless_hidden(lambda: library.boot_time())
        self._slow: dict[str, Any] = {}
        self._heat: dict[str, Any] = {}
        self._slow_due_s = self._heat_due_s = clock()

    def read(self) -> HostReading:
        """Look at the host."""
        now_s = self._clock()
        shares = self._shares.read(now_s)
        if now_s >= self._slow_due_s:
            self._slow_due_s = now_s + SLOW_EVERY_S
            self._slow = self._read_cores() | {"frequency_mhz": self._frequency.read_mhz()}
        if now_s >= self._heat_due_s:
            self._heat_due_s = now_s + HEAT_EVERY_S
            self._heat = {
                "temperature_c": self._temperature.read_c(),
                "thermal_throttled_s": self._throttling.read_s(),
            }
        disk_read, disk_written = self._disks.read(now_s)
        received, sent = self._network.read(now_s)
        return HostReading(
            **self._fixed,
            **self._slow,
            **self._heat,
            **shares,
            **self._read_group(now_s),
            **self._read_load(),
            **self._memory.read(),
            **self._read_pressure(),
            uptime_s=self._wall_clock() - self._booted_at_s if self._booted_at_s else None,
            package_power_w=self._power.read_w(now_s),
            disk_read_bytes_per_s=disk_read,
            disk_write_bytes_per_s=disk_written,
            network_rx_bytes_per_s=received,
            network_tx_bytes_per_s=sent,
        )

    def _read_fixed(self, root: Path) -> dict[str, Any]:
        system = platform.uname()
        return {
            "hostname": system.node,
            "system": f"{system.system} {system.release}",
            "cpu_name": _cpu_name(root),
            "cores_total": os.cpu_count(),
            "frequency_max_mhz": self._frequency.max_mhz,
        }

    def _read_cores(self) -> dict[str, Any]:
        cores, total = self._cores(), self._fixed["cores_total"]
        shown = self._shares.core_ids
        # A container may show its own cores only, under numbers of its own.
        usable = [place for place, core in enumerate(shown) if core in cores.cpu_ids]
        return {
            "cores_usable": cores.share,
            "cores_limit": cores.limit(total) if total else None,
            "usable_core_ids": tuple(usable or range(len(shown))),
        }

    def _read_group(self, now_s: float) -> dict[str, Any]:
        time = self._group.cpu_time()
        used = {} if time.used_s is None else {time.group: time.used_s}
        return {
            "group_busy_cores": self._group_time.since_last(used, now_s),
            "throttled_s": time.throttled_s,
        }

    def _read_load(self) -> dict[str, Any]:
        names = ("load_1_min", "load_5_min", "load_15_min")
        fields = (read_text(self._load_file) or "").split()
        if len(fields) < 4:
            return dict(zip(names, unless_hidden(os.getloadavg) or (), strict=False))
        running, _, total = fields[3].partition("/")
        load = dict(zip(names, map(float, fields), strict=False))
        return load | {"tasks_running": int(running), "tasks_total": int(total)}

    def _read_pressure(self) -> dict[str, Any]:
        answers = {}
        for name, file in self._pressure_files.items():
            text = read_text(file) or ""
            answers[f"pressure_{name}_pct"] = _average_pct(text, "some")
            answers[f"pressure_{name}_s"] = _some_s(text)
            # That all tasks wait for a CPU means nothing for a whole machine.
            if name != "cpu":
                answers[f"pressure_{name}_full_pct"] = _average_pct(text, "full")
        return answers


def _average_pct(text: str, kind: str) -> float | None:
    _, found, rest = text.partition(f"{kind} avg10=")
    return float(rest.partition(" ")[0]) if found else None


def _some_s(text: str) -> float | None:
    """Seconds in which some task waited: the `total` of the first line, in microseconds."""
    _, found, rest = text.partition(" total=")
    return int(rest.partition("\n")[0]) / 1e6 if found and text.startswith("some ") else None


def _cpu_name(root: Path) -> str | None:
    for line in (read_text(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    model = read_text(root / "sys/firmware/devicetree/base/model") or ""
    return model.rstrip("\0\n") or platform.machine() or None
