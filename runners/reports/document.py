"""A comparison for programs: JSON of schema `racetop.comparison/1`, and CSV. Pure."""

from __future__ import annotations

import csv
import io
import math
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runners.diagnosis import verdict
from runners.events import EpochFinished, Phases, Stage
from runners.spec import RunKey
from runners.state import ComparisonState, RunState
from runners.statistics import (
    Ratio,
    cold_epoch_s,
    final_accuracy,
    latency,
    ratios,
    samples_per_s,
    steady_epoch_s,
    total_s,
)

SCHEMA = "racetop.comparison/1"
CSV_COLUMNS = (
    "label", "trial", "device", "variant", "batch_size", "precision", "workers", "epoch",
    "epoch_s", "process_s", "samples", "samples_per_s", "train_loss", "train_accuracy",
    "test_loss", "test_accuracy", "data_wait_s", "host_to_device_s", "forward_s", "backward_s",
    "optimizer_s", "residual_s",
)  # fmt: skip


def to_json(state: ComparisonState, machine: Mapping[str, Any] | None) -> dict[str, Any]:
    """The comparison as JSON values; what is unknown, or no number, is null.

    Args:
        state: The comparison, over or not.
        machine: The machine's readings as `racetop snapshot` gives them; None where unknown.
    """
    plan = state.plan
    report = {
        "schema": SCHEMA,
        "workload": plan.name,
        "order": str(plan.order),
        "trials": plan.trials,
        "notes": list(plan.notes),
        "data": next((d for run in state.runs.values() if (d := _data(run))), None),
        "jobs": [_job(state, key, run) for key, run in state.runs.items()],
        "ratios": [_ratio(ratio) for ratio in ratios(state)],
        "verdict": list(verdict(state)),
        "machine": machine,
        "versions": _versions(state),
    }
    finite = _finite(report)
    assert isinstance(finite, dict)
    return finite


def to_csv(state: ComparisonState) -> str:
    """One line for each epoch of each run; what is unknown is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for job in to_json(state, None)["jobs"]:
        for epoch in job["epochs"]:
            writer.writerow({**job, **epoch, **epoch["phases"]})
    return out.getvalue()


def _job(state: ComparisonState, key: RunKey, run: RunState) -> dict[str, Any]:
    spec = state.plan.jobs[key.job]
    settings = spec.settings.to_wire()
    device = run.device
    return {
        "label": spec.label,
        "trial": key.trial + 1,
        **settings,
        "epochs_planned": settings["epochs"],
        "threads": device.threads if device else settings["threads"],
        "device_name": device.device_name if device else None,
        "device_uuid": device.device_uuid if device else None,
        "matmul_precision": device.matmul_precision if device else None,
        "parameters": run.model.parameters if run.model else None,
        "trainable_parameters": run.model.trainable_parameters if run.model else None,
        "status": str(run.status),
        "interrupted": run.interrupted,
        "error": _error(run),
        "data_used": _data(run),
        "epochs": [_epoch(run, epoch) for epoch in run.epochs],
        "total_s": total_s(run),
        "cold_epoch_s": cold_epoch_s(run),
        "steady_epoch_s": steady_epoch_s(run),
        "samples_per_s": samples_per_s(run),
        "test_accuracy": final_accuracy(run),
        "setup": {f"{stage}_s": run.setup_s.get(stage) for stage in Stage},
        "inference": _inference(run),
        "peak_memory_bytes": run.peak_memory_bytes,
        "notes": list(device.notes) if device else [],
        "warnings": list(run.warnings),
        "unreadable_lines": run.unreadable_lines,
        "dropped_events": run.dropped_events,
    }


def _epoch(run: RunState, epoch: EpochFinished) -> dict[str, Any]:
    tested = next((e for e in run.evaluations if e.epoch == epoch.epoch), None)
    process_s = epoch.process_s
    return {
        "epoch": epoch.epoch,
        "started_mono_s": epoch.started_mono_s,
        "epoch_s": epoch.epoch_s,
        "process_s": process_s,
        "cores_busy": process_s / epoch.epoch_s if process_s and epoch.epoch_s else None,
        "samples": epoch.samples,
        "samples_per_s": epoch.samples / epoch.epoch_s if epoch.epoch_s else None,
        "steps": epoch.steps,
        "train_loss": epoch.train_loss,
        "train_accuracy": epoch.train_accuracy,
        "test_loss": tested.test_loss if tested else None,
        "test_accuracy": tested.test_accuracy if tested else None,
        "phases": _phases(epoch.phases, epoch.epoch_s),
        "phase_clock": epoch.phase_clock,
        "device_idle_s": epoch.device_idle_s,
        "peak_memory_bytes": epoch.peak_memory_bytes,
        "peak_reserved_bytes": epoch.peak_reserved_bytes,
    }


def _phases(phases: Phases, epoch_s: float) -> dict[str, float | None]:
    known_s = phases.total_s()
    return {
        "data_wait_s": phases.data_wait_s,
        "host_to_device_s": phases.host_to_device_s,
        "forward_s": phases.forward_s,
        "backward_s": phases.backward_s,
        "optimizer_s": phases.optimizer_s,
        "residual_s": None if known_s is None else epoch_s - known_s,
    }


def _inference(run: RunState) -> dict[str, Any]:
    tested = run.evaluations[-1] if run.evaluations else None
    single = latency(run.latency.latencies_ms) if run.latency else None
    return {
        "eval_s": tested.eval_s if tested else None,
        "samples_per_s": tested.samples / tested.eval_s if tested and tested.eval_s else None,
        "latency_ms": {
            "mean": single.mean_ms,
            "std": single.std_ms,
            "p50": single.p50_ms,
            "p95": single.p95_ms,
        }
        if single
        else None,
    }


def _error(run: RunState) -> dict[str, Any] | None:
    if run.error is None:
        return None
    error = run.error
    return {"kind": str(error.kind), "message": error.message, "remedy": error.remedy}


def _data(run: RunState) -> dict[str, Any] | None:
    if run.data is None:
        return None
    return {
        "source": run.data.source,
        "name": run.data.name,
        "path": run.data.path,
        "train_samples": run.data.train_samples,
        "test_samples": run.data.test_samples,
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
    }


def _versions(state: ComparisonState) -> dict[str, str | None]:
    try:
        own: str | None = version("racetop")
    except PackageNotFoundError:
        own = None
    known: dict[str, str | None] = {"racetop": own, "python": platform.python_version()}
    for run in state.runs.values():
        if run.device is not None:
            known.update(run.device.versions)
    return known


def _finite(value: object) -> object:
    """The same JSON value with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
