from __future__ import annotations

from pathlib import Path

import pytest
import torch

from runners.worker.memory import available_bytes, available_host_bytes

pytestmark = pytest.mark.torch

MIB = 2**20


def machine(root: Path, *, available_mib: int, group: str) -> None:
    write(root / "proc/meminfo", f"MemTotal: 99 kB\nMemAvailable:  {available_mib * 1024} kB\n")
    write(root / "proc/self/cgroup", group)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def limit(folder: Path, limit: str, used_mib: int, files: str, *, version: int = 2) -> None:
    names = ("memory.max", "memory.current")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    write(folder / names[0], f"{limit}\n")
    write(folder / names[1], f"{used_mib * MIB}\n")
    write(folder / "memory.stat", f"anon 5\n{files}\n")


def test_without_a_limit_it_is_what_the_kernel_calls_available(tmp_path: Path) -> None:
    machine(tmp_path, available_mib=700, group="0::/\n")
    limit(tmp_path / "sys/fs/cgroup", "max", 100, "inactive_file 0")
    assert available_host_bytes(tmp_path) == 700 * MIB


def test_a_group_allows_its_limit_less_its_use_files_that_can_go_apart(tmp_path: Path) -> None:
    machine(tmp_path, available_mib=700, group="0::/a/b\n")
    groups = tmp_path / "sys/fs/cgroup"
    limit(groups / "a/b", "max", 100, "inactive_file 0")
    limit(groups / "a", str(500 * MIB), 300, f"inactive_file {50 * MIB}")
    assert available_host_bytes(tmp_path) == 250 * MIB


def test_groups_of_the_first_version_count_too(tmp_path: Path) -> None:
    machine(tmp_path, available_mib=700, group="3:cpu:/x\n2:memory:/docker/y\n")
    top = tmp_path / "sys/fs/cgroup/memory"
    files = f"inactive_file {1 * MIB}\ntotal_inactive_file {10 * MIB}"
    limit(top, str(400 * MIB), 380, files, version=1)
    assert available_host_bytes(tmp_path) == 30 * MIB


def test_a_group_over_its_limit_allows_nothing(tmp_path: Path) -> None:
    machine(tmp_path, available_mib=700, group="0::/\n")
    limit(tmp_path / "sys/fs/cgroup", str(100 * MIB), 101, "inactive_file 0")
    assert available_host_bytes(tmp_path) == 0


def test_a_system_that_does_not_tell_is_unknown(tmp_path: Path) -> None:
    assert available_host_bytes(tmp_path) is None


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells")
def test_here_there_is_some() -> None:
    assert (available_bytes(torch.device("cpu")) or 0) > MIB


def test_a_gpu_has_what_nobody_holds_and_what_torch_holds_unused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (500, 900))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: 100)
    assert available_bytes(torch.device("cuda:0")) == 700


def test_a_mac_gpu_has_what_the_driver_recommends_less_what_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 900)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 200)
    assert available_bytes(torch.device("mps")) == 700
