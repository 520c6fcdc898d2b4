"""Steps: the product's race on CPU and GPU, side by side and in turn; bf16 and compiled runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gpu.findings import Findings, Setting
from benchmarks.gpu.machine import without_names
from benchmarks.gpu.racing import run_comparison, workers_left
from runners.devices import is_accelerator
from runners.reports.conditions import Origin
from runners.reports.document import to_json
from runners.reports.names import Form
from runners.reports.render import render
from runners.spec import Order, Request, RunKey
from runners.state import ComparisonState, RunStatus
from runners.statistics import full_epochs, steady_epochs
from runners.workloads import Precision, Variant
from sensors.sampler import take_reading
from sensors.snapshot import snapshot

_ACCURACY = 0.8
# Of a steady epoch: reading the loss, ending the loader. Below zero where the host's wait for
# data falls into time in which the device still works.
_RESIDUAL = (-0.05, 0.40)
_RECORD_BYTES = 2 << 20
_SAMPLES_IN_TURN = 20_000
_PAIR = (Variant.AS_WRITTEN, Variant.TUNED)
# What a machine without the tools says; see `runners.worker.errors`.
_NO_TOOLS = ("c++ compiler", "header files", "working triton installation")


def race_side_by_side(setting: Setting, findings: Findings) -> None:
    """Race the CPU against the device at the same time, as-written then tuned; record the first."""
    for variant in _PAIR:
        request = _request(setting, devices=_devices(setting), variants=(variant,))
        folder = setting.out if variant is Variant.AS_WRITTEN else None
        state, readings = run_comparison(request, setting, record_in=folder)
        _judge(f"side by side, {variant}", f"race-together-{variant}", state, setting, findings)
        if folder:
            _judge_record(folder, readings, findings)


def race_in_turn(setting: Setting, findings: Findings) -> None:
    """Race both devices and both variants, one job at a time, on part of the samples."""
    request = _request(setting, devices=_devices(setting), variants=_PAIR, order=Order.IN_TURN)
    if not setting.is_rehearsal:
        request = replace(request, train_samples=_SAMPLES_IN_TURN)
    state, _ = run_comparison(request, setting)
    _judge("in turn", "race-in-turn", state, setting, findings)


def race_precisions(setting: Setting, findings: Findings) -> None:
    """Train in fp32 and bf16 on the device, one after the other."""
    request = _request(
        setting,
        workload=_heavy(setting),
        variants=(Variant.TUNED,),
        precisions=(Precision.FP32, Precision.BF16),
        order=Order.IN_TURN,
    )
    state, _ = run_comparison(request, setting)
    _judge("precisions", None, state, setting, findings)


def race_compiled(setting: Setting, findings: Findings) -> None:
    """Train a compiled model on the device; without a compiler there is nothing to check."""
    request = _request(
        setting,
        workload=_heavy(setting),
        variants=(Variant.TUNED,),
        compiles=(True,),
        order=Order.IN_TURN,
    )
    state, _ = run_comparison(request, setting)
    ((_, run),) = state.runs.items()
    message = run.error.message if run.error else ""
    if any(words in message.lower() for words in _NO_TOOLS):
        findings.skip("a compiled run", f"no C compiler here: {message}")
        return
    _judge("compiled", None, state, setting, findings)
    findings.numbers["setup_s"] = dict(run.setup_s)


def _heavy(setting: Setting) -> str:
    return "mlp" if setting.is_rehearsal else "mnist-cnn"


def _devices(setting: Setting) -> tuple[str, ...]:
    """The CPU against the device; in a rehearsal there is but one."""
    return ("cpu",) if setting.is_rehearsal else ("cpu", setting.device)


def _request(
    setting: Setting,
    *,
    workload: str = "fashion-cnn",
    devices: tuple[str, ...] | None = None,
    order: Order = Order.TOGETHER,
    **axes: Any,  # noqa: ANN401 - the axes of a request, by their names
) -> Request:
    small = setting.is_rehearsal
    return Request(
        workloads=(workload,),
        devices=devices or (setting.device,),
        epochs=(2 if small else 3,),
        train_samples=500 if small else None,
        test_samples=100 if small else None,
        order=order,
        data="generated",
        **axes,
    )


def _judge(
    title: str, file: str | None, state: ComparisonState, setting: Setting, findings: Findings
) -> None:
    """Look at everything that a comparison has to have, and keep it."""
    machine = without_names(snapshot(take_reading()), {})
    report = to_json(state, Origin(machine=machine))
    if file:
        (setting.out / f"{file}.json").write_text(json.dumps(report, indent=1) + "\n")
    findings.numbers[title] = _essence(report)
    findings.text += f"\n{render(state, Form.MARKDOWN, machine=machine)}\n"
    for key in state.runs:
        name = f"{title}, {state.plan.jobs[key.job].label}"
        for what, is_met, found, wanted in _demands(state, key, setting):
            findings.demand(f"{name}: {what}", is_met, found=found, wanted=wanted)
    left = workers_left(state)
    findings.demand(f"{title}: no worker is left", not left, found=str(left), wanted="none")


def _demands(
    state: ComparisonState, key: RunKey, setting: Setting
) -> Iterator[tuple[str, bool, str, str]]:
    """What is demanded of a run: what, whether it is met, what was found, what was wanted."""
    run = state.runs[key]
    error = f": {run.error.message}" if run.error else ""
    yield "status", run.status is RunStatus.DONE, f"{run.status}{error}", "done"
    if not run.evaluations:
        return
    accuracy = run.evaluations[-1].test_accuracy
    wanted = 0.0 if setting.is_rehearsal else _ACCURACY
    yield "test accuracy", accuracy > wanted, f"{accuracy:.4f}", f"over {wanted:g}"
    on_gpu = is_accelerator(state.plan.jobs[key.job].settings.device)
    epochs = steady_epochs(run) or full_epochs(run)
    clock, wanted_clock = {e.phase_clock for e in epochs}, "device" if on_gpu else "host"
    yield "clock of the phases", clock == {wanted_clock}, ", ".join(clock), wanted_clock
    shares = [(e.epoch_s - (e.phases.total_s() or 0.0)) / e.epoch_s for e in epochs]
    low, high = _RESIDUAL
    yield (
        "residual, share of the epoch",
        all(low <= share <= high for share in shares),
        ", ".join(f"{share:.3f}" for share in shares),
        f"{low:g} to {high:g}",
    )
    peak = run.peak_memory_bytes or 0
    yield "peak memory", peak > 0, f"{peak / 2**20:,.0f} MiB", "known"
    if on_gpu:
        idle = [e.device_idle_s for e in epochs]
        yield (
            "device idle time",
            all(i is not None and 0 <= i <= e.epoch_s for i, e in zip(idle, epochs, strict=True)),
            ", ".join("unknown" if i is None else f"{i:.3f} s" for i in idle),
            "0 to the epoch",
        )


def _judge_record(folder: Path, readings: int, findings: Findings) -> None:
    findings.demand("readings during the race", readings > 1, found=str(readings), wanted="several")
    for name in ("events.jsonl", "telemetry.jsonl"):
        size = (folder / name).stat().st_size
        findings.demand(
            f"{name} can be kept",
            0 < size < _RECORD_BYTES,
            found=f"{size / 1024:,.0f} KiB",
            wanted="under 2 MiB",
        )


def _essence(report: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "label", "status", "error", "cold_epoch_s", "steady_epoch_s", "samples_per_s",
        "test_accuracy", "peak_memory_bytes", "setup", "inference",
    )  # fmt: skip
    jobs = []
    for job in report["jobs"]:
        last = job["epochs"][-1] if job["epochs"] else {}
        phases = {"phases": last.get("phases"), "device_idle_s": last.get("device_idle_s")}
        jobs.append({name: job[name] for name in names} | phases)
    return {"jobs": jobs, "ratios": report["ratios"], "verdict": report["verdict"]}
