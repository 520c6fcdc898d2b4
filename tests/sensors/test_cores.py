"""Which cores may be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensors.system.cgroup import ControlGroup
from sensors.system.cores import UsableCores, usable_cores
from tests.fakes.files import write_files


def cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ids: set[int], quota: str
) -> UsableCores:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: ids, raising=False)
    files = {
        "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": quota,
        "sys/fs/cgroup/cpuset.cpus.effective": "0-3,8\n",
    }
    return usable_cores(ControlGroup(write_files(tmp_path, files)))


def test_affinity_counts_without_a_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cores(tmp_path, monkeypatch, {5, 2, 3}, "max 100000")
    assert found == UsableCores(cpu_ids=(2, 3, 5), quota=None, count=3, cpuset=(0, 1, 2, 3, 8))
    assert found.share == 3


def test_a_quota_below_the_affinity_counts_in_whole_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cores(tmp_path, monkeypatch, {0, 1, 2, 3}, "250000 100000")
    assert (found.cpu_ids, found.quota, found.count) == ((0, 1, 2, 3), 2.5, 2)
    assert found.share == 2.5


def test_a_quota_above_the_affinity_limits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = cores(tmp_path, monkeypatch, {0, 1}, "800000 100000")
    assert (found.count, found.share) == (2, 2)


def test_there_is_always_one_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cores(tmp_path, monkeypatch, {0, 1}, "20000 100000")
    assert (found.count, found.share) == (1, 0.2)
