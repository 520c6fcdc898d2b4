"""What the comparison's JSON says of one run of a job. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from runners.events import (
    QUANTILES,
    EpochFinished,
    LayerTimes,
    LoaderUse,
    Phases,
    Stage,
    StepTimes,
)
from runners.machine.figures import EpochMachine
from runners.machine.slowed import slowed
from runners.reports.summaries import peak_device_used_bytes, peak_reserved_bytes
from runners.spec import RunKey
from runners.state import ComparisonState, RunState
from runners.statistics import (
    cold_epoch_s,
    final_accuracy,
    latency,
    samples_per_s,
    steady_epoch_s,
    total_s,
)


def run_of(state: ComparisonState, key: RunKey, run: RunState) -> dict[str, Any]:
    """A run with its settings, its epochs and what follows from them."""
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
        "weights_used": run.model.weights if run.model else None,
        "status": str(run.status),
        "interrupted": run.interrupted,
        "spared": run.spared,
        "error": _error(run),
        "data_used": data_of(run),
        "epochs": [_epoch(run, epoch) for epoch in run.epochs],
        "total_s": total_s(run),
        "cold_epoch_s": cold_epoch_s(run),
        "steady_epoch_s": steady_epoch_s(run),
        "samples_per_s": samples_per_s(run),
        "test_accuracy": final_accuracy(run),
        "setup": {f"{stage}_s": run.setup_s.get(stage) for stage in Stage},
        "inference": _inference(run),
        "layers_timed": _layers(run),
        "peak_memory_bytes": run.peak_memory_bytes,
        "peak_reserved_bytes": peak_reserved_bytes(run),
        "peak_device_used_bytes": peak_device_used_bytes(run),
        "notes": list(device.notes) if device else [],
        "warnings": list(run.warnings),
        "unreadable_lines": run.unreadable_lines,
        "dropped_events": run.dropped_events,
    }


def data_of(run: RunState) -> dict[str, Any] | None:
    """The data a run used; None as long as it is not known."""
    if run.data is None:
        return None
    return {
        "source": run.data.source,
        "name": run.data.name,
        "path": run.data.path,
        "train_samples": run.data.train_samples,
        "test_samples": run.data.test_samples,
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
        "eval_s": tested.eval_s if tested else None,
        "test_loss": tested.test_loss if tested else None,
        "test_accuracy": tested.test_accuracy if tested else None,
        "phases": _phases(epoch.phases, epoch.epoch_s),
        "phase_clock": epoch.phase_clock,
        "device_idle_s": epoch.device_idle_s,
        "first_wait_s": epoch.first_wait_s,
        "step_times": _step_times(epoch.step_times),
        "copied_bytes": epoch.copied_bytes,
        "core_wait_s": epoch.core_wait_s,
        "loader": _loader(epoch.loader),
        "machine": _machine(run.machine.get(epoch.epoch), epoch),
        "peak_memory_bytes": epoch.peak_memory_bytes,
        "peak_reserved_bytes": epoch.peak_reserved_bytes,
        "peak_device_used_bytes": epoch.peak_device_used_bytes,
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


def _step_times(times: StepTimes | None) -> dict[str, Any] | None:
    if times is None:
        return None
    return {
        "steps": times.steps,
        "quantiles": QUANTILES,
        "whole_s": times.whole_s,
        "data_wait_s": times.data_wait_s,
        "host_to_device_s": times.host_to_device_s,
        "forward_s": times.forward_s,
        "backward_s": times.backward_s,
        "optimizer_s": times.optimizer_s,
    }


def _loader(use: LoaderUse | None) -> dict[str, Any] | None:
    if use is None:
        return None
    return {
        "processes": use.processes,
        "start_method": use.start_method,
        "cpu_s": use.cpu_s,
        "memory_bytes": use.memory_bytes,
    }


def _machine(machine: EpochMachine | None, epoch: EpochFinished) -> dict[str, Any] | None:
    if machine is None:
        return None
    slow, energy_j = slowed(machine, epoch.epoch_s), machine.energy_j
    return {
        **asdict(machine),
        "j_per_sample": energy_j / epoch.samples if energy_j and epoch.samples else None,
        "slowed": slow.in_words() if slow else None,
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


def _layers(run: RunState) -> dict[str, Any] | None:
    if run.layers is None:
        return None
    return {
        "batch_size": run.layers.batch_size,
        "layers": [_layer(times) for times in run.layers.layers],
    }


def _layer(times: LayerTimes) -> dict[str, Any]:
    return {
        "name": times.name,
        "class": times.layer,
        "cold_ms": times.cold_ms,
        "warm_ms": list(times.warm_ms),
    }


def _error(run: RunState) -> dict[str, Any] | None:
    if run.error is None:
        return None
    error = run.error
    return {"kind": str(error.kind), "message": error.message, "remedy": error.remedy}
