"""Fans and BAR1: what a card is asked now and then, and what it may not have."""

from __future__ import annotations

from typing import Any

from sensors.gpu_readings import GpuReading
from sensors.gpus.nvml_errors import Code
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import MIB, Fail, FakeGpu, FakeNvml, answers

RPM = "nvmlDeviceGetFanSpeedRPM"
BAR1 = "nvmlDeviceGetBAR1MemoryInfo"
LOOKS = 60


def looked_at(changed: dict[Any, Any], looks: int = 1) -> tuple[GpuReading, FakeNvml]:
    nvml, clock = FakeNvml(FakeGpu(answers() | changed)), FakeClock()
    gpus = NvidiaGpus(nvml, clock=clock)
    for _ in range(looks):
        clock.advance(1)
        reading = gpus.read()
    return reading.gpus[0], nvml


def test_a_fan_that_stands_still_turns_at_zero() -> None:
    gpu, _ = looked_at({RPM: 0})
    assert gpu.fan_rpm == 0
    assert "fan_rpm" not in gpu.unknown


def test_a_card_without_a_fan_is_asked_once_for_its_speed() -> None:
    gpu, nvml = looked_at({RPM: Fail(Code.NOT_SUPPORTED)}, LOOKS)
    assert (gpu.fan_rpm, gpu.unknown["fan_rpm"]) == (None, "not supported")
    assert nvml.calls[RPM] == 1


def test_fans_and_bar1_are_asked_seldom() -> None:
    gpu, nvml = looked_at({}, LOOKS)
    assert (gpu.bar1_used_bytes, gpu.bar1_total_bytes) == (4 * MIB, 256 * MIB)
    assert nvml.calls[BAR1] <= 4
    assert gpu.fan_rpm == 1_450
    assert LOOKS / 8 <= nvml.calls[RPM] <= LOOKS / 4


def test_a_card_that_tells_no_bar1_says_why() -> None:
    gpu, _ = looked_at({BAR1: Fail(Code.NOT_SUPPORTED)})
    assert (gpu.bar1_used_bytes, gpu.bar1_total_bytes) == (None, None)
    assert gpu.unknown["bar1_used_bytes"] == "not supported"
    assert gpu.unknown["bar1_total_bytes"] == "not supported"
