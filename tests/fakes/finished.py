"""Comparisons that came to an end, with as little as a report needs."""

from __future__ import annotations

from runners.events import (
    DeviceReady,
    ErrorKind,
    Event,
    JobFailed,
    LatencyMeasured,
    Stage,
    StageFinished,
)
from runners.process_events import WorkerExited
from runners.state import ComparisonState
from tests.fakes.training import finished_run, plan, replayed

FAILED: list[Event] = [
    JobFailed(
        error=ErrorKind.DEVICE_MISSING,
        message="There is no <b>CUDA</b> | here\x1b[31m.",
        remedy="Use --devices cpu.",
    ),
    WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1.0),
]


def finished(*epochs_s: float) -> list[Event]:
    """A whole run with these epochs, its set-up and latencies."""
    first, *rest = finished_run(*epochs_s)
    return [
        first,
        StageFinished(stage=Stage.IMPORT, took_s=1.25),
        DeviceReady(device_name="A CPU", versions={"torch": "2.15"}, threads=2),
        LatencyMeasured(latencies_ms=(1.0, 3.0)),
        *rest,
    ]


def one_failed() -> ComparisonState:
    """A job that is done and one that failed for want of a device."""
    return replayed(plan("cpu", "cuda:0"), finished(2.0, 1.0), FAILED)
