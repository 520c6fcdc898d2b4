"""What the processor's time went to, out of made-up counters."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from sensors.system.cpu_shares import CpuShares
from tests.fakes.files import write_files

NO_LIBRARY = ModuleType("psutil")


def stat(*cores: str) -> dict[str, str]:
    """Each core as `number: user nice system idle iowait irq softirq steal guest guest_nice`."""
    lines = [f"cpu{core.replace(':', '')}\n" for core in cores]
    return {"proc/stat": f"cpu  1 2 3\n{''.join(lines)}intr 5 6\nbtime 1\ncpu9 1 1 1\n"}


def shares(root: Path, *looks: dict[str, str]) -> CpuShares:
    """Shares after all looks but the last, which is in place."""
    found = CpuShares(root, NO_LIBRARY)
    for now_s, look in enumerate(looks[:-1]):
        write_files(root, look)
        found.read(now_s)
    write_files(root, looks[-1])
    return found


def test_shares_are_unknown_until_there_were_two_looks(tmp_path: Path) -> None:
    first = stat("0: 100 0 0 100 0 0 0 0 0 0", "1: 0 0 0 200 0 0 0 0 0 0")
    assert shares(tmp_path, first).read(0) == {}
    second = stat("0: 200 0 0 100 0 0 0 0 0 0", "1: 25 0 0 275 0 0 0 0 0 0")
    found = shares(tmp_path, first, second).read(1)
    assert found["core_busy_pct"] == pytest.approx((100, 25))
    assert found["cpu_busy_pct"] == pytest.approx(62.5)


def test_each_kind_of_time_has_its_share(tmp_path: Path) -> None:
    first, second = stat("0: 0 0 0 0 0 0 0 0 0 0"), stat("0: 20 5 6 40 15 3 1 10 0 0")
    found = shares(tmp_path, first, second).read(1)
    assert found == {
        "core_busy_pct": pytest.approx((45,)),
        "cpu_busy_pct": pytest.approx(45),
        "cpu_user_pct": pytest.approx(25),
        "cpu_system_pct": pytest.approx(10),
        "cpu_iowait_pct": pytest.approx(15),
        "cpu_steal_pct": pytest.approx(10),
    }


def test_a_guests_time_counts_once(tmp_path: Path) -> None:
    first, second = stat("0: 0 0 0 0 0 0 0 0 0 0"), stat("0: 40 0 0 60 0 0 0 0 40 0")
    assert shares(tmp_path, first, second).read(1)["cpu_busy_pct"] == pytest.approx(40)


def test_time_that_goes_back_is_no_negative_share(tmp_path: Path) -> None:
    first, second = stat("0: 0 0 0 0 50 0 0 0 0 0"), stat("0: 50 0 0 50 49 0 0 0 0 0")
    found = shares(tmp_path, first, second).read(1)
    assert (found["cpu_iowait_pct"], found["cpu_busy_pct"]) == pytest.approx((0, 50))


@pytest.mark.parametrize("core", ["1", "2"])
def test_shares_are_unknown_for_a_look_when_cores_come_or_go(tmp_path: Path, core: str) -> None:
    times = " 1 1 1 1 1 1 1 1 1 1"
    first, second = stat(f"0:{times}"), stat(f"{core}: 9 9 9 9 9 9 9 9 9 9")
    found = shares(tmp_path, first, second)
    assert found.read(1) == {}
    write_files(tmp_path, stat(f"{core}: 19 9 9 9 9 9 9 9 9 9"))
    assert found.read(2)["cpu_busy_pct"] == pytest.approx(100)
    assert found.core_ids == (int(core),)


def test_two_looks_in_quick_succession_keep_the_shares(tmp_path: Path) -> None:
    first, second = stat("0: 0 0 0 0 0 0 0 0 0 0"), stat("0: 40 0 0 60 0 0 0 0 0 0")
    found = shares(tmp_path, first, second)
    assert found.read(1)["cpu_busy_pct"] == pytest.approx(40)
    write_files(tmp_path, stat("0: 41 0 0 60 0 0 0 0 0 0"))
    assert found.read(1.01)["cpu_busy_pct"] == pytest.approx(40)
    write_files(tmp_path, stat("0: 90 0 0 110 0 0 0 0 0 0"))
    assert found.read(2)["cpu_busy_pct"] == pytest.approx(50)


def test_a_sandbox_whose_counters_stand_still_is_not_idle(tmp_path: Path) -> None:
    zeros = stat("0: 0 0 0 0 0 0 0 0 0 0")
    assert shares(tmp_path, zeros, zeros).read(1) == {}


def test_without_proc_times_come_from_psutil_and_what_it_lacks_is_unknown(tmp_path: Path) -> None:
    library = ModuleType("psutil")
    times = SimpleNamespace(user=0.0, nice=0.0, system=0.0, idle=0.0)
    library.cpu_times = lambda percpu: [times] if percpu else None  # type: ignore[attr-defined]
    found = CpuShares(tmp_path, library)
    found.read(0)
    times = SimpleNamespace(user=1.0, nice=1.0, system=1.0, idle=1.0)
    answer = found.read(1)
    assert (answer["cpu_user_pct"], answer["cpu_busy_pct"]) == (50, 75)
    assert (answer["cpu_iowait_pct"], answer["cpu_steal_pct"]) == (None, None)


def test_a_system_that_tells_nothing_has_no_shares(tmp_path: Path) -> None:
    found = CpuShares(tmp_path, NO_LIBRARY)
    assert (found.read(0), found.read(1), found.core_ids) == ({}, {}, ())
