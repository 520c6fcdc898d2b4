"""The table of processes in /proc, real and made up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensors.process_table import (
    KERNEL_THREAD,
    MACHINE_NAMESPACE,
    ProcessTable,
    ProcFs,
    PsutilTable,
)
from tests.fakes.process_files import (
    BOOTED_AT_S,
    PAGE_BYTES,
    plant_machine,
    plant_process,
    stat_line,
)

NOBODY = 3_999_999_999  # above any process id


def planted(root: Path, stat: str, **files: str) -> ProcFs:
    plant_process(plant_machine(root), 7, stat, **files)
    return ProcFs(root)


def test_counters_are_read_past_any_name(tmp_path: Path) -> None:
    line = stat_line(7, "a) S (b", user_s=3, system_s=1, state="R", parent=5, threads=12)
    counters = planted(tmp_path, line).counters(7)
    assert counters is not None
    assert counters.name == "a) S (b"
    assert (counters.cpu_time_s, counters.memory_bytes) == (4, 3 * PAGE_BYTES)
    assert (counters.parent_pid, counters.state, counters.threads) == (5, "R", 12)
    assert counters.started_at_s == BOOTED_AT_S + 50


def test_a_process_that_did_nothing_keeps_its_counters(tmp_path: Path) -> None:
    found = planted(tmp_path, stat_line(7))
    before = found.counters(7)
    assert found.counters(7) is before
    plant_process(tmp_path, 7, stat_line(7, user_s=1))
    after = found.counters(7)
    assert after is not None
    assert after.cpu_time_s == 1


def test_kernel_threads_are_left_out(tmp_path: Path) -> None:
    found = planted(tmp_path, stat_line(7))
    plant_process(tmp_path, 8, stat_line(8, flags=KERNEL_THREAD))
    assert found.pids() == {7, 8}
    assert found.counters(8) is None
    assert found.pids() == {7}


def test_a_command_is_one_line_and_keeps_its_other_bytes(tmp_path: Path) -> None:
    found = planted(tmp_path, stat_line(7))
    (tmp_path / "proc/7/cmdline").write_bytes(b"python\0-c\0import a\nimport b\0\x1b[31m\xff\0")
    details = found.details(7)
    assert details is not None
    assert details.command == "python -c import a import b \x1b[31m\ufffd"


def test_a_zombie_shows_its_state_and_goes_by_its_name(tmp_path: Path) -> None:
    found = planted(tmp_path, stat_line(7, "train", state="Z", pages=0))
    (tmp_path / "proc/7/cmdline").write_text("")
    counters, details = found.counters(7), found.details(7)
    assert counters is not None
    assert details is not None
    assert (counters.state, counters.memory_bytes, details.command) == ("Z", 0, "[train]")


def test_a_user_without_an_entry_in_passwd_is_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = planted(tmp_path, stat_line(7))
    monkeypatch.setattr(
        "sensors.process_table.os.stat", lambda _path: os.stat_result([NOBODY] * 10)
    )
    details = found.details(7)
    assert details is not None
    assert details.user == str(NOBODY)


def test_details_name_the_container(tmp_path: Path) -> None:
    found = planted(tmp_path, stat_line(7), cgroup="0::/lxc.payload.web/init.scope\n")
    details = found.details(7)
    assert details is not None
    assert details.container == "web"


@pytest.mark.parametrize(
    ("namespace", "device", "expected"),
    [
        (MACHINE_NAMESPACE, "/dev/null", True),
        ("pid:[4026532201]", "/dev/nvidia0", True),
        ("pid:[4026532201]", "/dev/dxg", True),
        ("pid:[4026532201]", "/dev/null", False),
        ("pid:[4026532201]", None, False),
    ],
)
def test_in_a_container_an_id_of_the_driver_is_believed_of_a_process_with_a_gpu_open(
    tmp_path: Path, namespace: str, device: str | None, expected: bool
) -> None:
    """A process id of the host means another process in here."""
    plant_process(plant_machine(tmp_path), 7)
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").symlink_to(namespace)
    if device is not None:
        (tmp_path / "proc/7/fd").mkdir()
        (tmp_path / "proc/7/fd/0").symlink_to("/dev/pts/1")
        (tmp_path / "proc/7/fd/3").symlink_to(device)
    assert ProcFs(tmp_path).is_drivers(7) is expected


@pytest.mark.parametrize("kind", [ProcFs, PsutilTable])
def test_a_process_that_is_gone_is_unknown(kind: type[ProcessTable]) -> None:
    found = kind()
    assert found.counters(NOBODY) is None
    assert found.details(NOBODY) is None


@pytest.mark.parametrize("kind", [ProcFs, PsutilTable])
def test_this_process_is_found(kind: type[ProcessTable]) -> None:
    if kind is ProcFs and not Path("/proc/self/stat").exists():
        pytest.skip("this system has no /proc")
    found, pid = kind(), os.getpid()
    counters, details = found.counters(pid), found.details(pid)
    assert pid in found.pids()
    assert counters is not None
    assert counters.cpu_time_s > 0
    assert counters.memory_bytes > 1_000_000
    assert counters.started_at_s > 1e9
    assert (counters.parent_pid, counters.state) == (os.getppid(), "R")
    assert counters.threads is not None
    assert counters.threads >= 1
    assert details is not None
    assert "python" in (details.command or "")
    assert details.user


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
def test_both_tables_agree_on_this_process() -> None:
    ours, psutils = ProcFs().counters(os.getpid()), PsutilTable().counters(os.getpid())
    assert ours is not None
    assert psutils is not None
    assert ours.started_at_s == pytest.approx(psutils.started_at_s, abs=1.5)
    assert (ours.parent_pid, ours.name) == (psutils.parent_pid, psutils.name)
