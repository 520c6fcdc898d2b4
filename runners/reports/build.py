"""Makes a report of a comparison, the fitting one where none is named. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runners.cells import chosen_axes
from runners.diagnosis.diagnose import diagnose, is_diagnosis
from runners.reports import (
    batches,
    calls,
    diagnosis,
    jobs,
    ladder,
    loaders,
    machine,
    metrics,
    summary,
)
from runners.reports.conditions import Origin, conditions
from runners.reports.names import ReportName
from runners.reports.remarks import remarks
from runners.reports.report import Report, Table
from runners.reports.summaries import trials_done
from runners.spec import Order, Plan
from runners.state import ComparisonState
from runners.text import counted, printable
from runners.workloads import Kind

_TABLES: Mapping[ReportName, Callable[[ComparisonState], tuple[Table, ...]]] = {
    ReportName.JOBS: jobs.tables,
    ReportName.METRICS: metrics.tables,
    ReportName.CALLS: calls.tables,
    ReportName.SUMMARY: summary.tables,
    ReportName.BATCHES: batches.tables,
    ReportName.LADDER: ladder.tables,
}


def build(state: ComparisonState, name: ReportName | None, origin: Origin) -> Report:
    """A report of a comparison.

    Args:
        state: The comparison, over or not.
        name: Which one; None is the one that fits.
        origin: Where the comparison comes from.
    """
    found = diagnose(state) if name is None else None
    return Report(
        title=_title(state),
        tables=(
            *(diagnosis.tables(found) if found else ()),
            *_TABLES[name or fitting(state.plan)](state),
            *loaders.tables(state),
            *machine.tables(state),
        ),
        remarks=remarks(state, origin.machine),
        conditions=(
            *(diagnosis.commands(found) if found else ()),
            *conditions(state, origin, name),
        ),
    )


def fitting(plan: Plan) -> ReportName:
    """The report that shows what a plan's jobs differ in."""
    if is_diagnosis(plan):
        return ReportName.JOBS
    axes = chosen_axes(plan)
    kinds = {workload.kind for workload in plan.workloads}
    if "workload" in axes or kinds == {Kind.MICRO}:
        return ReportName.LADDER
    if "batch_size" in axes:
        return ReportName.BATCHES
    if Kind.ONE_BATCH in kinds:
        return ReportName.CALLS
    if "epochs" in axes and len(axes) > 1:
        return ReportName.LADDER
    if any(job.settings.layers for job in plan.jobs):
        return ReportName.METRICS
    return ReportName.JOBS


def _title(state: ComparisonState) -> str:
    plan = state.plan
    parts = [plan.name]
    sets = {run.data.name: run.data for run in state.runs.values() if run.data}
    if len(sets) == 1:
        (data,) = sets.values()
        samples = f"{data.train_samples:,} training samples"
        parts.append(f"{printable(data.name)} ({data.source}), {samples}")
    if len(plan.jobs) > 1 and not plan.together:
        parts.append("side by side" if plan.order is Order.TOGETHER else "one at a time")
    fewest, most = trials_done(state)
    if most > 1:
        up_to = "up to " if fewest < most else ""
        parts.append(f"medians of {up_to}{counted(most, 'trial')}")
    return " - ".join(parts)
