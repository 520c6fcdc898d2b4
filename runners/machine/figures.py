"""What the machine did during one epoch, as a record. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EnergySource(StrEnum):
    """Where a figure of energy comes from, the best first."""

    GPU_COUNTER = "gpu counter"
    """The difference of the card's own counter, between looks interpolated."""
    GPU_POWER = "gpu power"
    """The card's power readings over time."""
    CPU_POWER = "cpu package power"
    """The processor packages' power over time; of jobs on the CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochMachine:
    """What the machine did during one epoch, from the looks within it.

    GPU figures are those of the job's own GPU; None for jobs on the CPU. Means are over time.

    Attributes:
        looks: Looks at the machine that fell within the epoch.
        gpu_busy_pct: Mean share of time with any kernel running.
        gpu_busy_min_pct: The smallest of a look.
        power_w: Mean power of the GPU.
        energy_j: Energy of the epoch: of the GPU, of a CPU job the processor packages'. None
            where the epoch is too short for the looks, or nothing tells.
        energy_source: What `energy_j` was made from.
        temperature_c: Highest temperature: of the GPU, of a CPU job the processor's.
        sm_clock_mhz: Mean clock of the GPU.
        sm_clock_min_mhz: The lowest of a look.
        sm_clock_max_mhz: The highest clock that the GPU has.
        clock_limit_s: Seconds for which each clock limit held, by its name; idle ones left out.
            None where that is not known.
        cpu_busy_pct: Mean busy share of all cores of the machine.
        own_cores_busy: Cores' worth of time that the job itself used.
        other_cores_busy: Cores' worth of time that others used meanwhile.
        steal_pct: Mean share that the hypervisor gave to other machines.
        throttled_s: Seconds for which the control group's quota held processes back, those of
            each core counted: it may be more than the epoch.
        thermal_throttled_s: Seconds for which the processor slowed itself for heat.
        pressure_cpu_pct: Share of the epoch in which some task waited for a core (PSI).
        pressure_io_pct: The same for storage.
        pressure_memory_pct: The same for memory.
        disk_read_bytes: Bytes read from all local disks.
        dips: Looks in which the GPU's busy share fell below half its median of the epoch.
        dips_in_wait: How many of them lay where the loop waited for data most of the time.
    """

    looks: int
    gpu_busy_pct: float | None = None
    gpu_busy_min_pct: float | None = None
    power_w: float | None = None
    energy_j: float | None = None
    energy_source: EnergySource | None = None
    temperature_c: float | None = None
    sm_clock_mhz: float | None = None
    sm_clock_min_mhz: float | None = None
    sm_clock_max_mhz: float | None = None
    clock_limit_s: Mapping[str, float] | None = None
    cpu_busy_pct: float | None = None
    own_cores_busy: float | None = None
    other_cores_busy: float | None = None
    steal_pct: float | None = None
    throttled_s: float | None = None
    thermal_throttled_s: float | None = None
    pressure_cpu_pct: float | None = None
    pressure_io_pct: float | None = None
    pressure_memory_pct: float | None = None
    disk_read_bytes: float | None = None
    dips: int | None = None
    dips_in_wait: int | None = None
