"""The state of a comparison, changed by events only; pure, so that it can be replayed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Event,
    Heartbeat,
    Hello,
    JobDone,
    JobFailed,
    LatencyMeasured,
    LayersMeasured,
    ModelReady,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    WarningRaised,
)
from runners.machine.figures import EpochMachine
from runners.process_events import (
    EpochObserved,
    LogLine,
    UnreadableLine,
    WorkerExited,
    WorkerStarted,
)
from runners.spec import Plan, RunKey

LOG_LINES_KEPT = 400


class RunStatus(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    STARTING = "starting"
    TRAINING = "training"
    EVALUATING = "evaluating"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    SPARED = "spared"
    """Never started: the time was up, or what it would tell was known well enough."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of the run."""
        return self in (RunStatus.DONE, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.SPARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed, for people: what happened, why, what to do."""

    kind: ErrorKind
    message: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Everything known of one run.

    Attributes:
        status: Where it stands.
        pid: The worker's process id, None before its start.
        started_mono_s: Monotonic clock at the start of the process.
        ended_mono_s: Monotonic clock when the process was gone.
        stage: What the set-up is doing; None outside of it.
        setup_s: Seconds by stage of the set-up.
        device: The device in use, once known.
        data: The data set in use, once known.
        model: The model, once built.
        current: The epoch being trained; None between epochs.
        progress: The newest step of that epoch.
        progress_mono_s: Monotonic clock of the last sign that training moves on.
        epochs: All epochs finished.
        machine: What the machine did during each epoch, by its number, as far as it was looked at.
        evaluations: All passes over the test set.
        latency: Single-sample latencies, once measured.
        layers: The layers' times, once measured.
        warnings: What readers of the figures should know.
        log: The newest lines the worker printed.
        unreadable_lines: Lines on the event channel that were no events.
        dropped_events: Step events the worker dropped.
        peak_memory_bytes: Largest memory: resident on the CPU, allocated on a GPU.
        error: Why it failed.
        interrupted: Whether it ended early because it was asked to.
        spared: Why it was never started, in words.
        warm_up: First timed units that are left out of steady figures.
    """

    status: RunStatus = RunStatus.WAITING
    pid: int | None = None
    started_mono_s: float | None = None
    ended_mono_s: float | None = None
    stage: Stage | None = None
    setup_s: Mapping[Stage, float] = field(default_factory=lambda: MappingProxyType({}))
    hello: Hello | None = None
    device: DeviceReady | None = None
    data: DataReady | None = None
    model: ModelReady | None = None
    current: EpochStarted | None = None
    progress: StepProgress | None = None
    progress_mono_s: float | None = None
    epochs: tuple[EpochFinished, ...] = ()
    machine: Mapping[int, EpochMachine] = field(default_factory=lambda: MappingProxyType({}))
    evaluations: tuple[EvaluationFinished, ...] = ()
    latency: LatencyMeasured | None = None
    layers: LayersMeasured | None = None
    warnings: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    unreadable_lines: int = 0
    dropped_events: int = 0
    peak_memory_bytes: int | None = None
    error: RunError | None = None
    interrupted: bool = False
    spared: str | None = None
    warm_up: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonState:
    """A plan and the state of each of its runs."""

    plan: Plan
    runs: Mapping[RunKey, RunState]

    @classmethod
    def of(cls, plan: Plan) -> ComparisonState:
        """The state before anything was started."""
        keys = [RunKey(job=j, trial=t) for t in range(plan.trials) for j in range(len(plan.jobs))]
        runs = {key: RunState(warm_up=plan.jobs[key.job].workload.warm_up) for key in keys}
        return cls(plan=plan, runs=MappingProxyType(runs))

    @property
    def is_over(self) -> bool:
        """Whether all runs are over."""
        return all(run.status.is_over for run in self.runs.values())

    def runs_of(self, job: int) -> tuple[RunState, ...]:
        """The runs of one job, by trial."""
        return tuple(self.runs[RunKey(job=job, trial=t)] for t in range(self.plan.trials))


def of_trials(state: ComparisonState, count: int) -> ComparisonState:
    """The state as far as the first trials go, so many of them, as if no more had been planned."""
    runs = {key: run for key, run in state.runs.items() if key.trial < count}
    return ComparisonState(plan=replace(state.plan, trials=count), runs=MappingProxyType(runs))


def apply(state: ComparisonState, key: RunKey, event: Event) -> ComparisonState:
    """The state after an event of one run."""
    run = apply_to_run(state.runs[key], event)
    return replace(state, runs=MappingProxyType({**state.runs, key: run}))


def apply_to_run(run: RunState, event: Event) -> RunState:
    """One run's state after an event; an event of no consequence leaves it as it was."""
    handler = _HANDLERS.get(type(event))
    return handler(run, event) if handler else run


def skip_waiting(state: ComparisonState, job: int | None = None) -> ComparisonState:
    """The state after it was decided to start nothing more of a job, or of any."""
    runs = {
        key: replace(run, status=RunStatus.STOPPED)
        if run.status is RunStatus.WAITING and job in (None, key.job)
        else run
        for key, run in state.runs.items()
    }
    return replace(state, runs=MappingProxyType(runs))


def spare(state: ComparisonState, keys: Iterable[RunKey], why: str) -> ComparisonState:
    """The state after it was decided that these runs, which wait, need not be.

    Args:
        state: The state before.
        keys: The runs; those that do not wait stay as they are.
        why: In words.
    """
    spared = {
        key: replace(state.runs[key], status=RunStatus.SPARED, spared=why)
        for key in keys
        if state.runs[key].status is RunStatus.WAITING
    }
    return replace(state, runs=MappingProxyType({**state.runs, **spared}))


def _started(run: RunState, event: WorkerStarted) -> RunState:
    return replace(run, status=RunStatus.STARTING, pid=event.pid, started_mono_s=event.mono_s)


def _stage_finished(run: RunState, event: StageFinished) -> RunState:
    stages = {**run.setup_s, event.stage: run.setup_s.get(event.stage, 0.0) + event.took_s}
    return replace(run, stage=None, setup_s=MappingProxyType(stages))


def _epoch_started(run: RunState, event: EpochStarted) -> RunState:
    return replace(
        run,
        status=RunStatus.TRAINING,
        stage=None,
        current=event,
        progress=None,
        progress_mono_s=event.mono_s,
    )


def _step(run: RunState, event: StepProgress) -> RunState:
    return replace(run, progress=event, progress_mono_s=event.mono_s)


def _epoch_finished(run: RunState, event: EpochFinished) -> RunState:
    return replace(
        run,
        status=RunStatus.EVALUATING,
        current=None,
        progress=None,
        progress_mono_s=event.mono_s,
        epochs=(*run.epochs, event),
        peak_memory_bytes=event.peak_memory_bytes,
    )


def _observed(run: RunState, event: EpochObserved) -> RunState:
    return replace(run, machine=MappingProxyType({**run.machine, event.epoch: event.machine}))


def _evaluated(run: RunState, event: EvaluationFinished) -> RunState:
    return replace(run, evaluations=(*run.evaluations, event), progress_mono_s=event.mono_s)


def _failed(run: RunState, event: JobFailed) -> RunState:
    error = RunError(kind=event.error, message=event.message, remedy=event.remedy)
    lines = (event.traceback or "").splitlines()
    log = tuple(LogLine(stream="stderr", text=line) for line in lines)
    return replace(run, error=error, log=(*run.log, *log)[-LOG_LINES_KEPT:])


def _done(run: RunState, event: JobDone) -> RunState:
    return replace(
        run,
        status=RunStatus.STOPPED if event.interrupted else RunStatus.DONE,
        stage=None,
        interrupted=event.interrupted,
        dropped_events=event.dropped_events,
        peak_memory_bytes=event.peak_memory_bytes or run.peak_memory_bytes,
    )


def _exited(run: RunState, event: WorkerExited) -> RunState:
    run = replace(run, ended_mono_s=event.mono_s, stage=None, current=None)
    if run.status.is_over and run.error is None:
        return run
    if run.error is not None:
        return replace(run, status=RunStatus.FAILED)
    if event.stopped:
        return replace(run, status=RunStatus.STOPPED, interrupted=True)
    return replace(run, status=RunStatus.FAILED, error=_error_of_exit(event))


def _error_of_exit(event: WorkerExited) -> RunError:
    if event.oom_killed:
        return RunError(
            kind=ErrorKind.OUT_OF_MEMORY,
            message="The kernel killed the worker: the machine ran out of memory.",
            remedy="Use a smaller batch, fewer loader workers, or free memory.",
        )
    if event.returncode < 0:
        return RunError(
            kind=ErrorKind.KILLED,
            message=f"The worker was ended by {signal_name(-event.returncode)}.",
            remedy="Its log shows what it printed last.",
        )
    return RunError(
        kind=ErrorKind.CRASHED,
        message=f"The worker ended without a result, exit status {event.returncode}.",
        remedy="Its log shows what it printed last.",
    )


def signal_name(number: int) -> str:
    """A signal in words, such as `signal 9 (SIGKILL)`."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _logged(run: RunState, event: LogLine) -> RunState:
    return replace(run, log=(*run.log, event)[-LOG_LINES_KEPT:])


_HANDLERS: Mapping[type[Event], Callable[[RunState, Any], RunState]] = {
    WorkerStarted: _started,
    Hello: lambda run, event: replace(run, hello=event),
    StageStarted: lambda run, event: replace(run, stage=event.stage),
    StageFinished: _stage_finished,
    DeviceReady: lambda run, event: replace(run, device=event),
    DataReady: lambda run, event: replace(run, data=event),
    ModelReady: lambda run, event: replace(run, model=event),
    EpochStarted: _epoch_started,
    StepProgress: _step,
    EpochFinished: _epoch_finished,
    EvaluationFinished: _evaluated,
    LatencyMeasured: lambda run, event: replace(run, latency=event),
    LayersMeasured: lambda run, event: replace(run, layers=event),
    Heartbeat: lambda run, _event: run,
    WarningRaised: lambda run, event: replace(run, warnings=(*run.warnings, event.text)),
    JobFailed: _failed,
    JobDone: _done,
    EpochObserved: _observed,
    LogLine: _logged,
    UnreadableLine: lambda run, _event: replace(run, unreadable_lines=run.unreadable_lines + 1),
    WorkerExited: _exited,
}
