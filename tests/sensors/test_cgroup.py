"""Limits of control groups, version 1 and 2, inside and outside of containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensors.system.cgroup import ControlGroup, GroupMemory
from tests.fakes.files import write_files

GIB = 1024**3
V2 = {"proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"}
V1 = {
    "proc/self/mounts": "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n"
    "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
    "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
}
V1_PATHS = "4:memory:/jobs\n1:cpu,cpuacct:/jobs\n0::/\n"
UNLIMITED_V1 = "9223372036854771712\n"


def group(root: Path, *files: dict[str, str]) -> ControlGroup:
    for part in files:
        write_files(root, part)
    return ControlGroup(root)


def test_version_2_quota_is_in_cores(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "150000 100000\n"}
    assert group(tmp_path, V2, files).cpu_quota() == 1.5


def test_version_2_without_quota_is_unlimited(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"}
    assert group(tmp_path, V2, files).cpu_quota() is None


def test_the_tightest_group_on_the_way_up_holds(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user/job\n",
        "sys/fs/cgroup/user/job/cpu.max": "800000 100000\n",
        "sys/fs/cgroup/user/cpu.max": "200000 100000\n",
        "sys/fs/cgroup/user/job/memory.max": f"{8 * GIB}\n",
        "sys/fs/cgroup/user/memory.max": f"{4 * GIB}\n",
        "sys/fs/cgroup/user/memory.current": f"{GIB}\n",
    }
    own = group(tmp_path, V2, files)
    assert own.cpu_quota() == 2
    assert own.memory(below_bytes=64 * GIB) == GroupMemory(limit_bytes=4 * GIB, used_bytes=GIB)


@pytest.mark.parametrize("path", ["/docker/0123", "/../../system.slice/x"])
def test_a_path_not_visible_in_a_container_means_the_root_of_the_mount(
    tmp_path: Path, path: str
) -> None:
    files = {
        "proc/self/cgroup": f"0::{path}\n",
        "sys/fs/cgroup/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/memory.max": f"{GIB}\n",
    }
    own = group(tmp_path, V2, files)
    assert own.cpu_quota() == 4
    assert own.memory(below_bytes=None) == GroupMemory(limit_bytes=GIB, used_bytes=None)


def test_page_cache_is_not_counted_as_used(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/job\n",
        "sys/fs/cgroup/job/memory.max": f"{4 * GIB}\n",
        "sys/fs/cgroup/job/memory.current": f"{3 * GIB}\n",
        "sys/fs/cgroup/job/memory.stat": f"anon 5\ninactive_file {GIB}\nactive_file {GIB}\n",
    }
    memory = group(tmp_path, V2, files).memory(below_bytes=64 * GIB)
    assert memory == GroupMemory(limit_bytes=4 * GIB, used_bytes=GIB, cached_bytes=2 * GIB)


def test_a_limit_above_what_the_machine_has_is_none(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/memory.max": f"{64 * GIB}\n"}
    assert group(tmp_path, V2, files).memory(below_bytes=64 * GIB) is None


def test_version_2_throttled_time_is_in_seconds(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/job\n",
        "sys/fs/cgroup/job/cpu.stat": "usage_usec 9\nthrottled_usec 2500000\n",
    }
    assert group(tmp_path, V2, files).cpu_time().throttled_s == 2.5


def test_version_1_quota_memory_and_throttled_time(tmp_path: Path) -> None:
    cpu, memory = "sys/fs/cgroup/cpu,cpuacct/jobs", "sys/fs/cgroup/memory/jobs"
    files = {
        "proc/self/cgroup": V1_PATHS,
        f"{cpu}/cpu.cfs_quota_us": "350000\n",
        f"{cpu}/cpu.cfs_period_us": "100000\n",
        f"{cpu}/cpu.stat": "nr_periods 3\nthrottled_time 1500000000\n",
        f"{memory}/memory.limit_in_bytes": f"{2 * GIB}\n",
        f"{memory}/memory.usage_in_bytes": f"{GIB}\n",
        f"{memory}/memory.stat": f"total_inactive_file {GIB // 4}\ninactive_file 1\n",
    }
    own = group(tmp_path, V1, files)
    assert own.cpu_quota() == 3.5
    assert own.cpu_time().throttled_s == 1.5
    used = GIB - GIB // 4
    assert own.memory(below_bytes=64 * GIB) == GroupMemory(
        limit_bytes=2 * GIB, used_bytes=used, cached_bytes=GIB // 4
    )


def test_version_1_without_limits_is_unlimited(tmp_path: Path) -> None:
    cpu, memory = "sys/fs/cgroup/cpu,cpuacct/jobs", "sys/fs/cgroup/memory/jobs"
    files = {
        "proc/self/cgroup": V1_PATHS,
        f"{cpu}/cpu.cfs_quota_us": "-1\n",
        f"{cpu}/cpu.cfs_period_us": "100000\n",
        f"{memory}/memory.limit_in_bytes": UNLIMITED_V1,
    }
    own = group(tmp_path, V1, files)
    assert own.cpu_quota() is None
    assert own.memory(below_bytes=64 * GIB) is None


def test_a_system_without_control_groups_has_no_limits(tmp_path: Path) -> None:
    own = ControlGroup(tmp_path)
    assert own.cpu_quota() is None
    assert own.memory(below_bytes=64 * GIB) is None
    assert (own.cpu_time().used_s, own.cpu_time().throttled_s) == (None, None)
    assert own.cpuset() == ()


def test_version_2_time_used_is_the_own_groups_without_a_quota(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user/job\n",
        "sys/fs/cgroup/user/job/cpu.stat": "usage_usec 2500000\n",
        "sys/fs/cgroup/user/cpu.stat": "usage_usec 9000000\n",
    }
    own = group(tmp_path, V2, files)
    assert own.cpu_quota() is None
    assert own.cpu_time().used_s == 2.5


def test_time_used_is_that_of_the_group_whose_quota_holds(tmp_path: Path) -> None:
    """A pod's quota is shared by its containers."""
    files = {
        "proc/self/cgroup": "0::/pod/job\n",
        "sys/fs/cgroup/pod/job/cpu.stat": "usage_usec 2500000\nthrottled_usec 0\n",
        "sys/fs/cgroup/pod/job/cpu.max": "800000 100000\n",
        "sys/fs/cgroup/pod/cpu.stat": "usage_usec 9000000\nthrottled_usec 500000\n",
        "sys/fs/cgroup/pod/cpu.max": "400000 100000\n",
    }
    own = group(tmp_path, V2, files)
    assert own.cpu_quota() == 4
    assert (own.cpu_time().used_s, own.cpu_time().throttled_s) == (9, 0.5)


@pytest.mark.parametrize("separate", [False, True])
def test_version_1_time_used_comes_from_its_own_controller(tmp_path: Path, separate: bool) -> None:
    both = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n"
    apart = "cgroup /cg/cpu cgroup rw,cpu 0 0\ncgroup /cg/cpuacct cgroup rw,cpuacct 0 0\n"
    cpu, time = ("cg/cpu", "cg/cpuacct") if separate else ("sys/fs/cgroup/cpu,cpuacct",) * 2
    files = {
        "proc/self/mounts": apart if separate else both,
        "proc/self/cgroup": "2:cpuacct:/pod/job\n1:cpu:/pod/job\n0::/\n",
        f"{cpu}/pod/job/cpu.cfs_quota_us": "-1\n",
        f"{cpu}/pod/cpu.cfs_quota_us": "200000\n",
        f"{cpu}/pod/cpu.cfs_period_us": "100000\n",
        f"{time}/pod/job/cpuacct.usage": "1000000000\n",
        f"{time}/pod/cpuacct.usage": "7000000000\n",
    }
    own = group(tmp_path, files)
    assert own.cpu_time().used_s == 1
    assert own.cpu_quota() == 2
    assert own.cpu_time().used_s == 7


@pytest.mark.parametrize(
    ("mounts", "path", "file"),
    [
        (V2, "0::/user/job\n", "sys/fs/cgroup/user/cpuset.cpus.effective"),
        (
            {"proc/self/mounts": "cgroup /cg/cpuset cgroup rw,cpuset 0 0\n"},
            "3:cpuset:/user/job\n",
            "cg/cpuset/user/job/cpuset.effective_cpus",
        ),
    ],
)
def test_the_cores_of_the_group_are_those_of_the_nearest_cpuset(
    tmp_path: Path, mounts: dict[str, str], path: str, file: str
) -> None:
    (tmp_path / "sys/fs/cgroup/user/job").mkdir(parents=True)
    files = {"proc/self/cgroup": path, file: "0-2,7\n"}
    assert group(tmp_path, mounts, files).cpuset() == (0, 1, 2, 7)
