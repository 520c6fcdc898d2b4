from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from runners.events import Phases
from runners.worker.timing import DeviceTimer, HostTimer, NoTimer, PhaseTimer
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.torch


@dataclass
class SlowBatches:
    """Batches that take their time: to start, each one, and to end."""

    clock: FakeClock
    steps: int

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Any]:
        self.clock.advance(5.0)
        for step in range(self.steps):
            self.clock.advance(1.0)
            yield step
        self.clock.advance(0.5)


class FakeDevice:
    """A device with a clock of its own, whose events are kept for inspection."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.events: list[FakeEvent] = []
        self.finished = False

    def new_event(self) -> FakeEvent:
        event = FakeEvent(self)
        self.events.append(event)
        return event


class FakeEvent:
    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self.recorded_s: list[float] = []

    def record(self) -> None:
        self.recorded_s.append(self._device.clock())

    def elapsed_time(self, end_event: FakeEvent) -> float:
        assert self._device.finished, "read before the device was synchronized"
        return (end_event.recorded_s[-1] - self.recorded_s[-1]) * 1000


def run_epoch(timer: PhaseTimer, batches: SlowBatches, clock: FakeClock, *, cold_s: float) -> int:
    """Steps whose phases take 0.1, 0.2, 0.3, 0.4 s, the first `cold_s` more in its forward."""
    steps = 0
    for step in timer.batches(batches):
        clock.advance(0.1)
        timer.mark()
        clock.advance(0.2 + (cold_s if step == 0 else 0.0))
        timer.mark()
        clock.advance(0.3)
        timer.mark()
        clock.advance(0.4)
        timer.mark()
        clock.advance(0.05)
        steps += 1
    return steps


def rounded(phases: Phases) -> tuple[float | None, ...]:
    values = (
        phases.data_wait_s,
        phases.host_to_device_s,
        phases.forward_s,
        phases.backward_s,
        phases.optimizer_s,
    )
    return tuple(None if value is None else round(value, 6) for value in values)


def test_the_host_clock_gives_each_phase_its_time_and_the_start_of_the_loader_to_the_wait() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    for _ in range(2):
        assert run_epoch(timer, SlowBatches(clock, steps=4), clock, cold_s=1.0) == 4
        assert rounded(timer.phases()) == (9.5, 0.4, 1.8, 1.2, 1.6)
    assert timer.device_idle_s() is None


def test_the_wait_so_far_can_be_asked_for_in_the_middle_of_an_epoch() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    batches = timer.batches(SlowBatches(clock, steps=4))
    next(batches)
    assert timer.data_wait_s() == 6.0


@pytest.mark.parametrize(("steps", "sampled_steps"), [(4, 128), (100, 7), (101, 10), (1, 128)])
def test_the_device_clock_gives_whole_epochs_from_the_steps_it_marks(
    steps: int, sampled_steps: int
) -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, sampled_steps=sampled_steps, now=host)
    for _ in range(2):
        device.finished = False
        run_epoch(timer, SlowBatches(host, steps), device.clock, cold_s=9.0)
        device.finished = True
        wait_s = 5.0 + steps + 0.5
        expected = (wait_s, 0.1 * steps, 0.2 * steps + 9.0, 0.3 * steps, 0.4 * steps)
        assert rounded(timer.phases()) == pytest.approx(expected, abs=1e-6)
    marked_steps = len(device.events) / 6
    assert marked_steps <= sampled_steps + 1


def test_device_idle_time_is_what_passes_between_the_steps() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, now=host)
    waiting = SlowBatches(device.clock, steps=4)
    run_epoch(timer, waiting, device.clock, cold_s=0.0)
    device.finished = True
    assert timer.device_idle_s() == pytest.approx(5.0 + 4 * 1.0)


def test_marks_are_used_again_in_the_next_epoch() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, now=host)
    for _ in range(3):
        run_epoch(timer, SlowBatches(host, steps=5), device.clock, cold_s=0.0)
    assert len(device.events) == 5 * 6


def test_without_timing_all_is_unknown_and_the_batches_are_the_same() -> None:
    clock = FakeClock()
    timer = NoTimer()
    assert list(timer.batches(SlowBatches(clock, steps=3))) == [0, 1, 2]
    assert timer.phases().total_s() is None
    assert timer.data_wait_s() is None
    assert timer.device_idle_s() is None
