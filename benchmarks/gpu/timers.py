"""Timers to hold the product's own against, for the product's own training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Self

from runners.events import Phases, StepTimes
from runners.worker.batches import Batches
from runners.worker.timing import DeviceEvent, HostTimer, PhaseTimer

_S_PER_MS = 1e-3


class HostEvent:
    """An event of the host's clock, for a rehearsal on the CPU, where work is done at once."""

    def __init__(self) -> None:
        self._recorded_s = 0.0

    def record(self) -> None:
        """See `DeviceEvent`."""
        self._recorded_s = time.perf_counter()

    def query(self) -> bool:
        """See `DeviceEvent`."""
        return True

    def elapsed_time(self, end_event: Self) -> float:
        """See `DeviceEvent`."""
        return (end_event._recorded_s - self._recorded_s) / _S_PER_MS


def synchronized_timer(
    synchronize: Callable[[], None], now: Callable[[], float] = time.perf_counter
) -> HostTimer:
    """The reference: the host's clock, the device waited for at each edge of each phase."""

    def now_when_done() -> float:
        synchronize()
        return now()

    return HostTimer(now_when_done)


class BothTimers:
    """Two timers at once, the second after the first at each mark.

    With the synchronizing one second, both see the same work on a device that is idle at each
    mark, so they differ by their clocks and by nothing else.
    """

    def __init__(self, first: PhaseTimer, second: PhaseTimer) -> None:
        self.clock = first.clock
        self._first = first
        self._second = second

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        # The second one outside: it sees each batch after the first, as it does the marks.
        return self._second.batches(_Through(self._first, source))

    def mark(self) -> None:
        """See `PhaseTimer`."""
        self._first.mark()
        self._second.mark()

    def phases(self) -> Phases:
        """The first one's."""
        return self._first.phases()

    def device_idle_s(self) -> float | None:
        """The first one's."""
        return self._first.device_idle_s()

    def first_wait_s(self) -> float | None:
        """The first one's."""
        return self._first.first_wait_s()

    def step_times(self) -> StepTimes | None:
        """The first one's."""
        return self._first.step_times()


class _Through:
    """Batches as they come through a timer."""

    def __init__(self, timer: PhaseTimer, source: Batches) -> None:
        self._timer = timer
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Any]:
        return self._timer.batches(self._source)


class SpanTimer:
    """A timer with two more events, around all steps of the epoch."""

    def __init__(self, inner: PhaseTimer, new_event: Callable[[], DeviceEvent]) -> None:
        self.clock = inner.clock
        self.mark = inner.mark
        self.phases = inner.phases
        self.device_idle_s = inner.device_idle_s
        self.first_wait_s = inner.first_wait_s
        self.step_times = inner.step_times
        self._inner = inner
        self._first, self._last = new_event(), new_event()

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        self._first.record()
        yield from self._inner.batches(source)
        self._last.record()

    def span_s(self) -> float:
        """Seconds of the device's clock from the start of the steps to their end."""
        return self._first.elapsed_time(self._last) * _S_PER_MS
