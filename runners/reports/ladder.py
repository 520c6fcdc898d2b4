"""The report `ladder`: times and speed-up by workload, or by another axis. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runners.cells import NUMERIC_AXES, cells, chosen_axes, label_without, swept_axis
from runners.fits import label_on_ladder, mean_ratios
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import over_trials, status, whole_s
from runners.spec import axis_text
from runners.state import ComparisonState, RunState
from runners.statistics import ratio_between
from runners.text import printable
from runners.workloads import Kind

_WORKLOAD = "workload"
_EPOCHS = "epochs"
_MEAN = "geometric mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The jobs of a ladder by row and column.

    Attributes:
        axis: What the rows differ in.
        rows: For each row its name and its jobs by column.
        columns: What the jobs of a row differ in; the first is the baseline of the others.
    """

    axis: str
    rows: Mapping[str, Mapping[str, int]]
    columns: tuple[str, ...]


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """Speed-ups are of steady units; over a ladder of epochs of whole runs with their set-up."""
    grid = _grid(state)
    trains = any(workload.kind is Kind.TRAINING for workload in state.plan.workloads)
    return (_times(state, grid), *([_whole_runs(state, grid)] if trains else []))


def _grid(state: ComparisonState) -> _Grid:
    plan = state.plan
    numbers = [axis for axis in chosen_axes(plan) if axis in NUMERIC_AXES]
    axis = swept_axis(plan) if numbers else _WORKLOAD
    rows: dict[str, dict[str, int]] = {}
    columns: dict[str, None] = {}
    for job, spec in enumerate(plan.jobs):
        column = printable(label_without(plan, job, axis)) or spec.settings.device
        rows.setdefault(axis_text(axis, spec.settings), {})[column] = job
        columns[column] = None
    return _Grid(axis=axis, rows=rows, columns=tuple(columns))


def _times(state: ComparisonState, grid: _Grid) -> Table:
    every = cells(state)
    units = "/".join(dict.fromkeys(workload.unit for workload in state.plan.workloads))

    def time(job: int) -> str:
        found = every[job].unit_s
        if found is None:
            return status(state, job)
        return figures.seconds(found.median) + (" (cold)" if every[job].is_cold else "")

    sizes = ("parameters", "MFLOP a step") if grid.axis == _WORKLOAD else ()
    header = (*_heads(grid, f"{units} s"), "speed-up") if len(grid.columns) == 2 else ()
    header = header or (*_heads(grid, f"{units} s"), *_speed_heads(grid))
    rows = [
        (name, *(_sizes(state, jobs) if sizes else ()), *_row(state, grid, jobs, time, _speed))
        for name, jobs in grid.rows.items()
    ]
    mean = _mean_row(state, grid, blank=len(sizes) + len(grid.columns))
    return Table(
        header=(_first_head(grid), *sizes, *header),
        rows=(*rows, *mean),
    )


def _whole_runs(state: ComparisonState, grid: _Grid) -> Table:
    """Training in all, and with the set-up before it, which few epochs do not make up for."""

    def total(job: int) -> str:
        return figures.seconds(over_trials(state, job, whole_s))

    def with_setup(job: int) -> str:
        return figures.seconds(over_trials(state, job, _with_setup_s))

    def speed(found: ComparisonState, base: int, job: int) -> str:
        baseline_s = over_trials(found, base, _with_setup_s)
        job_s = over_trials(found, job, _with_setup_s)
        return figures.times(baseline_s / job_s if baseline_s and job_s else None)

    rows = []
    for name, jobs in grid.rows.items():
        totals = [total(jobs[c]) if c in jobs else "" for c in grid.columns]
        rows.append((name, *totals, *_row(state, grid, jobs, with_setup, speed)))
    return Table(
        header=(
            _first_head(grid),
            *_heads(grid, "all s"),
            *_heads(grid, "with set-up s"),
            *(("speed-up",) if len(grid.columns) == 2 else _speed_heads(grid)),
        ),
        rows=tuple(rows),
        caption="Whole runs: training alone, and with imports, data and model before it",
    )


def _row(
    state: ComparisonState,
    grid: _Grid,
    jobs: Mapping[str, int],
    cell: Callable[[int], str],
    speed: Callable[[ComparisonState, int, int], str],
) -> tuple[str, ...]:
    """A cell for each column, then for each but the first how many times as fast it is."""
    times = [cell(jobs[column]) if column in jobs else "" for column in grid.columns]
    base = jobs.get(grid.columns[0])
    speeds = [
        speed(state, base, jobs[column]) if base is not None and column in jobs else ""
        for column in grid.columns[1:]
    ]
    return (*times, *speeds)


def _speed(state: ComparisonState, base: int, job: int) -> str:
    ratio = ratio_between(state, base, job)
    return figures.times_with_interval(ratio)


def _mean_row(state: ComparisonState, grid: _Grid, *, blank: int) -> tuple[tuple[str, ...], ...]:
    """The geometric mean of each column's speed-ups, over a ladder of workloads."""
    if grid.axis != _WORKLOAD or len(grid.columns) < 2 or len(grid.rows) < 2:
        return ()
    means = mean_ratios(state)
    firsts = [next(j[c] for j in grid.rows.values() if c in j) for c in grid.columns[1:]]
    found = [means.get(label_on_ladder(state.plan, job)) for job in firsts]
    values = [mean[0] if mean else None for mean in found]
    return ((_MEAN, *("",) * blank, *map(figures.times, values)),)


def _sizes(state: ComparisonState, jobs: Mapping[str, int]) -> tuple[str, str]:
    spec = state.plan.jobs[next(iter(jobs.values()))]
    flops = spec.workload.flops_step * spec.settings.batch_size
    parameters = f"{spec.workload.parameters:,}" if spec.workload.parameters else "none"
    return parameters, figures.megaflops(flops) if flops else figures.UNKNOWN


def _with_setup_s(run: RunState) -> float | None:
    total_s = whole_s(run)
    return None if total_s is None or not run.setup_s else total_s + sum(run.setup_s.values())


def _first_head(grid: _Grid) -> str:
    return grid.axis.replace("_", " ")


def _heads(grid: _Grid, what: str) -> tuple[str, ...]:
    return tuple(f"{column} {what}" for column in grid.columns)


def _speed_heads(grid: _Grid) -> tuple[str, ...]:
    return tuple(f"{column} speed-up" for column in grid.columns[1:])
