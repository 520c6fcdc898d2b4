"""Fans and BAR1: what a card is asked now and then, and what it may not have."""

from __future__ import annotations

from typing import Any

import pytest

from sensors.gpu_readings import GpuReading
from sensors.gpus.nvml_errors import Code
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import MIB, Fail, FakeGpu, FakeNvml, answers

RPM = "nvmlDeviceGetFanSpeedRPM"
COUNT = "nvmlDeviceGetNumFans"
BAR1 = "nvmlDeviceGetBAR1MemoryInfo"
LOOKS = 60


def two_fans(first: int, second: int | Fail) -> dict[Any, Any]:
    return {(RPM,): first, (RPM, 1): second, COUNT: 2}


def looked_at(changed: dict[Any, Any], looks: int = 1) -> tuple[GpuReading, FakeNvml]:
    nvml, clock = FakeNvml(FakeGpu(answers() | changed)), FakeClock()
    gpus = NvidiaGpus(nvml, clock=clock)
    for _ in range(looks):
        clock.advance(1)
        reading = gpus.read()
    return reading.gpus[0], nvml


def test_the_fastest_of_several_fans_counts() -> None:
    for first, second in ((1_450, 1_500), (1_600, 1_500)):
        assert looked_at(two_fans(first, second))[0].fan_rpm == max(first, second)


def test_a_fan_that_stands_still_turns_at_zero() -> None:
    gpu, _ = looked_at({RPM: 0})
    assert gpu.fan_rpm == 0
    assert "fan_rpm" not in gpu.unknown


@pytest.mark.parametrize("count", [0, Fail(Code.NOT_SUPPORTED), Fail(Code.FUNCTION_NOT_FOUND)])
def test_where_no_more_fans_are_told_the_first_counts(count: object) -> None:
    assert looked_at({COUNT: count})[0].fan_rpm == 1_450


def test_a_fan_that_does_not_answer_takes_no_other_down() -> None:
    assert looked_at(two_fans(1_450, Fail(Code.NOT_SUPPORTED)))[0].fan_rpm == 1_450


def test_a_card_without_a_fan_is_asked_once_for_its_speed() -> None:
    gpu, nvml = looked_at({RPM: Fail(Code.NOT_SUPPORTED)}, LOOKS)
    assert (gpu.fan_rpm, gpu.unknown["fan_rpm"]) == (None, "not supported")
    assert (nvml.calls[RPM], nvml.calls[COUNT]) == (1, 0)


def test_fans_and_bar1_are_asked_seldom_and_the_number_of_fans_once() -> None:
    gpu, nvml = looked_at(two_fans(1_450, 1_500), LOOKS)
    assert (gpu.bar1_used_bytes, gpu.bar1_total_bytes) == (4 * MIB, 256 * MIB)
    assert nvml.calls[COUNT] == 1
    assert nvml.calls[BAR1] <= 4
    assert 2 * LOOKS / 8 <= nvml.calls[RPM] <= 2 * LOOKS / 4


def test_a_card_that_tells_no_bar1_says_why() -> None:
    gpu, _ = looked_at({BAR1: Fail(Code.NOT_SUPPORTED)})
    assert (gpu.bar1_used_bytes, gpu.bar1_total_bytes) == (None, None)
    assert gpu.unknown["bar1_used_bytes"] == "not supported"
    assert gpu.unknown["bar1_total_bytes"] == "not supported"
