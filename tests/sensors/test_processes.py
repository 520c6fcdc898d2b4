"""Which processes are listed, and what with."""

from __future__ import annotations

from collections import Counter

from sensors.process_table import Counters, Details
from sensors.processes import SCAN_EVERY_S, Processes
from sensors.readings import ProcessReading
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock


class FakeTable:
    """Processes by their CPU seconds so far; memory is 100 bytes times the pid."""

    def __init__(self, cpu_s: dict[int, float]) -> None:
        self.cpu_s = cpu_s
        self.started = dict.fromkeys(cpu_s, 1.0)
        self.calls: Counter[str] = Counter()

    def pids(self) -> set[int]:
        self.calls["pids"] += 1
        return set(self.cpu_s)

    def counters(self, pid: int) -> Counters | None:
        self.calls["counters"] += 1
        if pid not in self.cpu_s:
            return None
        return Counters(self.started.get(pid, 1.0), self.cpu_s[pid], 100 * pid)

    def details(self, pid: int) -> Details:
        self.calls["details"] += 1
        return Details(user="ada", command=f"program {pid}", started_at_s=5.0)


def processes(table: FakeTable, clock: FakeClock, busiest: int = 2) -> Processes:
    return Processes(busiest, table=table, clock=clock, cpu_clock=lambda: 0.0)


def gpu_row(pid: int, index: int = 0) -> ProcessReading:
    return ProcessReading(pid=pid, gpu_index=index, gpu_memory_bytes=7)


def test_cpu_use_is_unknown_until_there_were_two_looks() -> None:
    table, clock = FakeTable({1: 10.0}), FakeClock()
    found = processes(table, clock)
    assert found.read()[0].cpu_pct is None
    clock.advance(2)
    table.cpu_s[1] += 3
    (row,) = found.read()
    assert row.cpu_pct == 150
    assert (row.user, row.command, row.memory_bytes, row.started_at_s) == (
        "ada",
        "program 1",
        100,
        5,
    )


def test_the_busiest_are_listed_by_cpu_use() -> None:
    table, clock = FakeTable(dict.fromkeys(range(1, 6), 0.0)), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    table.cpu_s |= {3: 0.5, 1: 0.9}
    assert [row.pid for row in found.read()] == [1, 3]


def test_gpu_processes_come_first_and_are_not_listed_twice() -> None:
    table, clock = FakeTable({1: 0.0, 2: 0.0, 3: 0.0}), FakeClock()
    found = processes(table, clock)
    rows = found.read([gpu_row(3, 0), gpu_row(3, 1)])
    assert [(row.pid, row.gpu_index) for row in rows] == [(3, 0), (3, 1), (2, None), (1, None)]
    assert rows[0].command == "program 3"
    assert rows[0].gpu_memory_bytes == 7


def test_our_own_processes_are_listed_in_any_case_and_take_no_place_of_others() -> None:
    table, clock = FakeTable({1: 0.0, 2: 0.0, 3: 0.0, 4: 0.0}), FakeClock()
    rows = processes(table, clock).read(wanted=Wanted(own_pids=frozenset({1})))
    assert {row.pid for row in rows} == {1, 3, 4}


def test_our_own_processes_that_are_gone_are_skipped() -> None:
    table, clock = FakeTable({1: 0.0}), FakeClock()
    assert [
        row.pid for row in processes(table, clock).read((), Wanted(own_pids=frozenset({99})))
    ] == [1]


def test_a_gpu_process_of_another_pid_namespace_has_no_command() -> None:
    table, clock = FakeTable({}), FakeClock()
    assert processes(table, clock).read([gpu_row(99)]) == (gpu_row(99),)


def test_a_process_that_vanishes_is_skipped() -> None:
    table, clock = FakeTable({1: 0.0, 2: 0.0}), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    found.read()
    clock.advance(1)
    del table.cpu_s[2]
    assert [row.pid for row in found.read()] == [1]


def test_a_pid_that_is_used_again_is_another_process() -> None:
    table, clock = FakeTable({1: 100.0}), FakeClock()
    found = processes(table, clock)
    found.read()
    table.started[1] = 2.0
    table.cpu_s[1] = 101.0
    clock.advance(1)
    assert found.read()[0].cpu_pct is None
    assert table.calls["details"] == 2


def test_details_are_read_once_and_all_processes_seldom() -> None:
    table, clock = FakeTable(dict.fromkeys(range(1, 100), 0.0)), FakeClock()
    found = processes(table, clock, busiest=1)
    found.read()
    clock.advance(1)
    found.read()
    table.calls.clear()
    for _ in range(2):
        clock.advance(1)
        found.read()
    assert table.calls == {"counters": 2}
    clock.advance(SCAN_EVERY_S)
    found.read()
    assert table.calls["pids"] == 1


def test_a_dear_scan_is_done_less_often() -> None:
    table, clock = FakeTable({1: 0.0}), FakeClock()
    times = iter([0.0, 0.03, 0.0, 0.03, 0.0, 0.03])
    found = Processes(1, table=table, clock=clock, cpu_clock=lambda: next(times))
    found.read()
    clock.advance(1)
    found.read()
    clock.advance(9.9)
    found.read()
    assert table.calls["pids"] == 2
    clock.advance(0.2)
    found.read()
    assert table.calls["pids"] == 3


def test_two_looks_in_quick_succession_keep_the_cpu_use() -> None:
    table, clock = FakeTable({1: 0.0}), FakeClock()
    found = processes(table, clock)
    found.read()
    clock.advance(1)
    table.cpu_s[1] = 0.5
    found.read()
    clock.advance(0.01)
    assert found.read()[0].cpu_pct == 50
