"""What the comparison's JSON says of a job over all its trials. Pure."""

from __future__ import annotations

from typing import Any

from runners.accuracy import accuracy
from runners.cells import Cell, cells
from runners.fluctuation import fluctuation
from runners.reports.summaries import cores_busy, over_trials, status
from runners.state import ComparisonState, RunStatus
from runners.statistics import samples_per_s


def summaries_of(state: ComparisonState) -> list[dict[str, Any]]:
    """Each job's figures over its trials, in the order of the plan."""
    return [_summary(state, cell) for cell in cells(state)]


def _summary(state: ComparisonState, cell: Cell) -> dict[str, Any]:
    job = cell.job
    runs = state.runs_of(job)
    found, right = fluctuation(state, job), accuracy(state, job)
    flops = state.plan.jobs[job].workload.flops_step
    speed = over_trials(state, job, samples_per_s)
    return {
        "label": state.plan.jobs[job].label,
        "status": status(state, job),
        "trials_done": cell.trials_done,
        "spared": sum(run.status is RunStatus.SPARED for run in runs),
        "unit_s": None
        if cell.unit_s is None
        else {
            "median": cell.unit_s.median,
            "low": cell.unit_s.low,
            "high": cell.unit_s.high,
            "count": cell.unit_s.count,
        },
        "is_cold": cell.is_cold,
        "speed": cell.speed,
        "samples_per_s": speed,
        "flops_per_s": flops * speed if flops and speed is not None else None,
        "cores_busy": over_trials(state, job, cores_busy),
        "fluctuation": None
        if found is None
        else {
            "spread_pct": found.spread_pct,
            "count": found.count,
            "outliers_s": list(found.outliers),
        },
        "accuracy": None
        if right is None
        else {"share": right.share, "noise": right.noise, "samples": right.samples},
    }
