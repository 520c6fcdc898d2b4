from __future__ import annotations

import pytest

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.sensor_cost import TimedNvml, calls_table, measure
from sensors.gpus.nvml_errors import Code
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import FakeGpu, FakeNvml


def test_a_timed_module_answers_as_the_module_does() -> None:
    plain = NvidiaGpus(FakeNvml(FakeGpu()), clock=FakeClock()).read()
    timed = NvidiaGpus(TimedNvml(FakeNvml(FakeGpu())), clock=FakeClock()).read()
    assert timed.gpus == plain.gpus
    assert timed.driver == plain.driver


def test_each_call_is_timed_by_function_and_arguments() -> None:
    clock = FakeClock()

    class Slow(FakeNvml):
        def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVIDIA's name
            clock.advance(0.25)
            return 1

    nvml = TimedNvml(Slow(FakeGpu()), clock)
    NvidiaGpus(nvml, clock=FakeClock()).read()
    assert nvml.took_s["nvmlDeviceGetCount()"] == [0.25]
    assert len(nvml.took_s["nvmlDeviceGetClockInfo(1)"]) == 1
    assert len(nvml.took_s["nvmlDeviceGetClockInfo(2)"]) == 1


def test_full_looks_ask_every_question_and_usual_ones_only_what_is_due() -> None:
    nvml = FakeNvml(FakeGpu())
    usual, full, _ = measure(nvml)
    looks = 1 + len(usual) + len(full)
    assert nvml.calls["nvmlDeviceGetUtilizationRates"] == looks
    slow = nvml.calls["nvmlDeviceGetFanSpeed"]
    assert len(full) < slow < looks


def test_a_driver_that_does_not_answer_cannot_be_measured() -> None:
    nvml = FakeNvml(FakeGpu())
    nvml.init_code = Code.DRIVER_NOT_LOADED
    with pytest.raises(NotMeasuredError, match="kernel module"):
        measure(nvml)


def test_the_dearest_call_comes_first() -> None:
    took = {"cheap()": {"median": 0.002, "p95": 0.01, "count": 3}}
    took["dear()"] = {"median": 20.1, "p95": 21.0, "count": 2}
    _, _, first, second = calls_table(took).splitlines()
    assert first == "| `dear()` | 20.100 | 21.000 | 2 |"
    assert second.startswith("| `cheap()` |")


def test_calls_that_differ_by_a_moment_in_time_are_one_line() -> None:
    nvml = TimedNvml(FakeNvml(FakeGpu()))
    for at_us in (1_700_000_000_000_000, 1_700_000_001_000_000):
        with pytest.raises(nvml.NVMLError):
            nvml.nvmlDeviceGetProcessUtilization(FakeGpu(), at_us)
    assert list(nvml.took_s) == ["nvmlDeviceGetProcessUtilization()"]
