"""The report `jobs`: a row for each job, and where its steps go. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runners.accuracy import accuracy
from runners.events import EpochFinished
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import Figure, label, over_trials, status, whole_s
from runners.state import ComparisonState
from runners.statistics import (
    cold_epoch_s,
    data_wait_share,
    full_epochs,
    samples_per_s,
    steady_epoch_s,
    steady_epochs,
)

_Cell = Callable[[ComparisonState, int], str]
_PHASES = ("data_wait_s", "host_to_device_s", "forward_s", "backward_s", "optimizer_s")


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """Medians over the trials; the total is of whole runs."""
    rows = tuple(
        (label(state, job), status(state, job), *(cell(state, job) for _, cell in _COLUMNS))
        for job in range(len(state.plan.jobs))
    )
    header = ("job", "status", *(name for name, _ in _COLUMNS))
    return (Table(header=header, rows=rows, words=(1,)), *phases(state))


def phases(state: ComparisonState) -> tuple[Table, ...]:
    """Where a steady step goes, in milliseconds; nothing where no loop could tell."""
    jobs = range(len(state.plan.jobs))
    rows = tuple(row for job in jobs if (row := _phases_of(state, job)) is not None)
    if not rows:
        return ()
    header = ("job", "data wait", "to device", "forward", "backward", "optimizer", "rest", "step")
    return (Table(header=header, rows=rows, caption="Where a step goes, ms"),)


def _phases_of(state: ComparisonState, job: int) -> tuple[str, ...] | None:
    """Means over the steps of all steady epochs, so that the phases add up to the step."""
    epochs = [e for run in state.runs_of(job) for e in steady_epochs(run) or full_epochs(run)]
    steps = sum(epoch.steps for epoch in epochs)
    if not steps or all(epoch.phases.total_s() is None for epoch in epochs):
        return None
    parts_s = [_sum_s(epochs, name) for name in _PHASES]
    step_s = sum(epoch.epoch_s for epoch in epochs)
    rest_s = step_s - sum(part_s for part_s in parts_s if part_s is not None)
    cells = (None if s is None else 1e3 * s / steps for s in (*parts_s, rest_s, step_s))
    return (label(state, job), *map(figures.milliseconds, cells))


def _sum_s(epochs: list[EpochFinished], phase: str) -> float | None:
    values = [getattr(epoch.phases, phase) for epoch in epochs]
    return None if None in values else sum(values)


def _median(figure: Figure, text: Callable[[float | None], str]) -> _Cell:
    return lambda state, job: text(over_trials(state, job, figure))


_COLUMNS: tuple[tuple[str, _Cell], ...] = (
    ("cold s", _median(cold_epoch_s, figures.seconds)),
    ("steady s", _median(steady_epoch_s, figures.seconds)),
    ("samples/s", _median(samples_per_s, figures.rate)),
    ("data wait", _median(data_wait_share, figures.share)),
    ("accuracy", lambda state, job: figures.accuracy(accuracy(state, job))),
    ("total s", _median(whole_s, figures.seconds)),
    ("peak", _median(lambda run: run.peak_memory_bytes, figures.memory)),
)
