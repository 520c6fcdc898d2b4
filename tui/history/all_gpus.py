"""All GPUs of a machine taken together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from sensors.gpu_readings import GpuReading

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllGpus:
    """What several GPUs do together; fields are named as in `GpuReading`.

    Attributes:
        busy_pct: Mean over the GPUs that tell it.
        memory_used_bytes: Sum over the GPUs that tell it and their total; shared memory, which
            is the host's, is left out.
        memory_total_bytes: Sum over the same GPUs.
        power_w: Sum over the GPUs that tell it.
        power_limit_w: Sum over these; None where one of them has no limit.
    """

    busy_pct: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_w: float | None = None
    power_limit_w: float | None = None


def together(gpus: Sequence[GpuReading]) -> AllGpus:
    """Several GPUs as one."""
    busy = [gpu.busy_pct for gpu in gpus if gpu.busy_pct is not None]
    memory = [
        (gpu.memory_used_bytes, gpu.memory_total_bytes)
        for gpu in gpus
        if gpu.memory_used_bytes is not None
        and gpu.memory_total_bytes is not None
        and not gpu.memory_is_shared
    ]
    power = [(gpu.power_w, gpu.power_limit_w) for gpu in gpus if gpu.power_w is not None]
    return AllGpus(
        busy_pct=fmean(busy) if busy else None,
        memory_used_bytes=total([used for used, _ in memory]),
        memory_total_bytes=total([whole for _, whole in memory]),
        power_w=total([drawn for drawn, _ in power]),
        power_limit_w=total([limit for _, limit in power]),
    )


def total(values: Sequence[Number | None]) -> Number | None:
    """The sum; None of nothing, or where one is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
