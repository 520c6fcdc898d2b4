"""Memory and swap, of the machine or of the control group."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from sensors.system.cgroup import ControlGroup
from sensors.system.memory import HostMemory
from tests.fakes.files import write_files

GROUP = {
    "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/memory.current": "1024\n",
    "sys/fs/cgroup/memory.stat": "inactive_file 100\nactive_file 24\n",
}


def meminfo(**kib: int) -> dict[str, str]:
    return {"proc/meminfo": "".join(f"{name}: {size} kB\n" for name, size in kib.items())}


def read(root: Path, *files: dict[str, str], library: ModuleType | None = None) -> dict[str, Any]:
    for part in files:
        write_files(root, part)
    return HostMemory(root, ControlGroup(root), library or ModuleType("psutil")).read()


def test_memory_in_use_leaves_out_what_is_available(tmp_path: Path) -> None:
    found = read(tmp_path, meminfo(MemTotal=1000, MemAvailable=600, SwapTotal=200, SwapFree=150))
    assert (found["memory_used_bytes"], found["memory_total_bytes"]) == (400 * 1024, 1000 * 1024)
    assert (found["swap_used_bytes"], found["swap_total_bytes"]) == (50 * 1024, 200 * 1024)
    assert "memory_limit" not in found


def test_cache_is_what_the_kernel_gives_back_when_asked(tmp_path: Path) -> None:
    parts = {"Buffers": 50, "Cached": 400, "Shmem": 100, "SReclaimable": 30}
    found = read(tmp_path, meminfo(MemTotal=1000, MemAvailable=600, **parts))
    assert found["memory_cached_bytes"] == 380 * 1024


def test_used_and_cached_are_never_more_than_there_is(tmp_path: Path) -> None:
    found = read(tmp_path, meminfo(MemTotal=1000, MemAvailable=600, Cached=700))
    assert found["memory_cached_bytes"] == 600 * 1024


def test_without_proc_memory_comes_from_psutil(tmp_path: Path) -> None:
    library = ModuleType("psutil")
    library.virtual_memory = lambda: SimpleNamespace(total=1000, available=400)  # type: ignore[attr-defined]
    library.swap_memory = lambda: SimpleNamespace(total=50, used=5)  # type: ignore[attr-defined]
    assert read(tmp_path, library=library) == {
        "memory_used_bytes": 600,
        "memory_total_bytes": 1000,
        "swap_used_bytes": 5,
        "swap_total_bytes": 50,
    }


def test_a_control_groups_limit_replaces_the_machines(tmp_path: Path) -> None:
    limit = {"sys/fs/cgroup/memory.max": "2048\n"}
    found = read(tmp_path, meminfo(MemTotal=1000, MemAvailable=600, Cached=300), GROUP, limit)
    assert found == {
        "memory_used_bytes": 900,
        "memory_total_bytes": 2048,
        "memory_cached_bytes": 124,
        "memory_limit": "cgroup",
    }


def test_a_control_group_without_a_limit_leaves_the_machines(tmp_path: Path) -> None:
    limit = {"sys/fs/cgroup/memory.max": "max\n"}
    found = read(tmp_path, meminfo(MemTotal=1000, MemAvailable=600), GROUP, limit)
    assert found["memory_total_bytes"] == 1000 * 1024


def test_a_system_that_tells_nothing_knows_no_memory(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
