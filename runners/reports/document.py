"""A comparison for programs: JSON of schema `racetop.comparison/1`. Pure.

docs/comparison.md tells what each key means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runners.fits import BatchFit, Crossover, batch_fits, crossovers
from runners.reports import run_document
from runners.reports.build import fitting
from runners.reports.command_line import command_line
from runners.reports.conditions import Origin, taken_at, versions
from runners.reports.job_document import summaries_of
from runners.spec import Plan
from runners.state import ComparisonState
from runners.statistics import Ratio, ratios
from runners.verdict import verdict
from runners.workers_sweep import Count, WorkersSweep, workers_sweeps
from runners.workloads import Workload

SCHEMA = "racetop.comparison/1"


def to_json(state: ComparisonState, origin: Origin | None = None) -> dict[str, Any]:
    """The comparison as JSON values; what is unknown, or no number, is null.

    Args:
        state: The comparison, over or not.
        origin: Where it comes from; None where nothing is known of that.
    """
    plan, origin = state.plan, origin or Origin()
    runs = state.runs.values()
    data = (run_document.data_of(run) for run in runs)
    report = {
        "schema": SCHEMA,
        "workload": plan.name,
        "workloads": [_workload(workload) for workload in plan.workloads],
        "axes": list(plan.axes),
        "order": str(plan.order),
        "trials": plan.trials,
        "time_budget_s": plan.time_budget_s,
        "within_pct": plan.within_pct,
        "notes": list(plan.notes),
        "report": str(fitting(plan)),
        "taken_at": taken_at(state),
        "command": command_line(origin.request) if origin.request else None,
        "request": origin.request.to_wire() if origin.request else None,
        "data": next((found for found in data if found), None),
        "jobs": [run_document.run_of(state, key, run) for key, run in state.runs.items()],
        "summaries": summaries_of(state),
        "ratios": [_ratio(ratio) for ratio in ratios(state)],
        "fits": [_fit(fit, plan) for fit in batch_fits(state)],
        "crossovers": [_crossover(crossover) for crossover in crossovers(state)],
        "workers_sweeps": [_workers_sweep(sweep) for sweep in workers_sweeps(state)],
        "verdict": list(verdict(state)),
        "host": _host(origin.machine),
        "machine": origin.machine,
        "versions": versions(state, origin),
    }
    return {key: finite(value) for key, value in report.items()}


def _workload(workload: Workload) -> dict[str, Any]:
    return {
        "name": workload.name,
        "kind": str(workload.kind),
        "unit": workload.unit,
        "parameters": workload.parameters,
        "trainable_parameters": workload.trainable_parameters,
        "flops_forward": workload.flops_forward,
        "flops_step": workload.flops_step,
        "batch_size": workload.batch_size,
        "loss": workload.loss,
        "optimizer": workload.optimizer,
        "warm_up": workload.warm_up,
        "own_choices": list(workload.own_choices),
    }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {
        "baseline": ratio.baseline,
        "job": ratio.job,
        "steady": ratio.steady,
        "total": ratio.total,
        "low": ratio.low,
        "high": ratio.high,
        "label": ratio.label,
        "basis": ratio.basis,
    }


def _fit(fit: BatchFit, plan: Plan) -> dict[str, Any]:
    sizes = sorted({job.settings.batch_size for job in plan.jobs})
    return {
        "label": fit.label,
        "fixed_s": fit.sample_s * fit.samples,
        "sample_s": fit.sample_s,
        "step_s": fit.step_s,
        "samples": fit.samples,
        "worst_pct": fit.worst_pct,
        "cells": fit.cells,
        "epochs_s": {str(size): fit.epoch_s(size) for size in sizes},
    }


def _crossover(crossover: Crossover) -> dict[str, Any]:
    return {
        "baseline": crossover.baseline,
        "other": crossover.other,
        "quantity": crossover.quantity,
        "at": crossover.at,
        "ratios": [{"size": size, "ratio": ratio} for size, ratio in crossover.ratios],
    }


def _workers_sweep(sweep: WorkersSweep) -> dict[str, Any]:
    return {
        "label": sweep.label,
        "best": sweep.best.workers if sweep.best else None,
        "knee": sweep.knee.workers if sweep.knee else None,
        "counts": [_count(count) for count in sweep.counts],
    }


def _count(count: Count) -> dict[str, Any]:
    found = count.cell.loader
    return {
        "workers": count.workers,
        "samples_per_s": count.cell.samples_per_s,
        "speed": count.speed,
        "data_wait_share": found.data_wait_share,
        "first_wait_s": found.first_wait_s,
        "first_wait_share": found.first_wait_share,
        "start_s": count.start_s,
        "core_wait_share": found.core_wait_share,
        "processes": found.processes,
        "processes_cores_busy": found.cores_busy,
        "processes_memory_bytes": found.memory_bytes,
        "start_method": found.start_method,
    }


def _host(machine: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The lasting part of the machine's readings."""
    if machine is None:
        return None
    host, driver = machine.get("host") or {}, machine.get("driver") or {}
    return {
        "hostname": host.get("hostname"),
        "system": host.get("system"),
        "cpu_name": host.get("cpu_name"),
        "cores_usable": host.get("cores_usable"),
        "cores_total": host.get("cores_total"),
        "gpus": [gpu.get("name") for gpu in machine.get("gpus") or ()],
        "driver_version": driver.get("driver_version"),
    }


def finite(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """The same JSON value with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
