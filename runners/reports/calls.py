"""The report `calls`: process and wall seconds of each call, and what follows from them. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runners.events import EpochFinished
from runners.fluctuation import fluctuation
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import cores_busy, label, over_trials
from runners.state import ComparisonState, RunState
from runners.statistics import cold_epoch_s, ratio_between, samples_per_s, steady_epoch_s, unit_s
from runners.text import counted

# More calls than these would not fit beside each other: the first ones and the last are shown.
_CALLS_SHOWN = 6


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """A row for each run, then a column for each job."""
    return (_each_call(state), _derived(state))


def _each_call(state: ComparisonState) -> Table:
    shown = _shown(max((e.epoch for run in state.runs.values() for e in run.epochs), default=0))
    unit = state.plan.workloads[0].unit
    rows = tuple(
        (
            label(state, job),
            str(trial + 1),
            *(_call(run, number) for number in shown),
        )
        for job in range(len(state.plan.jobs))
        for trial, run in enumerate(state.runs_of(job))
        if run.epochs
    )
    return Table(
        header=("job", "run", *(f"{unit} {number}" for number in shown)),
        rows=rows,
        caption=f"Process / wall seconds of each {unit}{_rule(state)}",
    )


def _rule(state: ComparisonState) -> str:
    """Which units are left out of steady figures, and by what rule."""
    told = {workload.warm_up: workload for workload in state.plan.workloads}
    parts = [
        f"the first {w.unit if n == 1 else counted(n, w.unit)} of a run"
        for n, w in told.items()
        if n
    ]
    return f"; steady figures leave out {' or '.join(parts)}" if parts else ""


def _shown(last: int) -> tuple[int, ...]:
    numbers = range(1, last + 1)
    return tuple(numbers) if last <= _CALLS_SHOWN else (*numbers[: _CALLS_SHOWN - 1], last)


def _call(run: RunState, number: int) -> str:
    found = next((epoch for epoch in run.epochs if epoch.epoch == number), None)
    return figures.UNKNOWN if found is None else f"{_process(found)} / {_wall(found)}"


def _wall(epoch: EpochFinished) -> str:
    return figures.seconds_exactly(epoch.epoch_s)


def _process(epoch: EpochFinished) -> str:
    known = epoch.process_s is not None
    return figures.seconds_exactly(epoch.process_s or 0.0) if known else figures.UNKNOWN


def _derived(state: ComparisonState) -> Table:
    unit = state.plan.workloads[0].unit
    measures: tuple[tuple[str, Callable[[ComparisonState, int], str]], ...] = (
        (f"steady {unit}, wall s", _steady),
        ("variation of steady ones", _variation),
        (f"first-{unit} extra, s", _first_extra),
        ("cores busy (process / wall)", _cores),
        ("samples/s", _speed),
        ("achieved", _achieved),
        ("times as fast as the first", _ratio),
    )
    jobs = range(len(state.plan.jobs))
    rows = tuple((name, *(cell(state, job) for job in jobs)) for name, cell in measures)
    header = ("measure", *(label(state, job) for job in jobs))
    return Table(header=header, rows=rows, caption="What follows from them, medians over the runs")


def _steady(state: ComparisonState, job: int) -> str:
    value_s = over_trials(state, job, steady_epoch_s)
    return figures.UNKNOWN if value_s is None else figures.seconds_exactly(value_s)


def _variation(state: ComparisonState, job: int) -> str:
    found = fluctuation(state, job)
    if found is None:
        return figures.UNKNOWN
    flagged = f", {counted(len(found.outliers), 'outlier')}" if found.outliers else ""
    return f"{found.spread_pct:.2g} %{flagged}"


def _first_extra(state: ComparisonState, job: int) -> str:
    def extra_s(run: RunState) -> float | None:
        cold_s, steady_s = cold_epoch_s(run), steady_epoch_s(run)
        return None if cold_s is None or steady_s is None else cold_s - steady_s

    return figures.seconds(over_trials(state, job, extra_s))


def _cores(state: ComparisonState, job: int) -> str:
    return figures.decimal(over_trials(state, job, cores_busy))


def _speed(state: ComparisonState, job: int) -> str:
    return figures.rate(over_trials(state, job, samples_per_s))


def _achieved(state: ComparisonState, job: int) -> str:
    flops = state.plan.jobs[job].workload.flops_step
    speed = over_trials(state, job, samples_per_s)
    return figures.flops_per_s(flops * speed if flops and speed is not None else None)


def _ratio(state: ComparisonState, job: int) -> str:
    base = state.plan.baseline(job)
    if base == job:
        return figures.times(1.0) if over_trials(state, job, unit_s) else figures.UNKNOWN
    return figures.times_with_interval(ratio_between(state, base, job))
