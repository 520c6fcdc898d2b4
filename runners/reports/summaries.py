"""One figure of a job out of all its trials, for the tables. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from runners.events import ErrorKind
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import full_epochs, steady_epochs, total_s
from runners.text import printable

Figure = Callable[[RunState], float | None]


def over_trials(state: ComparisonState, job: int, figure: Figure) -> float | None:
    """The median of a figure over a job's trials."""
    values = by_trial(state, job, figure)
    return statistics.median(values) if values else None


def by_trial(state: ComparisonState, job: int, figure: Figure) -> tuple[float, ...]:
    """A figure of each of a job's trials that has it."""
    return tuple(value for run in state.runs_of(job) if (value := figure(run)) is not None)


def label(state: ComparisonState, job: int) -> str:
    """What tells a job from the others, printable."""
    return printable(state.plan.jobs[job].label)


def status(state: ComparisonState, job: int) -> str:
    """Where a job stands, in words; what was spared is nothing that it lacks."""
    runs = [run for run in state.runs_of(job) if run.status is not RunStatus.SPARED]
    if not runs:
        return str(RunStatus.SPARED)
    words = {_status_of(run) for run in runs}
    text = words.pop() if len(words) == 1 else "mixed"
    if any(run.status is not RunStatus.DONE for run in runs):
        asked = state.plan.jobs[job].settings.epochs * len(runs)
        text += f" {sum(len(run.epochs) for run in runs)}/{asked}"
    return text


def trials(state: ComparisonState, job: int) -> str:
    """How many trials came to their end, and of how many where some did not."""
    runs = state.runs_of(job)
    done = sum(run.status is RunStatus.DONE for run in runs)
    wanted = len(runs) - sum(run.status is RunStatus.SPARED for run in runs)
    return str(done) if done == wanted else f"{done} of {wanted}"


def trials_done(state: ComparisonState) -> tuple[int, int]:
    """The fewest and the most trials with figures of any job that has some; else the planned."""
    jobs = range(len(state.plan.jobs))
    counts = [sum(bool(full_epochs(run)) for run in state.runs_of(job)) for job in jobs]
    done = [count for count in counts if count] or [state.plan.trials]
    return min(done), max(done)


def whole_s(run: RunState) -> float | None:
    """Seconds of all epochs asked for; what a stopped run did is no total."""
    return total_s(run) if run.status is RunStatus.DONE else None


def mean_epoch_s(run: RunState) -> float | None:
    """Mean seconds of all full epochs, the cold one included."""
    epochs = full_epochs(run)
    return statistics.fmean(epoch.epoch_s for epoch in epochs) if epochs else None


def eval_s(run: RunState) -> float | None:
    """Median seconds of a pass over the test set."""
    return statistics.median(e.eval_s for e in run.evaluations) if run.evaluations else None


def cores_busy(run: RunState) -> float | None:
    """Median over the steady units of the cores' worth of time that the job got."""
    epochs = steady_epochs(run) or full_epochs(run)
    busy = [e.process_s / e.epoch_s for e in epochs if e.process_s is not None]
    return statistics.median(busy) if busy else None


def peak_reserved_bytes(run: RunState) -> int | None:
    """Largest memory torch held from a GPU."""
    return run.epochs[-1].peak_reserved_bytes if run.epochs else None


def peak_device_used_bytes(run: RunState) -> int | None:
    """Largest memory in use on the GPU by whatever process, as its driver told."""
    return run.epochs[-1].peak_device_used_bytes if run.epochs else None


def _status_of(run: RunState) -> str:
    if run.error is not None and run.error.kind is ErrorKind.OUT_OF_MEMORY:
        return "out of memory"
    return str(run.status)
