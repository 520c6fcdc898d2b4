"""The report `batches`: epoch time, relative speed and memory by batch size. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runners.cells import Cell, cells, label_without
from runners.fits import BatchFit, batch_fits
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import over_trials, peak_device_used_bytes, status, trials
from runners.spec import Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import full_epochs, ratio_between, steady_epochs
from runners.sweep_words import LARGEST_MISS_PCT
from runners.text import printable

_AXIS = "batch_size"
_Column = tuple[str, Callable[["_Group", int], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Jobs that differ in the batch size only.

    Attributes:
        name: What they have in common, in words.
        jobs: Their places in the plan.
        base: The one with the workload's own batch size, else the first.
        best: The one with the shortest epoch; None where there is no choice, or it may be chance.
        fit: The time of an epoch by the number of steps; None where it says little.
    """

    name: str
    jobs: tuple[int, ...]
    base: int
    best: int | None
    fit: BatchFit | None


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """A row for each batch size; a device that is there to be compared with has its own row."""
    found = _groups(state)
    columns = _columns(state, found)
    rows = tuple(
        tuple(cell(group, job) for _, cell in columns) for group in found for job in group.jobs
    )
    header = tuple(name for name, _ in columns)
    return (Table(header=header, rows=rows, words=(len(columns) - 1,)),)


def _columns(state: ComparisonState, found: Sequence[_Group]) -> list[_Column]:
    """The columns that have something to say of this sweep."""
    every = cells(state)
    unit = state.plan.workloads[0].unit
    first = found[0].base
    size = state.plan.jobs[first].settings.batch_size
    runs = tuple(state.runs.values())
    versus = f"vs {printable(found[0].name)} {size}"
    columns: list[tuple[bool, str, Callable[[_Group, int], str]]] = [
        (any(group.name for group in found), "job", lambda group, _: printable(group.name)),
        (True, "batch", lambda _, job: str(state.plan.jobs[job].settings.batch_size)),
        (True, f"{unit} s", lambda _, job: _epoch(every[job])),
        (
            any(run.evaluations for run in runs),
            "with test",
            lambda _, job: _with_test(state, job),
        ),
        (True, "relative", lambda group, job: _speed(state, group.base, job)),
        (len(found) > 1, versus, lambda _, job: _speed(state, first, job)),
        (any(group.fit for group in found), "fit s", lambda group, job: _fit(state, group, job)),
        (True, "memory", lambda _, job: figures.memory(every[job].peak_memory_bytes)),
        (
            any(peak_device_used_bytes(run) for run in runs),
            "on device",
            lambda _, job: _on_device(state, job),
        ),
        (True, "trials", lambda _, job: trials(state, job)),
        (True, "note", lambda group, job: _note(state, group, every[job])),
    ]
    return [(name, cell) for is_there, name, cell in columns if is_there]


def _groups(state: ComparisonState) -> tuple[_Group, ...]:
    plan = state.plan
    named: dict[str, list[int]] = {}
    for job in range(len(plan.jobs)):
        named.setdefault(label_without(plan, job, _AXIS), []).append(job)
    by_size = {name: sorted(jobs, key=_size_in(plan)) for name, jobs in named.items()}
    return tuple(_group(state, name, tuple(jobs)) for name, jobs in by_size.items())


def _size_in(plan: Plan) -> Callable[[int], int]:
    return lambda job: plan.jobs[job].settings.batch_size


def _group(state: ComparisonState, name: str, jobs: tuple[int, ...]) -> _Group:
    plan, every = state.plan, cells(state)
    own = (j for j in jobs if plan.jobs[j].settings.batch_size == plan.jobs[j].workload.batch_size)
    base = next(own, jobs[0])
    timed = {job: found.median for job in jobs if (found := every[job].unit_s) is not None}
    spec = plan.jobs[jobs[0]]
    fit_label = " ".join(spec.label.replace(f"batch {spec.settings.batch_size}", " ").split())
    fits = (fit for fit in batch_fits(state) if fit.label == fit_label)
    fit = next((fit for fit in fits if fit.worst_pct <= LARGEST_MISS_PCT), None)
    return _Group(
        name=name,
        jobs=jobs,
        base=base,
        best=_best(state, base, timed),
        fit=fit,
    )


def _best(state: ComparisonState, base: int, timed: Mapping[int, float]) -> int | None:
    """The job with the shortest epoch, unless that may be chance."""
    best = min(timed, key=timed.__getitem__) if len(timed) > 1 else None
    ratio = None if best in (None, base) else ratio_between(state, base, best)
    return None if ratio is not None and ratio.is_undecided else best


def _epoch(cell: Cell) -> str:
    """The median, and how far trials lie to either side of it."""
    if cell.unit_s is None:
        return figures.UNKNOWN
    apart = "" if cell.spread_pct is None else f" ± {cell.spread_pct:.0f} %"
    return figures.seconds(cell.unit_s.median) + apart


def _with_test(state: ComparisonState, job: int) -> str:
    """An epoch together with the pass over the test set after it."""
    return figures.seconds(over_trials(state, job, _tested_s))


def _tested_s(run: RunState) -> float | None:
    tested_s = {tested.epoch: tested.eval_s for tested in run.evaluations}
    epochs = steady_epochs(run) or full_epochs(run)
    values = [e.epoch_s + tested_s[e.epoch] for e in epochs if e.epoch in tested_s]
    return statistics.median(values) if values else None


def _speed(state: ComparisonState, base: int, job: int) -> str:
    if base == job:
        return figures.times(1.0)
    ratio = ratio_between(state, base, job)
    if ratio is None:
        return figures.UNKNOWN
    return figures.times(ratio.value) + (" (undecided)" if ratio.is_undecided else "")


def _fit(state: ComparisonState, group: _Group, job: int) -> str:
    if group.fit is None:
        return figures.UNKNOWN
    return figures.seconds(group.fit.epoch_s(state.plan.jobs[job].settings.batch_size))


def _on_device(state: ComparisonState, job: int) -> str:
    peaks = [peak_device_used_bytes(run) for run in state.runs_of(job)]
    return figures.memory(max((peak for peak in peaks if peak is not None), default=None))


def _note(state: ComparisonState, group: _Group, cell: Cell) -> str:
    parts = []
    if any(run.status is not RunStatus.DONE for run in state.runs_of(cell.job)):
        parts.append(status(state, cell.job))
    if cell.job == group.best:
        parts.append("fastest")
    if cell.job == group.base and len(group.jobs) > 1:
        parts.append("baseline")
    if cell.is_cold:
        parts.append("cold")
    return ", ".join(part for part in parts if part != str(RunStatus.DONE))
