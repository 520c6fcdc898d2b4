"""The doctor's look at the host: each file the sensors read, what it gave, and why not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sensors.readings import HostReading, ProcessReading, Reading
from sensors.system.files import read_text
from tui.commands.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Files that fields of the host's reading come from.

    Attributes:
        name: What they tell.
        fields: The fields, by name.
        files: Patterns for the files, below `/`.
        absent: What it means that there are none.
        forbidden: What to do where this user may not read them.
    """

    name: str
    fields: tuple[str, ...]
    files: tuple[str, ...]
    absent: str
    forbidden: str = "Give this user the right to read it."


_SOURCES = (
    _Source(
        name="cpu use",
        fields=(
            "cpu_busy_pct",
            "cpu_user_pct",
            "cpu_system_pct",
            "cpu_iowait_pct",
            "cpu_steal_pct",
        ),
        files=("proc/stat",),
        absent="Mount /proc.",
    ),
    _Source(
        name="cpu clock",
        fields=("frequency_mhz", "frequency_max_mhz"),
        files=("sys/devices/system/cpu/cpufreq/policy*/cpuinfo_max_freq",),
        absent="Virtual machines often hide the highest clock.",
    ),
    _Source(
        name="cpu heat",
        fields=("temperature_c",),
        files=("sys/class/hwmon/hwmon*/temp*_input",),
        absent="Virtual machines and containers have none; else load coretemp or k10temp.",
    ),
    _Source(
        name="heat slowdowns",
        fields=("thermal_throttled_s",),
        files=("sys/devices/system/cpu/cpu0/thermal_throttle/*_total_time_ms",),
        absent="Only Intel's processors count them, and only outside of virtual machines.",
    ),
    _Source(
        name="cpu power (RAPL)",
        fields=("package_power_w",),
        files=("sys/class/powercap/*-rapl:*/energy_uj",),
        absent="Virtual machines and many ARM processors have no such counter.",
        forbidden="Readable for root only, as it can leak secrets; run as root to see it.",
    ),
    _Source(
        name="load and tasks",
        fields=("load_1_min", "tasks_total", "tasks_running"),
        files=("proc/loadavg",),
        absent="Mount /proc.",
    ),
    _Source(
        name="memory",
        fields=("memory_used_bytes", "memory_total_bytes", "memory_cached_bytes"),
        files=("proc/meminfo",),
        absent="Mount /proc.",
    ),
    _Source(
        name="disks",
        fields=("disk_read_bytes_per_s", "disk_write_bytes_per_s"),
        files=("proc/diskstats",),
        absent="Some sandboxes hide it.",
    ),
    _Source(
        name="network",
        fields=("network_rx_bytes_per_s", "network_tx_bytes_per_s"),
        files=("proc/net/dev",),
        absent="Some sandboxes hide it.",
    ),
    _Source(
        name="pressure (PSI)",
        fields=(
            "pressure_cpu_pct",
            "pressure_io_pct",
            "pressure_memory_pct",
            "pressure_io_full_pct",
            "pressure_memory_full_pct",
        ),
        files=("proc/pressure/*",),
        absent="The kernel was built without PSI, or needs `psi=1` on its command line.",
    ),
    _Source(
        name="cgroup cpu time",
        fields=("group_busy_cores", "throttled_s"),
        files=("sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/cpu*/cpu.stat"),
        absent="No control groups are mounted here.",
    ),
)


def is_readable(file: Path) -> bool:
    """Whether this user may read a file."""
    return os.access(file, os.R_OK)


def host_checks(
    reading: Reading,
    root: Path = Path("/"),
    *,
    may_read: Callable[[Path], bool] = is_readable,
) -> Iterator[Check]:
    """Each source of the host's figures, the limits, and which processes can be seen.

    Args:
        reading: One look at the machine.
        root: Folder that stands for `/`.
        may_read: Tells whether this user may read a file.
    """
    for source in _SOURCES:
        yield _source(source, reading.host, root, may_read)
    yield _limits(reading.host, root)
    yield _processes(reading.processes, root)


def _source(
    source: _Source, host: HostReading, root: Path, may_read: Callable[[Path], bool]
) -> Check:
    values = {name: getattr(host, name) for name in source.fields}
    gave = ", ".join(
        f"{name} {_number(value)}" for name, value in values.items() if value is not None
    )
    missing = [name for name, value in values.items() if value is None]
    if not missing:
        return Check(name=source.name, ok=True, found=gave)
    why, remedy = _why_not(source, root, may_read)
    lacks = f"no {', '.join(missing)}: {why}"
    return Check(
        name=source.name, ok=None, found=f"{gave}; {lacks}" if gave else lacks, remedy=remedy
    )


def _why_not(
    source: _Source, root: Path, may_read: Callable[[Path], bool]
) -> tuple[str, str | None]:
    """Why a source gives nothing, and what to do."""
    files = [file for pattern in source.files for file in root.glob(pattern) if file.is_file()]
    if not files:
        return f"there is no /{source.files[0]}", source.absent
    closed = [file for file in files if not may_read(file)]
    if closed:
        return f"/{closed[0].relative_to(root)} is closed to this user", source.forbidden
    return f"/{files[0].relative_to(root)} does not tell it here", None


def _limits(host: HostReading, root: Path) -> Check:
    """The control group's version and what it and the affinity leave."""
    mounted = root / "sys/fs/cgroup"
    version = "no cgroup"
    if (mounted / "cgroup.controllers").exists():
        version = "cgroup version 2"
    elif (mounted / "cpu").exists() or (mounted / "memory").exists():
        version = "cgroup version 1"
    cores = f"{_number(host.cores_usable)} of {_number(host.cores_total)} cores"
    if host.cores_limit:
        cores += f" (limited by {host.cores_limit})"
    memory = f"{_number(host.memory_total_bytes)} bytes of memory"
    if host.memory_limit:
        memory += f" (limited by {host.memory_limit})"
    return Check(name="limits", ok=True, found=f"{version}; {cores}; {memory}")


def _processes(rows: tuple[ProcessReading, ...], root: Path) -> Check:
    """How many processes can be seen, and whether the GPUs' are among them."""
    shown = sum(entry.name.isdecimal() for entry in (root / "proc").iterdir())
    found = f"{shown} processes in /proc"
    mounts = (read_text(root / "proc/self/mounts") or "").splitlines()
    hides = any(" /proc proc " in line and "hidepid=" in line for line in mounts)
    if hides:
        found += ", mounted with hidepid"
    on_gpu = {row.pid: row.command is not None for row in rows if row.gpu_uuid is not None}
    hidden = sum(not seen for seen in on_gpu.values())
    if on_gpu:
        found += f"; {len(on_gpu) - hidden} of {len(on_gpu)} GPU processes can be seen"
    remedy = None
    if hidden:
        remedy = "The driver gives ids of the host: start the container with --pid=host."
    if hides:
        remedy = "Other users' processes are hidden; root sees them."
    return Check(name="processes", ok=None if remedy else True, found=found, remedy=remedy)


def _number(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
