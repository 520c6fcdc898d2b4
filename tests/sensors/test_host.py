"""The host, read from a made-up file tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sensors.host import HEAT_EVERY_S, SLOW_EVERY_S, Host
from sensors.readings import HostReading
from sensors.system.cores import UsableCores
from tests.fakes.clock import FakeClock
from tests.fakes.files import write_files

CORES = UsableCores(cpu_ids=(0, 1), quota=None, count=2)


class FakePsutil(ModuleType):
    """What the host asks psutil for."""

    def __init__(self) -> None:
        super().__init__("psutil")

    def boot_time(self) -> float:
        return 1000.0

    def cpu_freq(self) -> None:
        return None


def host(root: Path, clock: FakeClock | None = None, **options: Any) -> Host:
    options.setdefault("library", FakePsutil())
    options.setdefault("cores", lambda: CORES)
    return Host(root, clock=clock or FakeClock(), wall_clock=lambda: 5000.0, **options)


def read(root: Path, files: dict[str, str]) -> HostReading:
    return host(write_files(root, files)).read()


RATES = (
    "cpu_busy_pct",
    "cpu_user_pct",
    "cpu_system_pct",
    "cpu_iowait_pct",
    "cpu_steal_pct",
    "group_busy_cores",
    "package_power_w",
    "disk_read_bytes_per_s",
    "disk_write_bytes_per_s",
    "network_rx_bytes_per_s",
    "network_tx_bytes_per_s",
)


def test_the_first_look_knows_no_rates(tmp_path: Path) -> None:
    machine, clock = busy_machine(tmp_path)
    first = machine.read()
    rates = {name: getattr(first, name) for name in RATES}
    assert rates == dict.fromkeys(RATES)
    assert first.core_busy_pct == ()
    assert first.tasks_total == 94
    clock.advance(1)
    second = machine.read()
    assert None not in [getattr(second, name) for name in RATES]


class MovingClock(FakeClock):
    """A clock with which the counters of a made-up machine go on."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """One second is a hundred ticks, a million microjoules, ..."""
        super().advance(seconds)
        s = int(self.now_s)
        write_files(
            self._root,
            {
                "proc/stat": "".join(
                    f"{core} {20 * s} {5 * s} {10 * s} {50 * s} {5 * s} {s} {s} {8 * s} 0 0\n"
                    for core in ("cpu", "cpu0", "cpu1")
                ),
                "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 600 kB\n",
                "proc/loadavg": "1.54 1.50 1.31 2/94 9378\n",
                "proc/diskstats": f" 8 0 sda 1 2 {2 * s} 4 5 6 {4 * s} 8 9 10 11\n",
                "proc/net/dev": f"h\nh\n  eth0: {3 * s} 0 0 0 0 0 0 0 {7 * s} 0 0 0 0 0 0 0\n",
                "sys/class/powercap/intel-rapl:0/name": "package-0\n",
                "sys/class/powercap/intel-rapl:0/energy_uj": f"{65_000_000 * s}\n",
                "sys/fs/cgroup/cpu.stat": f"usage_usec {1_500_000 * s}\nthrottled_usec {s}\n",
                "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
                "proc/self/cgroup": "0::/\n",
            },
        )


def busy_machine(root: Path, **options: Any) -> tuple[Host, MovingClock]:
    for name in ("block/sda", "class/net/eth0"):
        link = root / "sys" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../devices/pci0000:00/{name}")
    clock = MovingClock(root)
    return host(root, clock, **options), clock


def test_each_source_reaches_its_field(tmp_path: Path) -> None:
    machine, clock = busy_machine(tmp_path)
    machine.read()
    clock.advance(2)
    reading = machine.read()
    assert reading.core_busy_pct == pytest.approx((45, 45))
    assert reading.cpu_busy_pct == pytest.approx(45)
    assert (reading.cpu_user_pct, reading.cpu_system_pct) == pytest.approx((25, 12))
    assert (reading.cpu_iowait_pct, reading.cpu_steal_pct) == pytest.approx((5, 8))
    assert (reading.tasks_running, reading.tasks_total) == (2, 94)
    assert (reading.load_1_min, reading.load_5_min, reading.load_15_min) == (1.54, 1.5, 1.31)
    assert (reading.disk_read_bytes_per_s, reading.disk_write_bytes_per_s) == (1024, 2048)
    assert (reading.network_rx_bytes_per_s, reading.network_tx_bytes_per_s) == (3, 7)
    assert reading.package_power_w == pytest.approx(65)
    assert reading.group_busy_cores == pytest.approx(1.5)
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (400 * 1024, 1000 * 1024)


def test_no_look_starts_a_process_or_asks_a_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a slow command nor a dead mount can stall it."""

    def forbidden(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("this can take for ever")

    for name in ("statvfs", "posix_spawn", "fork", "system", "popen"):
        monkeypatch.setattr(os, name, forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    machine, clock = busy_machine(tmp_path)
    machine.read()
    clock.advance(SLOW_EVERY_S)
    assert machine.read().cpu_busy_pct is not None


def test_a_source_that_fails_for_once_comes_back(tmp_path: Path) -> None:
    """Nothing but a missing permission is settled at the start."""
    machine, clock = busy_machine(tmp_path)
    machine.read()
    for name in ("proc/stat", "proc/diskstats", "proc/net/dev", "proc/loadavg"):
        (tmp_path / name).unlink()
    blind = machine.read()
    assert (blind.cpu_busy_pct, blind.disk_read_bytes_per_s, blind.network_rx_bytes_per_s) == (
        None,
        None,
        None,
    )
    for _ in range(2):
        clock.advance(1)
        reading = machine.read()
    assert reading.cpu_busy_pct == pytest.approx(45)
    assert reading.disk_read_bytes_per_s == 1024
    assert reading.network_rx_bytes_per_s == 3


def test_a_quota_and_a_cpuset_give_what_the_bars_stand_against(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1.5 of 2 cores' time of the group, not of the host."""
    monkeypatch.setattr("os.cpu_count", lambda: 96)
    limited = UsableCores(cpu_ids=(0, 1), quota=1.5, count=1)
    machine, clock = busy_machine(tmp_path, cores=lambda: limited)
    machine.read()
    clock.advance(1)
    reading = machine.read()
    assert (reading.cores_usable, reading.cores_total) == (1.5, 96)
    assert reading.cores_limit == "cgroup"
    assert reading.group_busy_cores == pytest.approx(1.5)
    assert reading.usable_core_ids == (0, 1)


@pytest.mark.parametrize(
    ("cpu_ids", "shown", "expected"),
    [
        ((4, 5), range(8), (4, 5)),
        ((0, 2, 3), (0, 2, 3), (0, 1, 2)),  # core 1 is switched off
        ((40, 41), (0, 1), (0, 1)),  # a container that numbers its cores anew
        ((), (0, 1), (0, 1)),  # a system that binds no process to cores
    ],
)
def test_usable_cores_are_places_among_the_cores_shown(
    tmp_path: Path, cpu_ids: tuple[int, ...], shown: Sequence[int], expected: tuple[int, ...]
) -> None:
    lines = "".join(f"cpu{core} 1 1 1 1 1 1 1 1 0 0\n" for core in shown)
    cores = UsableCores(cpu_ids=cpu_ids, quota=None, count=2)
    machine = host(write_files(tmp_path, {"proc/stat": f"cpu 0\n{lines}"}), cores=lambda: cores)
    assert machine.read().usable_core_ids == expected


@pytest.mark.parametrize(
    ("cores", "usable", "limit"),
    [
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=None, count=4), 4, None),
        (UsableCores(cpu_ids=(0, 1), quota=None, count=2), 2, "affinity"),
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=1.5, count=1), 1.5, "cgroup"),
        (UsableCores(cpu_ids=(0, 1), quota=3.0, count=2), 2, "affinity"),
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=8.0, count=4), 4, None),
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=4.0, count=4), 4, None),
        (UsableCores(cpu_ids=(0, 1), quota=None, count=2, cpuset=(0, 1)), 2, "cgroup"),
        (UsableCores(cpu_ids=(0, 1), quota=None, count=2, cpuset=(0, 1, 2)), 2, "affinity"),
    ],
)
def test_usable_cores_say_what_limits_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cores: UsableCores,
    usable: float,
    limit: str | None,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    reading = host(tmp_path, cores=lambda: cores).read()
    assert (reading.cores_total, reading.cores_usable, reading.cores_limit) == (4, usable, limit)


def test_pressure_is_the_ten_second_average_and_counted(tmp_path: Path) -> None:
    text = "some avg10={} avg60=1.00 avg300=1.00 total=5\nfull avg10=9.00 avg60=0 total=0\n"
    files = {f"proc/pressure/{name}": text.format(n) for name, n in [("cpu", 12.5), ("io", 0.0)]}
    reading = read(tmp_path, files)
    assert (reading.pressure_cpu_pct, reading.pressure_io_pct) == (12.5, 0)
    assert reading.pressure_io_full_pct == 9
    assert (reading.pressure_cpu_s, reading.pressure_memory_s) == (5e-6, None)
    assert (reading.pressure_memory_pct, reading.pressure_memory_full_pct) == (None, None)


def test_uptime_counts_from_the_boot(tmp_path: Path) -> None:
    assert host(tmp_path).read().uptime_s == 4000


def test_processor_name_and_frequency_come_from_the_list_of_processors(tmp_path: Path) -> None:
    one = "processor : 0\nmodel name\t: AMD EPYC 9654\ncpu MHz\t\t: 2000.000\n\n"
    reading = read(tmp_path, {"proc/cpuinfo": one + one.replace("2000", "3000")})
    assert reading.cpu_name == "AMD EPYC 9654"
    assert reading.frequency_mhz == 2500


def test_an_arm_board_is_named_by_its_device_tree(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "processor : 0\nCPU part : 0xd40\n",
        "sys/firmware/devicetree/base/model": "NVIDIA Jetson AGX\0",
        "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "1500000\n",
    }
    reading = read(tmp_path, files)
    assert (reading.cpu_name, reading.frequency_mhz) == ("NVIDIA Jetson AGX", 1500)


HWMON = "sys/class/hwmon/hwmon"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"0/name": "acpitz", "0/temp1_input": "27800"}, None),
        (
            {
                "0/name": "coretemp",
                "0/temp1_label": "Package id 0",
                "0/temp1_input": "61000",
                "0/temp2_label": "Core 0",
                "0/temp2_input": "70000",
            },
            61,
        ),
        (
            {
                "0/name": "k10temp",
                "0/temp1_label": "Tctl",
                "0/temp1_input": "85000",
                "0/temp2_label": "Tdie",
                "0/temp2_input": "65000",
            },
            65,
        ),
        ({"0/name": "k10temp", "0/temp1_input": "52000"}, 52),
        ({"0/name": "zenpower", "0/temp1_label": "Tctl", "0/temp1_input": "70500"}, 70.5),
        ({"0/name": "cpu_thermal", "0/temp1_input": "48123"}, 48.123),
        (
            {
                "0/name": "acpitz",
                "0/temp1_input": "90000",
                "1/name": "coretemp",
                "1/temp1_label": "Package id 0",
                "1/temp1_input": "50000",
                "2/name": "coretemp",
                "2/temp1_label": "Package id 1",
                "2/temp1_input": "55000",
            },
            55,
        ),
        ({"0/name": "coretemp", "0/temp1_label": "Package id 0", "0/temp1_input": "broken"}, None),
    ],
)
def test_temperature_comes_from_the_processors_own_chip(
    tmp_path: Path, files: dict[str, str], expected: float | None
) -> None:
    reading = read(tmp_path, {f"{HWMON}{name}": text + "\n" for name, text in files.items()})
    assert reading.temperature_c == expected


def test_a_machine_without_heat_sensors_just_shows_none(tmp_path: Path) -> None:
    reading = read(tmp_path, {})
    assert (reading.temperature_c, reading.thermal_throttled_s) == (None, None)


def test_a_dead_heat_sensor_hides_no_other(tmp_path: Path) -> None:
    """Reading a sensor can fail."""
    files = {f"{HWMON}0/name": "coretemp", f"{HWMON}0/temp1_label": "Package id 0"}
    (tmp_path / f"{HWMON}0/temp1_input").mkdir(parents=True)
    files |= {f"{HWMON}1/name": "cpu_thermal", f"{HWMON}1/temp1_input": "50000\n"}
    assert read(tmp_path, files).temperature_c == 50


def frequency(current: float, most: float) -> FakePsutil:
    library = FakePsutil()
    answer = SimpleNamespace(current=current, min=0.0, max=most)
    library.cpu_freq = lambda: answer  # type: ignore[method-assign,assignment]
    return library


@pytest.mark.parametrize(
    ("current", "most", "expected"),
    [
        (2596.0, 0.0, (2596.0, None)),
        (2596.0, 3700.0, (2596.0, 3700.0)),
        (0.0, 0.0, (None, None)),
    ],
)
def test_a_highest_frequency_of_zero_is_unknown(
    tmp_path: Path, current: float, most: float, expected: tuple[float | None, float | None]
) -> None:
    reading = host(tmp_path, library=frequency(current, most)).read()
    assert (reading.frequency_mhz, reading.frequency_max_mhz) == expected


def test_the_highest_frequency_is_the_fastest_cores(tmp_path: Path) -> None:
    policy = "sys/devices/system/cpu/cpufreq/policy"
    files = {f"{policy}{n}/cpuinfo_max_freq": f"{khz}\n" for n, khz in enumerate((3e6, 5e6))}
    files = {name: text.replace(".0", "") for name, text in files.items()}
    assert read(tmp_path, files).frequency_max_mhz == 5000


def test_dear_things_are_read_seldom(tmp_path: Path) -> None:
    clock = FakeClock()
    files = {
        f"{HWMON}0/name": "cpu_thermal\n",
        f"{HWMON}0/temp1_input": "40000\n",
        "proc/cpuinfo": "cpu MHz : 1000\n",
    }
    machine = host(write_files(tmp_path, files), clock)
    machine.read()
    write_files(tmp_path, {f"{HWMON}0/temp1_input": "50000\n", "proc/cpuinfo": "cpu MHz : 2000\n"})
    clock.advance(HEAT_EVERY_S / 2)
    reading = machine.read()
    assert (reading.temperature_c, reading.frequency_mhz) == (40, 1000)
    clock.advance(SLOW_EVERY_S)
    reading = machine.read()
    assert (reading.temperature_c, reading.frequency_mhz) == (50, 2000)


def test_a_library_that_knows_nothing_leaves_fields_unknown(tmp_path: Path) -> None:
    reading = host(tmp_path, library=ModuleType("psutil")).read()
    assert reading.cpu_busy_pct is None
    assert reading.memory_total_bytes is None
    assert reading.uptime_s is None
    assert reading.hostname
