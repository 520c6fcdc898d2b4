from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from runners.worker.core_wait import core_waits_s, longest_s
from tests.fakes.files import write_files


def thread(ran_ns: int, waited_ns: int) -> str:
    return f"{ran_ns} {waited_ns} 12\n"


def test_each_thread_tells_its_wait_in_seconds(tmp_path: Path) -> None:
    files = {"7/schedstat": thread(5, 2_000_000_000), "8/schedstat": thread(5, 500_000_000)}
    assert core_waits_s(write_files(tmp_path, files)) == {"7": 2.0, "8": 0.5}


def test_a_kernel_that_does_not_count_tells_nothing(tmp_path: Path) -> None:
    assert core_waits_s(write_files(tmp_path, {"7/schedstat": "0 0 0\n"})) == {}


def test_where_there_is_no_such_folder_nothing_is_told(tmp_path: Path) -> None:
    assert core_waits_s(tmp_path / "task") == {}
    assert longest_s({}, {}) is None


def test_a_thread_that_ends_while_it_is_looked_at_is_left_out(tmp_path: Path) -> None:
    write_files(tmp_path, {"7/schedstat": thread(5, 1_000_000_000), "9/schedstat": ""})
    (tmp_path / "8").mkdir()
    assert core_waits_s(tmp_path) == {"7": 1.0}


@pytest.mark.parametrize(
    ("before", "after", "grown_s"),
    [
        ({"7": 1.0, "8": 4.0}, {"7": 3.0, "8": 4.5}, 2.0),
        # A thread that came, one that went, and one under the number of another before it.
        ({"7": 1.0}, {"7": 1.5, "8": 0.75}, 0.75),
        ({"7": 1.0, "8": 9.0}, {"7": 1.5}, 0.5),
        ({"7": 5.0}, {"7": 0.25}, 0.25),
        ({"7": 5.0}, {"7": 5.0}, 0.0),
    ],
)
def test_the_longest_wait_is_of_one_thread_within_the_time_looked_at(
    before: dict[str, float], after: dict[str, float], grown_s: float
) -> None:
    assert longest_s(before, after) == grown_s


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_two_threads_on_one_core_wait_for_each_other() -> None:
    """The other one hashes without holding the interpreter; together they need twice the time."""
    usable = os.sched_getaffinity(0)
    before = core_waits_s()
    if not before:
        pytest.skip("this kernel does not count")
    os.sched_setaffinity(0, {min(usable)})
    try:
        other = threading.Thread(target=hash_a_while)
        other.start()
        hash_a_while()
        waited_s = longest_s(before, core_waits_s())
        other.join()
    finally:
        os.sched_setaffinity(0, usable)
    assert waited_s is not None
    assert waited_s > 0.05


def hash_a_while() -> None:
    import hashlib

    for _ in range(20):
        hashlib.sha256(bytes(16_000_000)).digest()
