"""Readings for tests of what the machine did: one host, GPUs, and the time they were taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import HostReading, Reading

GPU = "GPU-0"
OTHER_GPU = "GPU-1"
IDLE, POWER_CAP, HW_SLOWDOWN, HW_THERMAL = 0x1, 0x4, 0x8, 0x40


def host(**values: Any) -> HostReading:
    """A host of two cores, both of them usable."""
    known: dict[str, Any] = {
        "cores_total": 2,
        "usable_core_ids": (0, 1),
        "core_busy_pct": (50.0, 50.0),
    }
    return HostReading(hostname="box", system="Linux 6.1", **(known | values))


def gpu(uuid: str = GPU, bits: int | None = 0, **values: Any) -> GpuReading:
    """A GPU that works at its highest clock, unless told otherwise.

    Args:
        uuid: Its identity.
        bits: What holds its clocks, as NVML tells it; None where that is unknown.
        values: Other fields of the reading.
    """
    known: dict[str, Any] = {
        "busy_pct": 90.0,
        "power_w": 300.0,
        "temperature_c": 60.0,
        "sm_clock_mhz": 1980,
        "sm_clock_max_mhz": 1980,
        "clock_limits": None if bits is None else clock_limits(bits),
    }
    return GpuReading(index=int(uuid[-1]), uuid=uuid, name="H200", **(known | values))


def look(at_s: float, *gpus: GpuReading, gpus_at_s: float | None = None, **of_host: Any) -> Reading:
    """A reading at a moment of the monotonic clock, the GPUs' at the same unless told otherwise."""
    return Reading(
        taken_at_s=at_s,
        wall_time_s=1.7e9 + at_s,
        took_s=0.001,
        host=host(**of_host),
        driver=DriverReading(state=NvmlState.OK),
        gpus=gpus,
        gpus_taken_at_s=at_s if gpus_at_s is None else gpus_at_s,
    )


def silent(reading: Reading, at_s: float) -> Reading:
    """A later reading by which the driver has answered nothing more."""
    driver = DriverReading(state=NvmlState.SILENT)
    return replace(reading, taken_at_s=at_s, driver=driver)
