from __future__ import annotations

import multiprocessing
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runners.worker.cpu_time import children_s
from tests.fakes.files import write_files
from tests.fakes.process_files import TICKS_PER_S, stat_line

BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"


def ended_s() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def plant(root: Path, process: str, *, threads: dict[str, str], stat: str = "") -> None:
    children = {f"{process}/task/{tid}/children": pids for tid, pids in threads.items()}
    write_files(root, {**children, f"{process}/stat": stat})


def test_processes_of_all_threads_and_those_they_started_are_added_up(tmp_path: Path) -> None:
    plant(tmp_path, "self", threads={"7": "20 ", "8": "21 "})
    plant(tmp_path, "20", threads={"20": ""}, stat=stat_line(20, "pt (1) main", user_s=1.5))
    # A fork server with one process below it.
    plant(tmp_path, "21", threads={"21": "22 "}, stat=stat_line(21, user_s=0.25, system_s=0.25))
    plant(tmp_path, "22", threads={"22": ""}, stat=stat_line(22, system_s=2.0))
    assert children_s(tmp_path) == pytest.approx(ended_s() + 4.0)


def test_what_ended_below_a_living_process_is_told_by_that_one(tmp_path: Path) -> None:
    plant(tmp_path, "self", threads={"7": "21 "})
    line = stat_line(21, user_s=0.5).replace(" 0 0 20 ", " 100 200 20 ")
    plant(tmp_path, "21", threads={"21": ""}, stat=line)
    assert children_s(tmp_path) == pytest.approx(ended_s() + 0.5 + 300 / TICKS_PER_S)


def test_a_process_that_ends_while_it_is_looked_for_is_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "self", threads={"7": "20 21 "})
    plant(tmp_path, "20", threads={"20": ""}, stat=stat_line(20, user_s=1.0))
    assert children_s(tmp_path) == pytest.approx(ended_s() + 1.0)


def test_living_processes_that_the_system_does_not_tell_of_make_it_unknown(tmp_path: Path) -> None:
    assert children_s(tmp_path) == pytest.approx(ended_s())
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60.0,))
    process.start()
    try:
        assert children_s(tmp_path) is None
    finally:
        process.kill()
        process.join()
    assert children_s(tmp_path) == pytest.approx(ended_s())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the living ones are not told of")
def test_a_process_counts_while_it_lives_and_once_when_it_has_ended() -> None:
    before_s = children_s()
    wait = BUSY + "print('done', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        living_s = children_s()
        process.communicate(b"\n")
    after_s = children_s()
    assert before_s is not None
    assert living_s is not None
    assert after_s is not None
    assert 0.19 <= living_s - before_s < 2.0
    assert after_s - living_s < 0.19
