"""What the driver's bits become."""

from __future__ import annotations

import pytest

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import Severity
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import FakeGpu, FakeNvml, answers


def names(bits: int) -> list[str]:
    return [limit.name for limit in clock_limits(bits)]


def test_no_bit_is_no_limit() -> None:
    assert clock_limits(0) == ()


def test_the_specific_cause_comes_before_the_general_one() -> None:
    assert names(0xE8) == ["hw-thermal", "power-brake", "sw-thermal", "hw-slowdown"]
    assert names(0x2D) == ["sw-thermal", "hw-slowdown", "power-cap", "idle"]


@pytest.mark.parametrize(
    ("bit", "name", "severity"),
    [
        (0x1, "idle", Severity.INFORMATION),
        (0x2, "application-clocks", Severity.INFORMATION),
        (0x4, "power-cap", Severity.WARNING),
        (0x8, "hw-slowdown", Severity.CRITICAL),
        (0x10, "sync-boost", Severity.INFORMATION),
        (0x20, "sw-thermal", Severity.CRITICAL),
        (0x40, "hw-thermal", Severity.CRITICAL),
        (0x80, "power-brake", Severity.CRITICAL),
        (0x100, "display-clocks", Severity.INFORMATION),
        (0x200, "board-limit", Severity.WARNING),
        (0x400, "reliability-limit", Severity.WARNING),
    ],
)
def test_each_known_bit_has_a_name_and_a_severity(bit: int, name: str, severity: Severity) -> None:
    (limit,) = clock_limits(bit)
    assert (limit.name, limit.severity) == (name, severity)
    assert limit.text


def test_several_bits_come_most_severe_first() -> None:
    assert names(0x4 | 0x8 | 0x1) == ["hw-slowdown", "power-cap", "idle"]


def test_an_unknown_bit_is_shown_as_hexadecimal_and_hides_no_other() -> None:
    assert names(0x8000_0000_0000_0000 | 0x4) == ["power-cap", "unknown-0x8000000000000000"]


def test_a_slowdown_of_a_moment_is_a_warning_yet() -> None:
    (brief,) = clock_limits(0x8, is_slowdown_brief=True)
    assert (brief.name, brief.severity) == ("hw-slowdown", Severity.WARNING)


def test_a_slowdown_that_lasts_more_than_a_second_is_critical() -> None:
    clock = FakeClock()
    card = FakeGpu(answers(nvmlDeviceGetCurrentClocksEventReasons=0x8))
    gpus = NvidiaGpus(FakeNvml(card), clock=clock)

    def severity() -> Severity:
        (limit,) = gpus.read().gpus[0].clock_limits or ()
        clock.advance(0.6)
        return limit.severity

    assert [severity() for _ in range(3)] == [
        Severity.WARNING,
        Severity.WARNING,
        Severity.CRITICAL,
    ]
