"""One process in detail."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from sensors.process_page import process_details
from tests.fakes.files import write_files

NOBODY = 3_999_999_999  # above any process id


class FakeProcess:
    """Another user's process: the system keeps most of it from us."""

    pid = 7

    def __init__(self, error: Exception) -> None:
        self._error = error

    def oneshot(self) -> nullcontext[None]:
        return nullcontext()

    def cmdline(self) -> list[str]:
        return ["train", "a b", "bad\udcff"]

    def nice(self) -> int:
        return 5

    def num_threads(self) -> int:
        return 2

    def parents(self) -> list[FakeProcess]:
        return [self]

    def _hidden(self) -> Any:
        raise self._error

    exe = cwd = environ = num_fds = cpu_affinity = _hidden


def library(error: Exception) -> ModuleType:
    found = ModuleType("psutil")
    found.Process = lambda _pid: FakeProcess(error)  # type: ignore[attr-defined]
    return found


def test_this_process_tells_everything() -> None:
    details = process_details(os.getpid())
    assert details is not None
    assert details.arguments is not None
    assert details.arguments == tuple(psutil.Process().cmdline())
    assert details.executable == os.path.realpath(sys.executable)
    assert details.working_directory == str(Path.cwd())
    assert details.environment is not None
    assert details.environment["PATH"]
    assert details.parents is not None
    assert details.parents[0].pid == os.getppid()
    assert (details.nice, details.unknown) == (os.nice(0), {})
    assert details.open_files is not None
    assert details.open_files >= 3


def test_a_child_has_the_folder_and_variables_it_was_started_with(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, cwd=tmp_path, env={"SEED": "1=2"}
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        details = process_details(child.pid)
        child.kill()
    assert details is not None
    assert details.arguments == tuple(command)
    assert details.working_directory == str(tmp_path.resolve())
    assert details.environment is not None
    assert details.environment["SEED"] == "1=2"


def test_what_another_user_hides_is_unknown_with_the_reason(tmp_path: Path) -> None:
    details = process_details(7, root=tmp_path, library=library(psutil.AccessDenied(7)))
    assert details is not None
    assert (details.environment, details.open_files, details.nice) == (None, None, 5)
    assert details.unknown["environment"] == "only its owner and root may see it"
    assert set(details.unknown) == {
        "executable",
        "working_directory",
        "environment",
        "open_files",
        "cores",
    }


def test_bytes_that_are_no_text_reach_no_terminal(tmp_path: Path) -> None:
    details = process_details(7, root=tmp_path, library=library(OSError()))
    assert details is not None
    assert details.arguments == ("train", "a b", "bad\ufffd")
    assert details.parents is not None
    assert details.parents[0].command == "train 'a b' 'bad\ufffd'"
    assert details.unknown["environment"] == "this system does not tell"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0::/user.slice/session-3.scope\n", "/user.slice/session-3.scope"),
        ("4:memory:/jobs\n1:cpu:/\n0::/\n", "/jobs"),
        ("0::/\n", "/"),
        ("", None),
    ],
)
def test_the_control_group_is_the_one_that_says_something(
    tmp_path: Path, text: str, expected: str | None
) -> None:
    write_files(tmp_path, {"proc/7/cgroup": text})
    details = process_details(7, root=tmp_path, library=library(OSError()))
    assert details is not None
    assert details.cgroup == expected


@pytest.mark.parametrize("error", [psutil.NoSuchProcess(7)])
def test_a_process_that_ends_while_it_is_read_is_gone(tmp_path: Path, error: Exception) -> None:
    assert process_details(7, root=tmp_path, library=library(error)) is None


def test_a_zombie_keeps_what_is_left_of_it(tmp_path: Path) -> None:
    details = process_details(7, root=tmp_path, library=library(psutil.ZombieProcess(7)))
    assert details is not None
    assert details.unknown["environment"] == "it has ended (zombie)"


def test_a_process_that_is_gone_has_no_details() -> None:
    assert process_details(NOBODY) is None
