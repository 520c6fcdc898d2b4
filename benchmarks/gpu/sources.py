"""Step: the tables of the comparisons people did by hand, each on little data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.gpu.findings import Findings, Setting
from benchmarks.gpu.racing import comparing
from runners.presets import PRESETS
from runners.reports.names import Form, ReportName
from runners.reports.render import render
from runners.spec import Order, Request
from runners.state import ComparisonState, RunStatus

_REHEARSED = ("mlp",)
_SAMPLES = 1_024
_LADDER = ("fashion-cnn", "cnn5", "cifar-resnet18-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A comparison done by hand: the preset that redoes it, and the report with its table."""

    preset: str
    report: ReportName


_SOURCES = (
    _Source(preset="mlp", report=ReportName.SUMMARY),
    _Source(preset="mnist-cnn layers", report=ReportName.METRICS),
    _Source(preset="resnet63 calls", report=ReportName.CALLS),
    _Source(preset="resnet18 batches", report=ReportName.BATCHES),
    _Source(preset="model sizes", report=ReportName.LADDER),
)


def check_sources(setting: Setting, findings: Findings) -> None:
    """Run each preset on the CPU and the device, one trial, and write its table down."""
    accelerator = None if setting.is_rehearsal else setting.device
    with comparing(setting) as compare:
        for source in _SOURCES:
            if not setting.is_rehearsal or source.preset in _REHEARSED:
                _check(source, compare, accelerator, findings)


def _check(
    source: _Source,
    compare: Callable[[Request], ComparisonState],
    accelerator: str | None,
    findings: Findings,
) -> None:
    (preset,) = (preset for preset in PRESETS if preset.name == source.preset)
    state = compare(_brief(preset.request(accelerator)))
    for key, run in state.runs.items():
        error = f": {run.error.message}" if run.error else ""
        label = f"{source.preset}, {state.plan.jobs[key.job].label}"
        is_done = run.status is RunStatus.DONE
        findings.demand(label, is_done, found=f"{run.status}{error}", wanted="done")
    findings.text += f"\n{render(state, Form.MARKDOWN, source.report)}\n"


def _brief(request: Request) -> Request:
    brief = replace(request, trials=1, order=Order.IN_TURN, data="generated")
    if len(request.workloads) > 1:
        brief = replace(brief, workloads=_LADDER)
    if request.workloads != ("resnet63",):
        brief = replace(brief, epochs=(2,), train_samples=_SAMPLES, test_samples=256)
    return replace(brief, batch_sizes=request.batch_sizes[1:4])
