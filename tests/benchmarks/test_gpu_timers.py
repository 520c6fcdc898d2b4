from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.gpu.timers import BothTimers, HostEvent, SpanTimer, synchronized_timer
from runners.events import Phases
from runners.worker.timing import DeviceTimer, PhaseTimer
from tests.fakes.clock import FakeClock


class Queue:
    """A device that does its work behind the host's back, in order."""

    def __init__(self, host: FakeClock) -> None:
        self._host = host
        self.busy_until_s = host()

    def launch(self, work_s: float) -> None:
        self.busy_until_s = max(self.busy_until_s, self._host()) + work_s

    def synchronize(self) -> None:
        self._host.now_s = max(self._host(), self.busy_until_s)

    def new_event(self) -> QueuedEvent:
        return QueuedEvent(self, self._host)


class QueuedEvent:
    def __init__(self, queue: Queue, host: FakeClock) -> None:
        self._queue = queue
        self._host = host
        self.done_s = 0.0

    def record(self) -> None:
        self.done_s = max(self._queue.busy_until_s, self._host())

    def query(self) -> bool:
        return self._host() >= self.done_s

    def elapsed_time(self, end_event: QueuedEvent) -> float:
        return (end_event.done_s - self.done_s) * 1e3


class Ready:
    """Batches that take a little of the host's time each."""

    def __init__(self, host: FakeClock, steps: int) -> None:
        self._host = host
        self._steps = steps

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Any]:
        for step in range(self._steps):
            self._host.advance(0.001)
            yield step


WORK_S = (0.1, 1.0, 2.0, 0.2)


def train(timer: PhaseTimer, host: FakeClock, queue: Queue, *, launch_s: float) -> None:
    """Three steps; the host takes `launch_s` to launch each phase, the device `WORK_S`."""
    for _ in timer.batches(Ready(host, 3)):
        for work_s in WORK_S:
            host.advance(launch_s)
            queue.launch(work_s)
            timer.mark()
        queue.synchronize()
    queue.synchronize()


def of_device(phases: Phases) -> tuple[float | None, ...]:
    return (
        phases.host_to_device_s,
        phases.forward_s,
        phases.backward_s,
        phases.optimizer_s,
    )


def test_the_reference_waits_for_the_device_at_each_edge() -> None:
    host = FakeClock()
    queue = Queue(host)
    timer = synchronized_timer(queue.synchronize, host)
    train(timer, host, queue, launch_s=0.01)
    assert of_device(timer.phases()) == pytest.approx(tuple(3 * (w + 0.01) for w in WORK_S))


def test_both_clocks_see_the_same_on_the_same_steps_however_slow_the_launching() -> None:
    for launch_s in (0.001, 0.5):
        host = FakeClock()
        queue = Queue(host)
        events = DeviceTimer(queue.new_event, sampled_steps=100, now=host)
        reference = synchronized_timer(queue.synchronize, host)
        train(BothTimers(events, reference), host, queue, launch_s=launch_s)
        ours, theirs = of_device(events.phases()), of_device(reference.phases())
        assert ours == pytest.approx(theirs)


def test_a_mark_that_is_one_phase_late_does_not_agree() -> None:
    host = FakeClock()
    queue = Queue(host)
    events = DeviceTimer(queue.new_event, sampled_steps=100, now=host)
    reference = synchronized_timer(queue.synchronize, host)
    both = BothTimers(events, reference)
    for _ in both.batches(Ready(host, 3)):
        for place, work_s in enumerate(WORK_S):
            if place == 1:
                events.mark()
            queue.launch(work_s)
            if place != 1:
                events.mark()
            reference.mark()
        queue.synchronize()
    assert of_device(events.phases()) != pytest.approx(of_device(reference.phases()))


def test_running_free_the_device_hides_what_launching_costs() -> None:
    host = FakeClock()
    queue = Queue(host)
    events = DeviceTimer(queue.new_event, now=host)
    train(events, host, queue, launch_s=0.01)
    forward_s, backward_s = events.phases().forward_s, events.phases().backward_s
    assert (forward_s, backward_s) == pytest.approx((3 * 1.0, 3 * 2.0))


def test_the_span_covers_all_steps_of_the_device() -> None:
    host = FakeClock()
    queue = Queue(host)
    timer = SpanTimer(DeviceTimer(queue.new_event, now=host), queue.new_event)
    started_s = host()
    train(timer, host, queue, launch_s=0.01)
    assert timer.span_s() == pytest.approx(host() - started_s)


def test_an_event_of_the_host_tells_milliseconds() -> None:
    first, last = HostEvent(), HostEvent()
    first.record()
    last.record()
    assert 0 <= first.elapsed_time(last) < 1_000
