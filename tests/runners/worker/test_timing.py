from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """A device with a clock of its own, whose events are kept for inspection.

    Attributes:
        done_s: Up to when it is through with its work; nothing of what comes later may be read.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.events: list[FakeEvent] = []
        self.done_s = -1.0

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

    def query(self) -> bool:
        return self.recorded_s[-1] <= self._device.done_s

    def elapsed_time(self, end_event: FakeEvent) -> float:
        assert end_event.query(), "read before the device came to it"
        return (end_event.recorded_s[-1] - self.recorded_s[-1]) * 1000


def step_phases(clock: FakeClock, mark: Callable[[], None], *, cold_s: float = 0.0) -> None:
    """Phases of 0.1, 0.2, 0.3, 0.4 s, the forward one `cold_s` longer; then 0.05 s of the rest."""
    for phase_s in (0.1, 0.2 + cold_s, 0.3, 0.4):
        clock.advance(phase_s)
        mark()
    clock.advance(0.05)


def run_epoch(timer: PhaseTimer, batches: SlowBatches, clock: FakeClock, *, cold_s: float) -> int:
    """Steps of `step_phases`, the first one cold; how many there were."""
    steps = 0
    for step in timer.batches(batches):
        step_phases(clock, timer.mark, cold_s=cold_s if step == 0 else 0.0)
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


def test_phases_so_far_are_exact_on_the_host_clock_and_end_up_as_those_of_the_epoch() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    told = []
    for step in timer.batches(SlowBatches(clock, steps=4)):
        step_phases(clock, timer.mark, cold_s=1.0 if step == 0 else 0.0)
        told.append(rounded(timer.phases()))
    assert told == [
        (6.0, 0.1, 1.2, 0.3, 0.4),
        (7.0, 0.2, 1.4, 0.6, 0.8),
        (8.0, 0.3, 1.6, 0.9, 1.2),
        (9.0, 0.4, 1.8, 1.2, 1.6),
    ]
    # The end of the batches is waited for as well.
    assert rounded(timer.phases()) == (9.5, 0.4, 1.8, 1.2, 1.6)


def test_phases_and_the_rest_of_each_step_make_up_the_epoch() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    started_s = clock()
    run_epoch(timer, SlowBatches(clock, steps=40), clock, cold_s=1.0)
    assert timer.phases().total_s() == pytest.approx(clock() - started_s - 40 * 0.05)


def test_the_phases_of_a_step_under_way_are_not_told_yet_but_its_wait_is() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    batches = timer.batches(SlowBatches(clock, steps=4))
    next(batches)
    assert rounded(timer.phases()) == (6.0, None, None, None, None)
    step_phases(clock, timer.mark)
    next(batches)
    timer.mark()
    assert rounded(timer.phases()) == (7.0, 0.1, 0.2, 0.3, 0.4)


def test_a_loop_that_only_takes_batches_has_no_phase_but_the_wait() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    assert list(timer.batches(SlowBatches(clock, steps=3))) == [0, 1, 2]
    assert rounded(timer.phases()) == (8.5, None, None, None, None)
    times = timer.step_times()
    assert times is not None
    assert times.steps == 2
    assert times.data_wait_s == pytest.approx((1.0,) * 6)
    assert times.forward_s is None


def test_the_first_wait_is_that_for_the_loader_to_start() -> None:
    host, device = FakeClock(), FakeDevice()
    for timer in (HostTimer(host), DeviceTimer(device.new_event, now=host)):
        assert timer.first_wait_s() is None
        for _ in range(2):
            run_epoch(timer, SlowBatches(host, steps=4), host, cold_s=0.0)
            assert timer.first_wait_s() == 6.0


def test_the_host_clock_tells_how_the_steps_differ_without_the_first() -> None:
    clock = FakeClock()
    timer = HostTimer(clock)
    for step in timer.batches(SlowBatches(clock, steps=6)):
        step_phases(clock, timer.mark, cold_s=9.0 if step == 0 else step / 10)
    times = timer.step_times()
    assert times is not None
    assert times.steps == 5
    # In the forward pass 0.3, 0.4, 0.5, 0.6, 0.7 s.
    assert times.forward_s == pytest.approx((0.32, 0.4, 0.5, 0.6, 0.68, 0.7))
    assert times.whole_s == pytest.approx((2.17, 2.25, 2.35, 2.45, 2.53, 2.55))
    assert times.data_wait_s == pytest.approx((1.0,) * 6)
    assert times.optimizer_s == pytest.approx((0.4,) * 6)


def test_a_single_step_differs_from_none() -> None:
    host, device = FakeClock(), FakeDevice()
    for timer in (HostTimer(host), DeviceTimer(device.new_event, now=host)):
        run_epoch(timer, SlowBatches(host, steps=1), device.clock, cold_s=0.0)
        device.done_s = device.clock()
        assert timer.step_times() is None


@pytest.mark.parametrize(("steps", "sampled_steps"), [(4, 128), (100, 7), (101, 10), (1, 128)])
def test_the_device_clock_gives_whole_epochs_from_the_steps_it_marks(
    steps: int, sampled_steps: int
) -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, sampled_steps=sampled_steps, now=host)
    for _ in range(2):
        device.done_s = -1.0
        run_epoch(timer, SlowBatches(host, steps), device.clock, cold_s=9.0)
        device.done_s = device.clock()
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
    device.done_s = device.clock()
    assert timer.device_idle_s() == pytest.approx(5.0 + 4 * 1.0)


def test_marks_are_used_again_in_the_next_epoch() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, now=host)
    for _ in range(3):
        run_epoch(timer, SlowBatches(host, steps=5), device.clock, cold_s=0.0)
    assert len(device.events) == 5 * 6


def test_each_mark_is_read_once() -> None:
    """On MPS the second look at a mark never came back in some versions of torch."""
    device, host = FakeDevice(), FakeClock()
    read: list[int] = []

    class ReadOnce(FakeEvent):
        def elapsed_time(self, end_event: FakeEvent) -> float:
            read.append(id(end_event))
            return super().elapsed_time(end_event)

    timer = DeviceTimer(lambda: ReadOnce(device), now=host)
    for _ in timer.batches(SlowBatches(host, steps=3)):
        step_phases(device.clock, timer.mark)
        device.done_s = device.clock()
        timer.phases()
    timer.phases()
    timer.device_idle_s()
    timer.step_times()
    assert len(read) == len(set(read)) == 3 * 5


def test_phases_so_far_are_those_of_the_steps_the_device_is_through_with_scaled_up() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, now=host)
    told = []
    for step in timer.batches(SlowBatches(host, steps=6)):
        step_phases(device.clock, timer.mark, cold_s=9.0 if step == 0 else 0.0)
        # From the third step on it lags two behind.
        if step != 1:
            device.done_s = device.clock() - (2.1 if step > 1 else 0.0)
        told.append(rounded(timer.phases()))
    assert told == [
        (6.0, 0.1, 9.2, 0.3, 0.4),
        # Of the others nothing is known yet: the first one, which is slow, does not stand for them.
        (7.0, None, None, None, None),
        (8.0, None, None, None, None),
        (9.0, 0.4, 9.8, 1.2, 1.6),
        (10.0, 0.5, 10.0, 1.5, 2.0),
        (11.0, 0.6, 10.2, 1.8, 2.4),
    ]
    device.done_s = device.clock()
    assert rounded(timer.phases()) == (11.5, 0.6, 10.2, 1.8, 2.4)


def test_of_a_long_epoch_the_phases_so_far_come_from_few_steps_and_are_right_all_along() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, sampled_steps=5, now=host)
    known = 0
    for step in timer.batches(SlowBatches(host, steps=100)):
        step_phases(device.clock, timer.mark, cold_s=9.0 if step == 0 else 0.0)
        device.done_s = device.clock()
        done, phases = step + 1, rounded(timer.phases())
        if phases[1] is not None:
            known += 1
            expected = (5.0 + done, 0.1 * done, 9.0 + 0.2 * done, 0.3 * done, 0.4 * done)
            assert phases == pytest.approx(expected)
    assert known > 50


def test_where_reading_a_mark_waits_for_the_device_none_is_read_within_the_epoch() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, is_read_early=False, now=host)
    for step in timer.batches(SlowBatches(host, steps=3)):
        step_phases(device.clock, timer.mark)
        device.done_s = device.clock()
        assert rounded(timer.phases()) == (6.0 + step, None, None, None, None)
    assert rounded(timer.phases()) == (8.5, 0.3, 0.6, 0.9, 1.2)


def test_the_device_clock_tells_how_the_marked_steps_differ_and_the_host_clock_all_waits() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(device.new_event, sampled_steps=4, now=host)
    for step in timer.batches(SlowBatches(host, steps=20)):
        step_phases(device.clock, timer.mark, cold_s=9.0 if step == 0 else 0.0)
        host.advance(step / 10)
    device.done_s = device.clock()
    times = timer.step_times()
    assert times is not None
    assert times.steps == 4
    assert times.forward_s == pytest.approx((0.2,) * 6)
    assert times.whole_s == pytest.approx((1.19, 1.55, 2.0, 2.45, 2.81, 2.9))
    assert times.data_wait_s == pytest.approx((1.0,) * 6)


class Reversed(FakeEvent):
    """An event whose time is refused."""

    def __init__(self, device: FakeDevice, says: str) -> None:
        super().__init__(device)
        self._says = says

    def elapsed_time(self, end_event: FakeEvent) -> float:
        if end_event.recorded_s[-1] > self.recorded_s[-1]:
            return super().elapsed_time(end_event)
        raise RuntimeError(self._says)


def test_two_marks_that_mps_calls_reversed_have_no_time_between_them() -> None:
    says = "End event 7 was not recorded after start event 6"
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(lambda: Reversed(device, says), now=host)
    for _ in timer.batches(SlowBatches(host, steps=2)):
        timer.mark()
        device.clock.advance(1.0)
        for _ in range(3):
            timer.mark()
    device.done_s = device.clock()
    assert rounded(timer.phases()) == (7.5, 0.0, 2.0, 0.0, 0.0)


def test_any_other_refusal_is_an_error() -> None:
    device, host = FakeDevice(), FakeClock()
    timer = DeviceTimer(lambda: Reversed(device, "CUDA error: unspecified"), now=host)
    for _ in timer.batches(SlowBatches(host, steps=1)):
        for _ in range(4):
            timer.mark()
    device.done_s = device.clock()
    with pytest.raises(RuntimeError, match="unspecified"):
        timer.phases()


def test_without_timing_all_is_unknown_and_the_batches_are_the_same() -> None:
    clock = FakeClock()
    timer = NoTimer()
    assert list(timer.batches(SlowBatches(clock, steps=3))) == [0, 1, 2]
    assert timer.phases().total_s() is None
    assert timer.device_idle_s() is None
    assert timer.first_wait_s() is None
    assert timer.step_times() is None
