"""Tells where an epoch's time goes, on the host's clock or the device's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import sub
from typing import Any, Protocol, Self

from runners.events import Phases, StepTimes
from runners.worker.batches import Batches
from runners.worker.step_times import Asking, step_times

# Marks of the loop within a step: batch on the device, forward, backward, optimizer done.
_MARKS = 4
# The device is marked twice more: at the start of a step and when its batch is there.
_DEVICE_MARKS = _MARKS + 2
_SAMPLED_STEPS = 128
_MS_PER_S = 1000.0
# What torch says of two marks on MPS whose times were noted in the wrong order.
_REVERSED = "was not recorded after"


class PhaseTimer(Protocol):
    """Times the phases of each step of one epoch at a time.

    The loop takes its batches through `batches` and calls `mark` four times a step: after the
    copy to the device, forward, backward and the optimizer. A loop that only takes batches never
    calls it, and has no phase but the wait. `phases` can be asked for after each step; all else
    when the epoch is over and the device synchronized.

    Attributes:
        clock: `host` or `device`.
    """

    clock: str

    def batches(self, source: Batches) -> Iterator[Any]:
        """A pass over the batches, the waiting for each of them timed; starts an epoch."""

    def mark(self) -> None:
        """One more phase of the step is done."""

    def phases(self) -> Phases:
        """Where the time went so far, without waiting for the device."""

    def device_idle_s(self) -> float | None:
        """Seconds between the finished epoch's steps on the device; None on the host clock.

        The device waits then, but for cutting batches out of samples that lie on it.
        """

    def first_wait_s(self) -> float | None:
        """Seconds from the start of the finished epoch until its first batch was there."""

    def step_times(self) -> StepTimes | None:
        """How the finished epoch's steps differ; None for less than two of them."""


class NoTimer:
    """Times nothing."""

    clock = "host"

    def batches(self, source: Batches) -> Iterator[Any]:
        """A pass over the batches."""
        return iter(source)

    def mark(self) -> None:
        """Nothing to note."""

    def phases(self) -> Phases:
        """None of them known."""
        return Phases()

    def device_idle_s(self) -> float | None:
        """Not known."""
        return None

    def first_wait_s(self) -> float | None:
        """Not known."""
        return None

    def step_times(self) -> StepTimes | None:
        """Not known."""
        return None


class HostTimer:
    """The host's clock; right where an operation is done when its call returns.

    Attributes:
        mark: See `PhaseTimer`.
    """

    clock = "host"

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._asking = Asking()
        self._marks: list[float] = []
        self._steps_added = 0
        self._sums_s = [0.0] * _MARKS
        note = self._marks.append

        def mark() -> None:
            note(now())

        self.mark = mark

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        self._asking.start()
        self._marks.clear()
        self._steps_added, self._sums_s = 0, [0.0] * _MARKS
        now, note = self._now, self._asking.times_s.append
        note(now())
        for batch in source:
            note(now())
            yield batch
            note(now())
        note(now())

    def phases(self) -> Phases:
        """See `PhaseTimer`."""
        waited_s = self._asking.waited_s()
        if not self._marks:
            return Phases(data_wait_s=waited_s)
        for phase, spans in enumerate(self._spans(self._steps_added)):
            self._sums_s[phase] += sum(spans)
        self._steps_added = len(self._marks) // _MARKS
        return _named(waited_s, self._sums_s)

    def device_idle_s(self) -> float | None:
        """Not the host clock's to tell."""
        return None

    def first_wait_s(self) -> float | None:
        """See `PhaseTimer`."""
        return self._asking.first_wait_s()

    def step_times(self) -> StepTimes | None:
        """See `PhaseTimer`."""
        spans = self._spans(1) if self._marks else None
        return step_times(self._asking, spans, steps=len(self._asking.times_s) // 2 - 2)

    def _spans(self, first: int) -> list[list[float]]:
        """Seconds of each phase in turn, of each complete step from one on."""
        there = self._asking.times_s[2 * first + 1 :: 2]
        marks = self._marks[_MARKS * first : len(self._marks) // _MARKS * _MARKS]
        ends = [marks[phase::_MARKS] for phase in range(_MARKS)]
        return [list(map(sub, end, start)) for start, end in pairwise([there, *ends])]


class DeviceEvent(Protocol):
    """A mark in the device's queue of work, as `torch.cuda.Event` is one."""

    def record(self) -> None:
        """Put the mark behind the work queued so far."""

    def query(self) -> bool:
        """Whether the device has come to it; does not wait."""

    def elapsed_time(self, end_event: Self) -> float:
        """Milliseconds of the device's clock from this mark to a later one."""


class DeviceTimer:
    """The device's own clock, by marks in its queue that nothing waits for.

    Marks cost the host a few microseconds each, which shows where steps are short. So of a
    long epoch the first step and an even share of the others are marked, one at a random
    place in each stretch of equal length, and the sums scaled up. Each mark is read once, as
    soon as it is known that the device has come to it. The wait for data is the host's and
    covers all steps.
    """

    clock = "device"

    def __init__(
        self,
        new_event: Callable[[], DeviceEvent],
        *,
        sampled_steps: int = _SAMPLED_STEPS,
        is_read_early: bool = True,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepare to time.

        Args:
            new_event: Makes a mark.
            sampled_steps: Marked steps of an epoch, about.
            is_read_early: Whether marks can be read within the epoch; not where reading one waits
                for all work of the device, as on MPS.
            now: The host's clock.
        """
        self._new_event = new_event
        self._sampled_steps = sampled_steps
        self._is_read_early = is_read_early
        self._now = now
        self._asking = Asking()
        self._pool: list[DeviceEvent] = []
        self._used = 0
        self._is_over = False
        self._sampled: frozenset[int] = frozenset()
        self._is_sampled = False
        self._spans: list[list[float]] = []

    def batches(self, source: Batches) -> Iterator[Any]:
        """See `PhaseTimer`."""
        self._asking.start()
        self._spans.clear()
        self._used, self._is_over = 0, False
        self._sampled = _spread(len(source), self._sampled_steps)
        self._is_sampled = 0 in self._sampled
        now, note, mark = self._now, self._asking.times_s.append, self.mark
        mark()
        note(now())
        for step, batch in enumerate(source, start=1):
            note(now())
            mark()
            yield batch
            self._is_sampled = step in self._sampled
            mark()
            note(now())
        note(now())
        self._is_over = True

    def mark(self) -> None:
        """See `PhaseTimer`."""
        if not self._is_sampled:
            return
        if self._used == len(self._pool):
            self._pool.append(self._new_event())
        self._pool[self._used].record()
        self._used += 1

    def phases(self) -> Phases:
        """See `PhaseTimer`."""
        waited_s, sums_s = self._asking.waited_s(), self._sums_s()
        return Phases(data_wait_s=waited_s) if sums_s is None else _named(waited_s, sums_s[1:])

    def device_idle_s(self) -> float | None:
        """See `PhaseTimer`."""
        sums_s = self._sums_s()
        return None if sums_s is None else sums_s[0]

    def first_wait_s(self) -> float | None:
        """See `PhaseTimer`."""
        return self._asking.first_wait_s()

    def step_times(self) -> StepTimes | None:
        """See `PhaseTimer`."""
        self._read_marks()
        columns = list(zip(*self._spans[1:], strict=True))
        return step_times(self._asking, columns[1:], steps=len(self._spans) - 1)

    def _sums_s(self) -> list[float] | None:
        """Seconds between the marks of a step, its start included, summed over the steps so far.

        The first step is slow, so it stands for itself alone; None as long as it is the only one
        known of several.
        """
        self._read_marks()
        if not self._spans:
            return None
        steps = len(self._asking.times_s) // 2 - self._is_over
        first, others = self._spans[0], self._spans[1:]
        if not others:
            return first if steps == 1 else None
        scale = (steps - 1) / len(others)
        return [
            cold + scale * sum(column)
            for cold, column in zip(first, zip(*others, strict=True), strict=True)
        ]

    def _read_marks(self) -> None:
        """Read the sampled steps that the device is through with, each of them once."""
        if not (self._is_over or self._is_read_early):
            return
        for start in range(len(self._spans) * _DEVICE_MARKS, self._used, _DEVICE_MARKS):
            marks = self._pool[start : min(start + _DEVICE_MARKS, self._used)]
            if len(marks) < _DEVICE_MARKS or not (self._is_over or marks[-1].query()):
                return
            self._spans.append([_seconds_between(one, other) for one, other in pairwise(marks)])


def _seconds_between(mark: DeviceEvent, later: DeviceEvent) -> float:
    try:
        return mark.elapsed_time(later) / _MS_PER_S
    except RuntimeError as error:
        if _REVERSED not in str(error):
            raise
    # MPS notes times on the host, so two marks with nothing between them may change places.
    return 0.0


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


def _named(data_wait_s: float, spans: Sequence[float]) -> Phases:
    host_to_device_s, forward_s, backward_s, optimizer_s = spans
    return Phases(
        data_wait_s=data_wait_s,
        host_to_device_s=host_to_device_s,
        forward_s=forward_s,
        backward_s=backward_s,
        optimizer_s=optimizer_s,
    )
