"""Step: every workload of the catalogue on the device, as written and tuned, each a little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.gpu.findings import Findings, Setting
from benchmarks.gpu.racing import comparing
from runners.reports.names import Form
from runners.reports.render import render
from runners.spec import Order, Request
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import cold_epoch_s, samples_per_s, unit_s
from runners.workloads import Kind, Variant, Workload
from runners.workloads.catalogue import CATALOGUE

_STEPS = 10
_REHEARSED = ("mlp", "matmul")


def check_catalogue(setting: Setting, findings: Findings) -> None:
    """Run each workload briefly in the variants that it has; its figures are those of a start."""
    with comparing(setting) as compare:
        for workload in CATALOGUE.values():
            if not setting.is_rehearsal or workload.name in _REHEARSED:
                _check(workload, compare, setting.device, findings)


def _check(
    workload: Workload,
    compare: Callable[[Request], ComparisonState],
    device: str,
    findings: Findings,
) -> None:
    wanted = [v for v in (Variant.AS_WRITTEN, Variant.TUNED) if v in workload.variants]
    is_training = workload.kind is Kind.TRAINING
    request = Request(
        workloads=(workload.name,),
        devices=(device,),
        variants=tuple(wanted),
        epochs=(workload.warm_up + 1,),
        train_samples=_STEPS * workload.batch_size if is_training else None,
        test_samples=workload.batch_size if is_training else None,
        trials=1,
        order=Order.IN_TURN,
        data="generated",
    )
    state = compare(request)
    for key, run in state.runs.items():
        label = f"{workload.name}, {state.plan.jobs[key.job].settings.variant}"
        error = f": {run.error.message}" if run.error else ""
        is_done = run.status is RunStatus.DONE and len(run.epochs) == workload.warm_up + 1
        findings.demand(label, is_done, found=f"{run.status}{error}", wanted="done")
        findings.numbers[label] = _figures(run, workload)
    findings.text += f"\n{render(state, Form.MARKDOWN)}\n"


def _figures(run: RunState, workload: Workload) -> dict[str, Any]:
    time_s, rate = unit_s(run), samples_per_s(run)
    newest = run.epochs[-1] if run.epochs else None
    return {
        "cold_s": cold_epoch_s(run),
        "unit_s": time_s,
        "samples_per_s": rate,
        "flop_per_s": rate * workload.flops_step if rate else None,
        "peak_memory_bytes": run.peak_memory_bytes,
        "peak_reserved_bytes": newest.peak_reserved_bytes if newest else None,
        "peak_device_used_bytes": newest.peak_device_used_bytes if newest else None,
        "import_to_model_s": sum(run.setup_s.values()),
    }
