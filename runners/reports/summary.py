"""The report `summary`: the four columns that a README has room for. Pure."""

from __future__ import annotations

from runners.accuracy import accuracy
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import label, over_trials, status, whole_s
from runners.state import ComparisonState
from runners.text import printable

HEADER = ("Device", "Epochs", "Total Training Time", "Accuracy")


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """Medians over the trials; a job without a total says where it stands instead."""
    rows = tuple(_row(state, job) for job in range(len(state.plan.jobs)))
    return (Table(header=HEADER, rows=rows),)


def _row(state: ComparisonState, job: int) -> tuple[str, ...]:
    names = {run.device.device_name for run in state.runs_of(job) if run.device}
    device = f"{label(state, job)} ({printable(names.pop())})" if names else label(state, job)
    total_s = over_trials(state, job, whole_s)
    return (
        device,
        str(state.plan.jobs[job].settings.epochs),
        status(state, job) if total_s is None else figures.time(total_s),
        figures.accuracy(accuracy(state, job)),
    )
