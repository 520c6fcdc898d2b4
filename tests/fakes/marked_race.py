"""Races whose events have their times, for marks on the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runners.events import (
    DeviceReady,
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    Event,
    JobDone,
    Phases,
    StepProgress,
)
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Plan, RunKey
from runners.state import ComparisonState, apply

SET_UP_S, EPOCH_S, TEST_S = 4.0, 20.0, 4.0


def begun(start_s: float, *, gpu: str | None = None) -> list[Event]:
    """A worker comes up."""
    ready = DeviceReady(device_name="a device", device_uuid=gpu, versions={}, threads=1)
    return [WorkerStarted(pid=1, mono_s=start_s), ready]


def in_epoch(number: int, start_s: float, *waits: tuple[float, float]) -> list[Event]:
    """An epoch begins, and has waited so long by some of its moments."""
    started = EpochStarted(epoch=number, epochs=9, steps=100, samples=100, mono_s=start_s)
    return [started, *(progress(number, start_s, at_s, wait_s) for at_s, wait_s in waits)]


def progress(number: int, start_s: float, at_s: float, wait_s: float | None) -> StepProgress:
    return StepProgress(
        epoch=number,
        step=1,
        steps=100,
        samples=1,
        elapsed_s=at_s,
        phases=Phases(data_wait_s=wait_s),
        mono_s=start_s + at_s,
    )


def epoch(number: int, start_s: float, wait_s: float | None, *, epoch_s: float = EPOCH_S) -> Event:
    """An epoch is over."""
    return EpochFinished(
        epoch=number,
        started_mono_s=start_s,
        epoch_s=epoch_s,
        process_s=None,
        samples=1,
        steps=100,
        phases=Phases(data_wait_s=wait_s),
        mono_s=start_s + epoch_s,
    )


def evaluated(number: int, end_s: float, *, test_s: float = TEST_S) -> Event:
    """The test after an epoch is over."""
    return EvaluationFinished(
        epoch=number, eval_s=test_s, samples=1, test_loss=1.0, test_accuracy=0.5, mono_s=end_s
    )


def over(end_s: float, *, stopped: bool = False) -> list[Event]:
    """The worker ends."""
    exited = WorkerExited(returncode=0, stopped=stopped, oom_killed=False, mono_s=end_s)
    return [JobDone(interrupted=stopped, dropped_events=0, mono_s=end_s), exited]


def whole_run(
    start_s: float, *waits_s: float | None, gpu: str | None = None, epoch_s: float = EPOCH_S
) -> list[Event]:
    """A run with an epoch and a test for each data wait, one right after the other."""
    events = begun(start_s, gpu=gpu)
    at_s = start_s + SET_UP_S
    for number, wait_s in enumerate(waits_s, start=1):
        events += in_epoch(number, at_s)
        events += [epoch(number, at_s, wait_s, epoch_s=epoch_s)]
        at_s += epoch_s + TEST_S
        events += [evaluated(number, at_s)]
    return events + over(at_s)


def after(
    plan: Plan,
    runs: Mapping[RunKey, Sequence[Event]],
    see: Callable[[ComparisonState], None] | None = None,
) -> ComparisonState:
    """The state after the events of these runs; each state on the way is seen."""
    state = ComparisonState.of(plan)
    for key, events in runs.items():
        for event in events:
            state = apply(state, key, event)
            if see is not None:
                see(state)
    return state
