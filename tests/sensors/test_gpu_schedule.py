"""How often a driver is asked, and how long a look takes where it is slow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sensors.gpu_readings import GpuReading
from sensors.gpus.schedule import OFTEN_S, PROCESSES_S, SELDOM_S, SHARE, Schedule, Task
from sensors.nvidia import NvidiaGpus, NvidiaReading
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import FakeGpu, FakeNvml, answers, process, use

NVTOP_CALLS_AT_8_GPUS = 168


class Node:
    """A machine with some cards, ten processes on them, looked at once a second."""

    def __init__(self, gpus: int, call_s: float = 0.0) -> None:
        self.nvml = FakeNvml(*(self._card(index) for index in range(gpus)))
        self.clock = FakeClock()
        self.nvml.on_call = lambda: self.clock.advance(call_s)
        self.gpus = NvidiaGpus(self.nvml, clock=self.clock, wall_clock=lambda: 1.7e9)

    @staticmethod
    def _card(index: int) -> FakeGpu:
        pids = [pid for pid in range(100, 110) if pid % 8 == index % 8]
        return FakeGpu(
            answers(
                nvmlDeviceGetUUID=f"GPU-{index}".encode(),
                nvmlDeviceGetComputeRunningProcesses_v3=[process(pid) for pid in pids],
                nvmlDeviceGetProcessUtilization=[use(pid, 50) for pid in pids],
            )
        )

    def look(self) -> tuple[NvidiaReading, float, int]:
        """A reading, the seconds it took and the calls it made."""
        calls, began_s = self._calls(), self.clock()
        reading = self.gpus.read()
        took_s = self.clock() - began_s
        self.clock.advance(1 - took_s)
        return reading, took_s, self._calls() - calls

    def _calls(self) -> int:
        return sum(n for key, n in self.nvml.calls.items() if isinstance(key, str))


def unknown_fields(gpu: GpuReading) -> set[str]:
    return {name for name in GpuReading.__slots__ if getattr(gpu, name) is None}


def test_the_first_look_asks_everything() -> None:
    node = Node(8, call_s=0.001)
    (first, *_), (later, *_) = node.look(), [node.look() for _ in range(30)][-1]
    rates = {f"{bus}_{way}_bytes_per_s" for bus in ("pcie", "nvlink") for way in ("rx", "tx")}
    for before, after in zip(first.gpus, later.gpus, strict=True):
        assert unknown_fields(before) - rates == unknown_fields(after)
    assert len(first.processes) == 10


def test_eight_cards_take_far_fewer_calls_a_look_than_nvtop() -> None:
    node = Node(8)
    node.look()
    counts = [node.look()[2] for _ in range(60)]
    assert sum(counts) / len(counts) < NVTOP_CALLS_AT_8_GPUS / 2
    assert max(counts) < NVTOP_CALLS_AT_8_GPUS * 2 / 3


def test_eight_cards_take_under_50_ms_where_each_call_takes_one() -> None:
    node = Node(8, call_s=0.001)
    node.look()
    assert max(node.look()[1] for _ in range(120)) < 0.050


@pytest.mark.parametrize(("gpus", "looks"), [(8, 300), (16, 1000)])
def test_no_field_waits_for_ever_where_calls_are_slow(gpus: int, looks: int) -> None:
    node = Node(gpus, call_s=0.001)
    node.look()
    before = dict(node.nvml.calls)
    for _ in range(looks):
        node.look()
    seldom = ("nvmlDeviceGetFanSpeed", "nvmlDeviceGetComputeMode", "nvmlDeviceGetMigMode")
    for name in (*seldom, "nvmlDeviceGetComputeRunningProcesses_v3"):
        assert node.nvml.calls[name] - before[name] >= gpus


def test_what_is_due_is_spread_over_looks() -> None:
    node = Node(8)
    node.look()
    asked = []
    for _ in range(20):
        before = node.nvml.calls["nvmlDeviceGetFanSpeed"]
        node.look()
        asked.append(node.nvml.calls["nvmlDeviceGetFanSpeed"] - before)
    assert sum(asked) >= 8 * 20 / SELDOM_S - 8
    assert max(asked) <= 4


def test_what_never_changes_is_asked_once() -> None:
    node = Node(2)
    for _ in range(100):
        node.look()
    for name in ("nvmlDeviceGetName", "nvmlDeviceGetMaxPcieLinkWidth", "nvmlDeviceGetPciInfo"):
        assert node.nvml.calls[name] == 2


def test_a_codec_in_use_is_asked_more_often_than_an_idle_one() -> None:
    node = Node(1)
    node.nvml.gpus[0].answers["nvmlDeviceGetEncoderUtilization"] = [70, 167_000]
    for _ in range(60):
        reading, *_ = node.look()
    assert reading.gpus[0].encoder_pct == 70
    often, seldom = (node.nvml.calls[f"nvmlDeviceGet{x}coderUtilization"] for x in ("En", "De"))
    assert often > 50
    assert seldom < 20


def test_lists_of_processes_that_are_empty_are_asked_less_often() -> None:
    node = Node(1)
    for _ in range(60):
        node.look()
    compute, mps = (
        node.nvml.calls[f"nvmlDeviceGet{kind}RunningProcesses_v3"]
        for kind in ("Compute", "MPSCompute")
    )
    assert compute >= 60 / PROCESSES_S - 1
    assert mps <= 3


def test_slow_questions_take_no_more_than_their_share_of_time() -> None:
    """As process lists that take 10 ms each, on eight cards."""
    clock = FakeClock()
    spent_s = 0.0

    def slow() -> float:
        nonlocal spent_s
        clock.advance(0.010)
        spent_s += 0.010
        return PROCESSES_S

    schedule = Schedule([Task(slow) for _ in range(16)], clock)
    schedule.run(clock())
    spent_s = 0.0
    for _ in range(100):
        clock.advance(1)
        schedule.run(clock())
    assert spent_s <= 100 * SHARE * 1.1 + 0.02


def test_a_call_that_hung_once_does_not_silence_the_others_for_long() -> None:
    clock, asked = FakeClock(), []

    hangs_s = iter([0, 60])

    def hang() -> float:
        clock.advance(next(hangs_s, 0))
        return SELDOM_S

    def answer() -> float:
        asked.append(clock())
        return OFTEN_S

    schedule = Schedule([Task(answer), Task(hang)], clock)
    for _ in range(30):
        schedule.run(clock())
        clock.advance(1)
    assert len(asked) > 15


def test_the_most_overdue_is_asked_first() -> None:
    clock, asked = FakeClock(), []

    def ask(name: str, every_s: float) -> Callable[[], float]:
        def answer() -> float:
            asked.append(name)
            clock.advance(0.030)
            return every_s

        return answer

    schedule = Schedule([Task(ask("seldom", SELDOM_S)), Task(ask("often", OFTEN_S))], clock)
    schedule.run(clock())
    asked.clear()
    clock.advance(10)
    schedule.run(clock())
    assert asked[0] == "often"
