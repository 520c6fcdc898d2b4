"""The host, read from a made-up file tree."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from sensors.cores import UsableCores
from sensors.host import SLOW_EVERY_S, TEMPERATURE_EVERY_S, Host
from sensors.readings import HostReading
from tests.fakes.clock import FakeClock
from tests.fakes.files import write_files

CORES = UsableCores(cpu_ids=(0, 1), quota=None, count=2)


class FakePsutil(ModuleType):
    """What the host asks psutil for."""

    def __init__(self) -> None:
        super().__init__("psutil")
        self.times: list[Any] = []

    def cpu_times(self, percpu: bool) -> list[Any]:
        assert percpu
        return self.times

    def boot_time(self) -> float:
        return 1000.0

    def cpu_freq(self) -> None:
        return None

    def virtual_memory(self) -> SimpleNamespace:
        return SimpleNamespace(total=1000, available=400)

    def swap_memory(self) -> SimpleNamespace:
        return SimpleNamespace(total=50, used=5)


class CoreTimes(NamedTuple):
    """Times of one core, as psutil has them on Linux."""

    user: float
    system: float
    idle: float
    iowait: float
    guest: float
    guest_nice: float


def core(busy: float, idle: float) -> CoreTimes:
    return CoreTimes(busy, 0, idle, 0, 0, 0)


def host(root: Path, clock: FakeClock | None = None, **options: Any) -> Host:
    options.setdefault("library", FakePsutil())
    options.setdefault("cores", lambda: CORES)
    return Host(root, clock=clock or FakeClock(), wall_clock=lambda: 5000.0, **options)


def read(root: Path, files: dict[str, str]) -> HostReading:
    return host(write_files(root, files)).read()


def test_busy_shares_are_unknown_until_there_were_two_looks(tmp_path: Path) -> None:
    library = FakePsutil()
    library.times = [core(100, 100), core(0, 200)]
    machine = host(tmp_path, library=library)
    first = machine.read()
    assert (first.cpu_busy_pct, first.core_busy_pct) == (None, ())
    library.times = [core(101, 100), core(0.25, 200.75)]
    second = machine.read()
    assert second.core_busy_pct == pytest.approx((100, 25))
    assert second.cpu_busy_pct == pytest.approx(62.5)


def test_waiting_for_storage_is_not_busy_and_guests_count_once(tmp_path: Path) -> None:
    library = FakePsutil()
    zero, later = core(0, 0)._replace(iowait=0), core(2, 0)._replace(iowait=6, guest=2, system=2)
    library.times = [zero]
    machine = host(tmp_path, library=library)
    machine.read()
    library.times = [later]
    assert machine.read().core_busy_pct == pytest.approx((40,))


def test_busy_shares_are_unknown_for_a_look_when_cores_come_or_go(tmp_path: Path) -> None:
    library = FakePsutil()
    library.times = [core(1, 1)]
    machine = host(tmp_path, library=library)
    machine.read()
    library.times = [core(2, 2), core(2, 2)]
    assert machine.read().core_busy_pct == ()


def test_memory_in_use_leaves_out_what_is_available(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        {
            "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 600 kB\n"
            "SwapTotal: 200 kB\nSwapFree: 150 kB\n"
        },
    )
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (400 * 1024, 1000 * 1024)
    assert (reading.swap_used_bytes, reading.swap_total_bytes) == (50 * 1024, 200 * 1024)
    assert reading.memory_limit is None


def test_without_proc_memory_comes_from_psutil(tmp_path: Path) -> None:
    reading = host(tmp_path).read()
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (600, 1000)
    assert (reading.swap_used_bytes, reading.swap_total_bytes) == (5, 50)


def test_a_control_groups_memory_limit_replaces_the_machines(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        {
            "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 600 kB\n",
            "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "2048\n",
            "sys/fs/cgroup/memory.current": "1024\n",
        },
    )
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (1024, 2048)
    assert reading.memory_limit == "cgroup"


@pytest.mark.parametrize(
    ("cores", "usable", "limit"),
    [
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=None, count=4), 4, None),
        (UsableCores(cpu_ids=(0, 1), quota=None, count=2), 2, "affinity"),
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=1.5, count=1), 1.5, "cgroup"),
        (UsableCores(cpu_ids=(0, 1), quota=3.0, count=2), 2, "affinity"),
        (UsableCores(cpu_ids=(0, 1, 2, 3), quota=8.0, count=4), 4, None),
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


def test_pressure_is_the_ten_second_average(tmp_path: Path) -> None:
    text = "some avg10={} avg60=1.00 avg300=1.00 total=5\nfull avg10=9.00 avg60=0 total=0\n"
    files = {f"proc/pressure/{name}": text.format(n) for name, n in [("cpu", 12.5), ("io", 0.0)]}
    reading = read(tmp_path, files)
    assert (reading.pressure_cpu_pct, reading.pressure_io_pct) == (12.5, 0)
    assert reading.pressure_memory_pct is None


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
    clock.advance(TEMPERATURE_EVERY_S / 2)
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
