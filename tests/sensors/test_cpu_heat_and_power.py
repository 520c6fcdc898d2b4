"""Package power out of energy counters, and time lost to heat."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensors.system import cpu_power, cpu_throttling
from sensors.system.cpu_power import CpuPower
from sensors.system.cpu_throttling import CpuThrottling
from sensors.system.files import read_int
from tests.fakes.files import write_files

ZONES = "sys/class/powercap"
CPU = "sys/devices/system/cpu/cpu"


def name_zones(root: Path, names: dict[str, str]) -> None:
    for zone, name in names.items():
        files = {"name": f"{name}\n", "max_energy_range_uj": "1000000\n", "energy_uj": "0\n"}
        write_files(root, {f"{ZONES}/{zone}/{file}": text for file, text in files.items()})


def test_power_is_the_sum_of_the_packages_alone(tmp_path: Path) -> None:
    names = {
        "intel-rapl:0": "package-0",
        "intel-rapl:1": "package-1",
        "intel-rapl:0:0": "core",
        "intel-rapl:0:1": "dram",
        "intel-rapl:2": "psys",
        "intel-rapl-mmio:0": "package-0",
    }
    name_zones(tmp_path, names)
    power = CpuPower(tmp_path)
    assert power.read_w(50.0) is None
    for zone in names:
        write_files(tmp_path, {f"{ZONES}/{zone}/energy_uj": "500000\n"})
    assert power.read_w(52.0) == pytest.approx(0.5)


def test_a_counter_that_wraps_goes_on(tmp_path: Path) -> None:
    name_zones(tmp_path, {"intel-rapl:0": "package-0"})
    write_files(tmp_path, {f"{ZONES}/intel-rapl:0/energy_uj": "900000\n"})
    power = CpuPower(tmp_path)
    power.read_w(50.0)
    write_files(tmp_path, {f"{ZONES}/intel-rapl:0/energy_uj": "400000\n"})
    assert power.read_w(51.0) == pytest.approx(0.5)


def test_counters_for_root_only_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_zones(tmp_path, {"intel-rapl:0": "package-0"})
    asked: list[str] = []

    def forbidden(path: Path | str) -> int | None:
        asked.append(str(path))
        return 1_000_000 if "max" in str(path) else None

    monkeypatch.setattr(cpu_power, "read_int", forbidden)
    power = CpuPower(tmp_path)
    asked.clear()
    assert [power.read_w(50.0 + second) for second in range(5)] == [None] * 5
    assert asked == []


def test_a_package_that_falls_silent_makes_the_sum_unknown(tmp_path: Path) -> None:
    name_zones(tmp_path, {"intel-rapl:0": "package-0", "intel-rapl:1": "package-1"})
    power = CpuPower(tmp_path)
    power.read_w(50.0)
    (tmp_path / ZONES / "intel-rapl:1/energy_uj").unlink()
    assert power.read_w(51.0) is None
    write_files(tmp_path, {f"{ZONES}/intel-rapl:1/energy_uj": "0\n"})
    assert power.read_w(52.0) is None
    assert power.read_w(53.0) == 0


def test_a_machine_without_counters_has_no_power(tmp_path: Path) -> None:
    assert CpuPower(tmp_path).read_w(50.0) is None


def throttled(root: Path, cores: dict[int, tuple[int, dict[str, int]]]) -> float | None:
    for core, (package, times_ms) in cores.items():
        files = {"topology/physical_package_id": f"{package}\n"} | {
            f"thermal_throttle/{kind}_throttle_total_time_ms": f"{time_ms}\n"
            for kind, time_ms in times_ms.items()
        }
        write_files(root, {f"{CPU}{core}/{name}": text for name, text in files.items()})
    return CpuThrottling(root).read_s()


def test_each_package_counts_once_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path | str] = []

    def noted(path: Path | str) -> int | None:
        asked.append(path)
        return read_int(path)

    monkeypatch.setattr(cpu_throttling, "read_int", noted)
    cores = {core: (core // 4, {"package": 1500 + 1000 * (core // 4)}) for core in range(8)}
    assert throttled(tmp_path, cores) == 4
    assert len(asked) == 2


def test_a_packages_own_counter_goes_before_its_cores(tmp_path: Path) -> None:
    assert throttled(tmp_path, {0: (0, {"package": 1500, "core": 9000})}) == 1.5


def test_without_a_counter_of_the_package_its_worst_core_counts(tmp_path: Path) -> None:
    assert throttled(tmp_path, {0: (0, {"core": 1000}), 1: (0, {"core": 3000})}) == 3


def test_a_processor_that_was_never_too_hot_says_zero(tmp_path: Path) -> None:
    assert throttled(tmp_path, {0: (0, {"package": 0})}) == 0


def test_a_processor_that_counts_nothing_is_unknown(tmp_path: Path) -> None:
    assert throttled(tmp_path, {0: (0, {})}) is None
