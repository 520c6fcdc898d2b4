"""Step: which fields this GPU reports, and why not the others."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.findings import Findings, Setting
from sensors.gpu_readings import ClockLimit, GpuReading, MigInstance, NvmlState
from sensors.nvidia import NvidiaGpus
from sensors.wanted import Wanted

_LOOKS = 3
_LOOK_EVERY_S = 1.0
# Without these there is no GPU pane to speak of.
_NEEDED = (
    "memory_used_bytes",
    "memory_total_bytes",
    "temperature_c",
    "power_w",
    "sm_clock_mhz",
    "clock_limits",
)
_ABOUT_THE_CARD = ("index", "uuid", "name", "state", "unknown")


def check_fields(_setting: Setting, findings: Findings) -> None:
    """Read all GPUs a few times, their inner activity too, and tell what came."""
    gpus = take_readings()
    findings.numbers["gpus"] = {
        gpu.index: {row[0]: row[1] or row[2] for row in rows_of(gpu)} for gpu in gpus
    }
    for gpu in gpus:
        findings.text += table_of(gpu)
        missing = [name for name in _NEEDED if getattr(gpu, name) is None]
        findings.demand(
            f"GPU {gpu.index} reports what every GPU should",
            not missing,
            found=f"unknown: {', '.join(missing) or 'none'}",
            wanted="none of them unknown",
        )


def take_readings() -> tuple[GpuReading, ...]:
    """The GPUs after a few looks, so that rates are known.

    Raises:
        NotMeasuredError: NVML does not answer, or shows no GPU.
    """
    source = NvidiaGpus()
    try:
        for _ in range(_LOOKS):
            reading = source.read(Wanted(gpu_profile=True))
            while source.idle():
                pass
            time.sleep(_LOOK_EVERY_S)
    finally:
        source.close()
    if reading.driver.state is not NvmlState.OK or not reading.gpus:
        raise NotMeasuredError(str(reading.driver.problem))
    return reading.gpus


def rows_of(gpu: GpuReading) -> list[tuple[str, str, str]]:
    """Field, value and why there is none; one of the two is empty."""
    rows = []
    for field in fields(GpuReading):
        value = getattr(gpu, field.name)
        if field.name not in _ABOUT_THE_CARD:
            why = gpu.unknown.get(field.name, "nothing to report") if value is None else ""
            rows.append((field.name, "" if value is None else _words(value), why))
    return rows


def table_of(gpu: GpuReading) -> str:
    """The fields of a GPU as a Markdown table."""
    lines = [f"| GPU {gpu.index}, {gpu.name} | value | why not |", "| --- | --- | --- |"]
    lines += [f"| {name} | {value} | {why} |" for name, value, why in rows_of(gpu)]
    return "\n".join(lines) + "\n\n"


def _words(value: Any) -> str:  # noqa: ANN401 - whatever a record holds
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(_words(item) for item in value) or "none"
    if isinstance(value, ClockLimit):
        return value.name
    if isinstance(value, MigInstance):
        return value.profile or value.uuid
    return str(value)
