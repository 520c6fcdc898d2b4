"""The table of a sweep of loader processes: what each number of them gains and takes. Pure."""

from __future__ import annotations

from runners.loader_figures import LoaderFigures
from runners.reports import figures
from runners.reports.report import Table
from runners.state import ComparisonState
from runners.text import printable
from runners.workers_sweep import Count, WorkersSweep, workers_sweeps


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """A table for each sweep, as soon as two counts of it have figures."""
    return tuple(_table(sweep) for sweep in workers_sweeps(state) if sweep.best is not None)


def _table(sweep: WorkersSweep) -> Table:
    base = sweep.timed[0].workers
    header = (
        *("workers", "samples/s", f"vs {base}", "data wait", "first batch s"),
        *("their cores", "their memory", "core wait", "note"),
    )
    hows = dict.fromkeys(count.cell.loader.start_method for count in sweep.counts)
    parts = [printable(part) for part in (sweep.label, *hows) if part]
    return Table(
        header=header,
        rows=tuple(_row(sweep, count) for count in sweep.counts),
        caption=", ".join(("Loader processes by count", *parts)),
        words=(len(header) - 1,),
    )


def _row(sweep: WorkersSweep, count: Count) -> tuple[str, ...]:
    found = count.cell.loader
    return (
        str(count.workers),
        figures.rate(count.cell.samples_per_s),
        figures.times(count.speed),
        figures.share(found.data_wait_share),
        _first_batch(found),
        figures.decimal(found.cores_busy),
        figures.memory(found.memory_bytes),
        figures.share(found.core_wait_share),
        _note(sweep, count),
    )


def _first_batch(found: LoaderFigures) -> str:
    """Seconds of the epoch before it, and which share of the epoch they are."""
    if found.first_wait_s is None:
        return figures.UNKNOWN
    return f"{figures.seconds(found.first_wait_s)} ({figures.share(found.first_wait_share)})"


def _note(sweep: WorkersSweep, count: Count) -> str:
    parts = ["fastest"] if count is sweep.best else []
    parts += ["enough"] if count is sweep.knee else []
    parts += [count.cell.trouble] if count.cell.trouble else []
    return ", ".join(parts)
