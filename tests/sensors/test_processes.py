"""Which processes are listed, and what with."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensors.process_table import Counters, Details, ProcFs
from sensors.processes import FRESH, SELDOM, Processes
from sensors.readings import ProcessReading
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.process_files import plant_machine, plant_process, stat_line

ALL = Wanted(all_processes=True)


class FakeTable:
    """Processes by their counters; memory is 100 bytes times the pid."""

    def __init__(self, *pids: int) -> None:
        self.processes = {pid: Counters(5.0, 0.0, 100 * pid, 1, "S", 2, "program") for pid in pids}
        self.calls: Counter[str] = Counter()
        self.not_the_drivers: set[int] = set()
        self.without_details: set[int] = set()

    def use(self, pid: int, cpu_s: float) -> None:
        """Let a process use CPU time."""
        before = self.processes[pid]
        self.processes[pid] = replace(before, cpu_time_s=before.cpu_time_s + cpu_s)

    def pids(self) -> set[int]:
        self.calls["pids"] += 1
        return set(self.processes)

    def counters(self, pid: int) -> Counters | None:
        self.calls["counters"] += 1
        return self.processes.get(pid)

    def details(self, pid: int) -> Details | None:
        self.calls["details"] += 1
        if pid in self.without_details:
            return None
        name = self.processes[pid].name
        return Details(user="ada", command=f"{name} {pid}", container="box")

    def is_drivers(self, pid: int) -> bool:
        self.calls["is_drivers"] += 1
        return pid not in self.not_the_drivers


def processes(table: FakeTable | ProcFs, clock: FakeClock, busiest: int = 2) -> Processes:
    return Processes(busiest, table=table, clock=clock, cpu_clock=lambda: 0.0)


def gpu_row(pid: int, index: int = 0) -> ProcessReading:
    return ProcessReading(pid=pid, gpu_index=index, gpu_memory_bytes=7)


def test_a_row_has_the_hosts_side_and_cpu_use_after_two_looks() -> None:
    table, clock = FakeTable(1), FakeClock()
    found = processes(table, clock)
    assert found.read()[0].cpu_pct is None
    clock.advance(2)
    table.use(1, 3)
    assert found.read() == (
        ProcessReading(
            pid=1,
            user="ada",
            parent_pid=1,
            state="S",
            threads=2,
            cpu_pct=150,
            cpu_time_s=3,
            memory_bytes=100,
            started_at_s=5,
            container="box",
            command="program 1",
        ),
    )


def test_the_busiest_are_listed_by_cpu_use() -> None:
    table, clock = FakeTable(*range(1, 6)), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    table.use(3, 0.5)
    table.use(1, 0.9)
    assert [row.pid for row in found.read()] == [1, 3]


def test_gpu_processes_come_first_and_are_not_listed_twice() -> None:
    table, clock = FakeTable(1, 2, 3), FakeClock()
    found = processes(table, clock)
    rows = found.read([gpu_row(3, 0), gpu_row(3, 1)])
    assert [(row.pid, row.gpu_index) for row in rows] == [(3, 0), (3, 1), (2, None), (1, None)]
    assert rows[0].command == "program 3"
    assert rows[0].gpu_memory_bytes == 7


def test_our_own_processes_are_listed_in_any_case_and_take_no_place_of_others() -> None:
    rows = processes(FakeTable(1, 2, 3, 4), FakeClock()).read(
        wanted=Wanted(own_pids=frozenset({1}))
    )
    assert {row.pid for row in rows} == {1, 3, 4}


@pytest.mark.parametrize("all_processes", [False, True])
def test_our_own_processes_that_are_gone_are_skipped(all_processes: bool) -> None:
    wanted = Wanted(own_pids=frozenset({99}), all_processes=all_processes)
    assert [row.pid for row in processes(FakeTable(1), FakeClock()).read((), wanted)] == [1]


def test_a_gpu_process_of_another_pid_namespace_has_no_command() -> None:
    assert processes(FakeTable(), FakeClock()).read([gpu_row(99)]) == (gpu_row(99),)


def test_a_process_with_the_id_that_the_driver_gives_another_one_is_not_mistaken_for_it() -> None:
    """The driver's ids are the host's, these here a container's."""
    table, clock = FakeTable(1), FakeClock()
    table.not_the_drivers = {1}
    found = processes(table, clock)
    for _ in range(2):
        first, second = found.read([gpu_row(1)])
        assert first == gpu_row(1)
        assert (second.gpu_index, second.command) == (None, "program 1")
        clock.advance(1)
    assert table.calls["is_drivers"] == 1


def test_a_process_that_vanishes_is_skipped() -> None:
    table, clock = FakeTable(1, 2), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    found.read()
    clock.advance(1)
    del table.processes[2]
    assert [row.pid for row in found.read()] == [1]


@pytest.mark.parametrize("wanted", [Wanted(), ALL])
def test_a_process_that_vanishes_before_its_details_are_read_is_skipped(wanted: Wanted) -> None:
    table = FakeTable(1, 2)
    table.without_details = {2}
    assert [row.pid for row in processes(table, FakeClock()).read((), wanted)] == [1]


def test_a_pid_that_is_used_again_is_another_process() -> None:
    table, clock = FakeTable(1), FakeClock()
    found = processes(table, clock)
    found.read()
    table.processes[1] = replace(table.processes[1], started_at_s=6.0, cpu_time_s=1.0)
    clock.advance(1)
    assert found.read()[0].cpu_pct is None
    assert table.calls["details"] == 2


def test_a_process_that_starts_another_program_gets_its_command() -> None:
    table, clock = FakeTable(1), FakeClock()
    found = processes(table, clock)
    found.read()
    table.processes[1] = replace(table.processes[1], name="python")
    clock.advance(1)
    assert found.read()[0].command == "python 1"


def test_details_are_read_once_and_all_processes_seldom() -> None:
    table, clock = FakeTable(*range(1, 100)), FakeClock()
    found = processes(table, clock, busiest=1)
    found.read()
    clock.advance(1)
    found.read()
    table.calls.clear()
    for _ in range(2):
        clock.advance(1)
        found.read()
    assert table.calls == {"counters": 2}
    clock.advance(SELDOM.every_s)
    found.read()
    assert table.calls["pids"] == 1


@pytest.mark.parametrize(("wanted", "pause_s"), [(Wanted(), 10.0), (ALL, 2.0)])
def test_a_dear_scan_is_done_less_often(wanted: Wanted, pause_s: float) -> None:
    table, clock = FakeTable(1), FakeClock()
    cost_s = {10.0: 10 * SELDOM.share, 2.0: FRESH.share}[pause_s]
    times = iter([0.0, cost_s] * 3)
    found = Processes(1, table=table, clock=clock, cpu_clock=lambda: next(times))
    found.read((), wanted)
    clock.advance(1)
    found.read((), wanted)
    clock.advance(pause_s - 0.1)
    found.read((), wanted)
    assert table.calls["pids"] == 2
    clock.advance(0.2)
    found.read((), wanted)
    assert table.calls["pids"] == 3


def test_two_looks_in_quick_succession_keep_the_cpu_use() -> None:
    table, clock = FakeTable(1), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    table.use(1, 0.5)
    found.read()
    clock.advance(0.01)
    assert found.read()[0].cpu_pct == 50


def test_all_processes_are_listed_by_cpu_use_on_request() -> None:
    table, clock = FakeTable(*range(1, 50)), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    table.use(7, 0.5)
    rows = found.read([gpu_row(3)], ALL)
    assert len(rows) == 49
    assert [row.pid for row in rows][:4] == [3, 7, 49, 48]


def test_all_processes_appear_at_once_when_they_are_first_asked_for() -> None:
    table, clock = FakeTable(*range(1, 50)), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    found.read()
    clock.advance(1)
    assert len(found.read((), ALL)) == 49


def test_the_order_of_all_processes_changes_with_a_scan_only() -> None:
    table, clock = FakeTable(*range(1, 50)), FakeClock()
    found = processes(table, clock)
    for _ in range(2):
        found.read((), ALL)
        clock.advance(1)
    before = [row.pid for row in found.read((), ALL)]
    table.use(before[1], 0.45)
    clock.advance(0.5)
    rows = found.read((), ALL)
    assert [row.pid for row in rows] == before
    assert rows[1].cpu_pct == 90
    clock.advance(FRESH.every_s)
    table.use(before[1], 0.9)
    assert found.read((), ALL)[0].pid == before[1]


def test_one_of_our_own_that_started_since_the_scan_is_listed_among_all() -> None:
    table, clock = FakeTable(*range(1, 50)), FakeClock()
    found = processes(table, clock)
    for _ in range(2):
        found.read((), ALL)
        clock.advance(1)
    table.processes[60] = table.processes[1]
    rows = found.read((), Wanted(own_pids=frozenset({60}), all_processes=True))
    assert rows[-1].pid == 60


def test_a_process_that_rests_keeps_its_row() -> None:
    table, clock = FakeTable(1, 2), FakeClock()
    found = processes(table, clock)
    for _ in range(2):
        found.read((), ALL)
        clock.advance(FRESH.every_s)
    before = {row.pid: row for row in found.read((), ALL)}
    clock.advance(FRESH.every_s)
    table.use(1, 0.5)
    after = {row.pid: row for row in found.read((), ALL)}
    assert after[2] is before[2]
    assert after[1].cpu_pct == 25


class FilesRead:
    """Which files below a folder are opened, and which folders listed."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self._root = str(root)
        monkeypatch.setattr(os, "open", self._noted(os.open))
        monkeypatch.setattr(os, "listdir", self._noted(os.listdir))

    def _noted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(path: Any, *arguments: Any) -> Any:
            if str(path).startswith(self._root):
                self.names.append(str(path).removeprefix(self._root + "/"))
            return call(path, *arguments)

        return noted


def test_2000_processes_cost_one_small_file_each_and_only_when_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No walk through everything there is with each reading."""
    plant_machine(tmp_path, 2000)
    plant_process(tmp_path, 150, stat_line(150, "zombie", state="Z"), command="\0")
    clock = FakeClock()
    found = processes(ProcFs(tmp_path), clock)
    for _ in range(2):
        found.read((), ALL)
        clock.advance(1)
    read = FilesRead(tmp_path, monkeypatch)
    rows = found.read((), ALL)
    assert len(read.names) <= 2
    clock.advance(FRESH.every_s)
    plant_process(tmp_path, 100, stat_line(100, user_s=1.0))
    read.names.clear()
    rows = found.read((), ALL)
    assert len(rows) == 2000
    assert (rows[0].pid, rows[0].cpu_pct, rows[0].command) == (100, 50, "program --number 100")
    assert {row.state for row in rows if row.pid == 150} == {"Z"}
    assert sorted(read.names) == sorted(["proc", *(f"proc/{pid}/stat" for pid in range(100, 2100))])
    assert not any("/fd" in name for name in read.names)
