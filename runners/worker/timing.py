"""Tells where an epoch's time goes, on the host's clock or the device's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Protocol, Self

from runners.events import Phases
from runners.worker.batches import Batches

# Marks within a step: batch there, batch on the device, forward, backward, optimizer done.
_MARKS = 5
_SAMPLED_STEPS = 128
_MS_PER_S = 1000.0
_END = object()


class PhaseTimer(Protocol):
    """Times the phases of each step of one epoch at a time.

    The loop takes its batches through `batches` and calls `mark` four times a step: after the
    copy to the device, forward, backward and the optimizer.

    Attributes:
        clock: `host` or `device`.
    """

    clock: str

    def batches(self, source: Batches) -> Iterator[Any]:
        """A pass over the batches, the waiting for each of them timed; starts an epoch."""

    def mark(self) -> None:
        """One more phase of the step is done."""

    def data_wait_s(self) -> float | None:
        """Seconds waited for batches in this epoch so far; None where not timed."""

    def phases(self) -> Phases:
        """The finished epoch's phases; the device is synchronized by now."""

    def device_idle_s(self) -> float | None:
        """Seconds between the finished epoch's steps on the device; None on the host clock.

        The device waits then, but for cutting batches out of samples that lie on it.
        """


class NoTimer:
    """Times nothing."""

    clock = "host"

    def batches(self, source: Batches) -> Iterator[Any]:
        """A pass over the batches."""
        return iter(source)

    def mark(self) -> None:
        """Nothing to note."""

    def data_wait_s(self) -> float | None:
        """Not known."""
        return None

    def phases(self) -> Phases:
        """None of them known."""
        return Phases()

    def device_idle_s(self) -> float | None:
        """Not known."""
        return None


class HostTimer:
    """The host's clock; right where an operation is done when its call returns."""

    clock = "host"

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._marks: list[float] = []
        self._waited_s = 0.0

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        now, marks = self._now, self._marks
        marks.clear()
        self._waited_s = 0.0
        since = now()
        batches = iter(source)
        while True:
            batch = next(batches, _END)
            there = now()
            self._waited_s += there - since
            if batch is _END:
                return
            marks.append(there)
            yield batch
            since = now()

    def mark(self) -> None:
        """See `PhaseTimer`."""
        self._marks.append(self._now())

    def data_wait_s(self) -> float | None:
        """See `PhaseTimer`."""
        return self._waited_s

    def phases(self) -> Phases:
        """See `PhaseTimer`."""
        columns = [self._marks[i::_MARKS] for i in range(_MARKS)]
        spans = [
            sum(end - start for start, end in zip(*pair, strict=True)) for pair in pairwise(columns)
        ]
        return _named(self._waited_s, spans)

    def device_idle_s(self) -> float | None:
        """Not the host clock's to tell."""
        return None


class DeviceEvent(Protocol):
    """A mark in the device's queue of work, as `torch.cuda.Event` is one."""

    def record(self) -> None:
        """Put the mark behind the work queued so far."""

    def elapsed_time(self, end_event: Self) -> float:
        """Milliseconds of the device's clock from this mark to a later one."""


class DeviceTimer:
    """The device's own clock, by marks in its queue that nothing waits for.

    Marks cost the host a few microseconds each, which shows where steps are short. So of a
    long epoch the first step and an even share of the others are marked, one at a random
    place in each stretch of equal length, and the sums scaled up. They are read after the
    epoch. The wait for data is the host's and covers all steps.
    """

    clock = "device"

    def __init__(
        self,
        new_event: Callable[[], DeviceEvent],
        *,
        sampled_steps: int = _SAMPLED_STEPS,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._new_event = new_event
        self._sampled_steps = sampled_steps
        self._now = now
        self._pool: list[DeviceEvent] = []
        self._used = 0
        self._steps = 0
        self._sampled: frozenset[int] = frozenset()
        self._is_sampled = False
        self._waited_s = 0.0

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        now = self._now
        self._used, self._waited_s, self._steps = 0, 0.0, len(source)
        self._sampled = _spread(self._steps, self._sampled_steps)
        self._is_sampled = 0 in self._sampled
        self.mark()
        since = now()
        batches = iter(source)
        for step in range(1, self._steps + 1):
            batch = next(batches)
            self._waited_s += now() - since
            self.mark()
            yield batch
            self._is_sampled = step in self._sampled
            self.mark()
            since = now()
        next(batches, None)
        self._waited_s += now() - since

    def mark(self) -> None:
        """See `PhaseTimer`."""
        if not self._is_sampled:
            return
        if self._used == len(self._pool):
            self._pool.append(self._new_event())
        self._pool[self._used].record()
        self._used += 1

    def data_wait_s(self) -> float | None:
        """See `PhaseTimer`."""
        return self._waited_s

    def phases(self) -> Phases:
        """See `PhaseTimer`."""
        return _named(self._waited_s, self._scaled_spans()[1:])

    def device_idle_s(self) -> float | None:
        """See `PhaseTimer`."""
        return self._scaled_spans()[0]

    def _scaled_spans(self) -> list[float]:
        """Seconds between the marks of a step, its start included, summed over the epoch."""
        per_step = _MARKS + 1
        steps = [self._pool[i : i + per_step] for i in range(0, self._used, per_step)]
        spans = [[a.elapsed_time(b) / _MS_PER_S for a, b in pairwise(marks)] for marks in steps]
        first, others = spans[0], spans[1:]
        if not others:
            return first
        scale = (self._steps - 1) / len(others)
        return [
            cold + scale * sum(column)
            for cold, column in zip(first, zip(*others, strict=True), strict=True)
        ]


def _spread(steps: int, sampled: int) -> frozenset[int]:
    """The first step and one at a random place in each stretch; all of them in a short epoch.

    A fixed stride would fall in with whatever repeats itself, such as loader processes taking
    turns.
    """
    stride = -(-steps // sampled)
    dice = random.Random(0)
    starts = range(1, steps, stride)
    picks = (start + dice.randrange(min(stride, steps - start)) for start in starts)
    return frozenset((0, *picks))


def _named(data_wait_s: float, spans: list[float]) -> Phases:
    host_to_device_s, forward_s, backward_s, optimizer_s = spans
    return Phases(
        data_wait_s=data_wait_s,
        host_to_device_s=host_to_device_s,
        forward_s=forward_s,
        backward_s=backward_s,
        optimizer_s=optimizer_s,
    )
