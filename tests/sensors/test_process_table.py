"""The table of processes in /proc, real and made up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensors.process_table import KERNEL_THREAD, ProcessTable, ProcFs, PsutilTable
from tests.fakes.files import write_files

NOBODY = 3_999_999_999  # above any process id
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def stat(name: str = "python", flags: int = 0, user: int = 0, system: int = 0) -> str:
    before = f"7 ({name}) S 1 7 7 0 -1 {flags} 0 0 0 0 {user} {system} 0 0 20 0 1 0"
    return f"{before} {50 * TICKS} 1000000 3 18446744073709551615"


def table(root: Path, **files: str) -> ProcFs:
    return ProcFs(write_files(root, {f"proc/{name}": text for name, text in files.items()}))


def test_counters_are_read_past_any_name(tmp_path: Path) -> None:
    found = table(tmp_path, **{"7/stat": stat("a) S (b", user=3 * TICKS, system=TICKS)})
    counters = found.counters(7)
    assert counters is not None
    assert (counters.cpu_s, counters.memory_bytes) == (4, 3 * PAGE)


def test_kernel_threads_are_left_out(tmp_path: Path) -> None:
    found = table(tmp_path, **{"7/stat": stat(), "8/stat": stat(flags=KERNEL_THREAD)})
    assert found.pids() == {7, 8}
    assert found.counters(8) is None
    assert found.pids() == {7}


def test_a_command_is_one_line_and_keeps_its_other_bytes(tmp_path: Path) -> None:
    found = table(tmp_path, **{"7/stat": stat(), "stat": "cpu 0\nbtime 1000\n"})
    (tmp_path / "proc/7/cmdline").write_bytes(b"python\0-c\0import a\nimport b\0\x1b[31m\xff\0")
    details = found.details(7)
    assert details.command == "python -c import a import b \x1b[31m\ufffd"
    assert details.started_at_s == 1050


def test_a_process_without_a_command_line_goes_by_its_name(tmp_path: Path) -> None:
    found = table(tmp_path, **{"7/stat": stat(), "7/cmdline": "", "7/comm": "zombie\n"})
    assert found.details(7).command == "[zombie]"


def test_a_user_without_a_name_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = table(tmp_path, **{"7/stat": stat()})
    monkeypatch.setattr(
        "sensors.process_table.os.stat", lambda _path: os.stat_result([NOBODY] * 10)
    )
    assert found.details(7).user == str(NOBODY)


@pytest.mark.parametrize("kind", [ProcFs, PsutilTable])
def test_a_process_that_is_gone_is_unknown(kind: type[ProcessTable]) -> None:
    found = kind()
    assert found.counters(NOBODY) is None
    assert found.details(NOBODY).command is None


@pytest.mark.parametrize("kind", [ProcFs, PsutilTable])
def test_this_process_is_found(kind: type[ProcessTable]) -> None:
    if kind is ProcFs and not Path("/proc/self/stat").exists():
        pytest.skip("this system has no /proc")
    found, pid = kind(), os.getpid()
    counters, details = found.counters(pid), found.details(pid)
    assert pid in found.pids()
    assert counters is not None
    assert counters.cpu_s > 0
    assert counters.memory_bytes > 1_000_000
    assert "python" in (details.command or "")
    assert details.user
    assert details.started_at_s is not None
