"""What each run of the races did when, and where its epochs waited for data. Pure.

All times here are of the monotonic clock, which workers and readings share.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter

from runners.machine.waits import DataWaits
from runners.spec import JobSpec, RunKey
from runners.state import ComparisonState, RunState, RunStatus
from tui.jobs import series_numbers

MOST_MARKS = 4096
"""Of one run; the oldest are dropped beyond."""

_START = attrgetter("start_s")


class Doing(StrEnum):
    """What a run does."""

    SET_UP = "set-up"
    EPOCH = "epoch"
    TEST = "test"
    OTHER = "other"


@dataclass(slots=True)
class Mark:
    """A stretch of a run.

    Attributes:
        doing: What it does.
        start_s: Since when.
        end_s: Until when; None while it lasts.
        number: Of which epoch; 0 for what is of none.
        waits: How long an epoch waited for data; None for all else.
    """

    doing: Doing
    start_s: float
    end_s: float | None = None
    number: int = 0
    waits: DataWaits | None = None


_GAP = Mark(Doing.OTHER, 0.0)


class RunMarks:
    """One run's marks, in the order of time, taken from its states as they come.

    Attributes:
        job: The number of its look, see `tui.theme.series_of`.
        spec: What is run.
        start_s: When its process started.
        end_s: When it was gone; None while it lives.
        gpu: The identity of its GPU, once known.
        wall_less_mono_s: The wall clock less the monotonic one, as its worker saw them.
    """

    def __init__(self, job: int, spec: JobSpec, start_s: float) -> None:
        self.job = job
        self.spec = spec
        self.start_s = start_s
        self.end_s: float | None = None
        self.gpu: str | None = None
        self.wall_less_mono_s: float | None = None
        self._marks = [Mark(Doing.SET_UP, start_s)]
        self._epochs = self._tests = 0
        self._run: RunState | None = None

    def see(self, run: RunState) -> None:
        """Take what is new of a run."""
        if run is self._run:
            return
        if run.hello is not None:
            self.wall_less_mono_s = run.hello.wall_s - run.hello.mono_s
        if run.device is not None:
            self.gpu = run.device.device_uuid
        for epoch in run.epochs[self._epochs :]:
            mark, waits = self._epoch(epoch.epoch, epoch.started_mono_s)
            mark.start_s, mark.end_s = epoch.started_mono_s, epoch.started_mono_s + epoch.epoch_s
            waits.add(mark.end_s, epoch.phases.data_wait_s)
        for test in run.evaluations[self._tests :]:
            mark = Mark(Doing.TEST, test.mono_s - test.eval_s, test.mono_s, test.epoch)
            insort(self._marks, mark, key=_START)
        if run.current is not None:
            mark, waits = self._epoch(run.current.epoch, run.current.mono_s)
            if run.progress is not None:
                at_s = mark.start_s + run.progress.elapsed_s
                waits.add(at_s, run.progress.phases.data_wait_s)
        del self._marks[: max(0, len(self._marks) - MOST_MARKS)]
        self._epochs, self._tests = len(run.epochs), len(run.evaluations)
        self._run, self.end_s = run, run.ended_mono_s

    def abandon(self) -> None:
        """End it where it was last heard of: nothing more will come of it."""
        heard_s = self._run.progress_mono_s if self._run else None
        self.end_s = max(heard_s or self.start_s, self._marks[-1].start_s)

    def marks(self, start_s: float, until_s: float) -> Iterator[tuple[Mark, float, float]]:
        """All that lies within some time with both its ends, without gaps, up to `until_s`."""
        end_s = until_s if self.end_s is None else min(self.end_s, until_s)
        first = max(0, bisect_right(self._marks, start_s, key=_START) - 2)
        stop = bisect_right(self._marks, end_s, first, key=_START)
        last = Mark(Doing.TEST if self._is_testing else Doing.OTHER, end_s)
        for mark, after in pairwise([*self._marks[first:stop], last]):
            stop_s = after.start_s if mark.end_s is None else min(mark.end_s, after.start_s)
            stop_s, after_s = min(stop_s, end_s), min(after.start_s, end_s)
            if stop_s > mark.start_s:
                yield mark, mark.start_s, stop_s
            if after_s > stop_s:
                yield last if after is last else _GAP, stop_s, after_s

    @property
    def _is_testing(self) -> bool:
        """Whether its newest epoch is being tested."""
        is_between = self._run is not None and self._run.status is RunStatus.EVALUATING
        return is_between and self.spec.workload.unit == "epoch" and self._tests < self._epochs

    def _epoch(self, number: int, start_s: float) -> tuple[Mark, DataWaits]:
        """The mark of an epoch, which may be there already, and its waits."""
        newest = self._marks[-1]
        if newest.waits is not None and newest.number == number:
            return newest, newest.waits
        waits = DataWaits(start_s)
        mark = Mark(Doing.EPOCH, start_s, number=number, waits=waits)
        insort(self._marks, mark, key=_START)
        return mark, waits


class RaceMarks:
    """The runs of all races, on as few lanes as keep runs at the same time apart.

    Attributes:
        lanes: The runs of each lane, in the order of time.
    """

    def __init__(self) -> None:
        self.lanes: list[list[RunMarks]] = []
        self._known: dict[tuple[RunKey, float], RunMarks] = {}
        self._looks: tuple[object, tuple[int, ...]] = (None, ())
        self._oldest_s = float("-inf")

    def see(self, state: ComparisonState) -> None:
        """Take what is new of a comparison; the marks of those before it stay."""
        if self._looks[0] is not state.plan:
            self._looks = state.plan, series_numbers(state.plan)
            self._abandon_but(state.runs)
        started = [
            (run.started_mono_s, key, run)
            for key, run in state.runs.items()
            if run.started_mono_s is not None and not self._is_old(run.ended_mono_s)
        ]
        for start_s, key, run in sorted(started, key=lambda item: (item[0], item[1].job)):
            marks = self._known.get((key, start_s))
            if marks is None:
                spec = state.plan.jobs[key.job]
                marks = self._known[key, start_s] = RunMarks(self._looks[1][key.job], spec, start_s)
                self._lane_for(marks).append(marks)
            marks.see(run)

    def forget_before(self, oldest_s: float) -> None:
        """Drop runs that ended before a time, for good."""
        self._oldest_s = oldest_s
        old = {key for key, marks in self._known.items() if self._is_old(marks.end_s)}
        if old:
            self._known = {key: marks for key, marks in self._known.items() if key not in old}
            lanes = [[m for m in lane if not self._is_old(m.end_s)] for lane in self.lanes]
            self.lanes = [lane for lane in lanes if lane]

    def _is_old(self, end_s: float | None) -> bool:
        return end_s is not None and end_s < self._oldest_s

    def _lane_for(self, marks: RunMarks) -> list[RunMarks]:
        """A lane that is free by then: rather the one where this job ran last."""
        free = [lane for lane in self.lanes if (lane[-1].end_s or float("inf")) <= marks.start_s]
        if not free:
            self.lanes.append([])
            return self.lanes[-1]
        return min(free, key=lambda lane: lane[-1].job != marks.job)

    def _abandon_but(self, runs: Mapping[RunKey, RunState]) -> None:
        going_on = {(key, run.started_mono_s) for key, run in runs.items()}
        for identity, marks in self._known.items():
            if marks.end_s is None and identity not in going_on:
                marks.abandon()
