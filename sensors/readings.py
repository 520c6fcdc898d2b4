"""The records that sensors hand out: frozen, with units in the names.

A field is None when the machine does not report it; zero always means zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class GpuState(StrEnum):
    """How a GPU answers."""

    OK = "ok"
    LOST = "lost"
    FAILED = "failed"


class NvmlState(StrEnum):
    """How far the NVIDIA driver has answered."""

    STARTING = "starting"
    OK = "ok"
    NO_LIBRARY = "no-library"
    NO_DRIVER = "no-driver"
    MISMATCH = "driver-library-mismatch"
    NO_PERMISSION = "no-permission"
    FAILED = "failed"


class Severity(StrEnum):
    """How much a clock limit matters."""

    INFORMATION = "information"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimit:
    """One reason why the driver holds a GPU's clocks down.

    Attributes:
        name: Short stable name, as in JSON: `power-cap`, `hw-thermal`, ...
        text: The same in words, for the screen.
        severity: Idle and chosen clocks are information, a power cap a warning, heat critical.
    """

    name: str
    text: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """One GPU's readings at one instant.

    A field is None when this driver or card does not report it; zero always means zero.

    Attributes:
        index: NVML index, counted from 0.
        uuid: The card's identity, stable over reboots.
        name: Product name as the driver gives it.
        state: Whether the card still answers.
        busy_pct: Share of the driver's last window with any kernel running, 0 to 100.
        memory_busy_pct: Share of that window in which device memory was read or written.
        memory_used_bytes: Memory in use by all processes, without what the driver reserves
            where the driver tells the two apart.
        memory_reserved_bytes: Memory the driver keeps for itself.
        memory_total_bytes: All memory of the card.
        temperature_c: Core temperature in degrees Celsius.
        temperature_slowdown_c: Core temperature at which the driver slows the card.
        power_w: Power drawn; a one-second average on Ampere and newer.
        power_limit_w: The limit the driver enforces.
        sm_clock_mhz: Clock of the streaming multiprocessors.
        sm_clock_max_mhz: Highest clock of the streaming multiprocessors.
        memory_clock_mhz: Memory clock.
        memory_clock_max_mhz: Highest memory clock.
        fan_pct: Intended fan speed as a share of its maximum.
        performance_state: P-state, 0 (fastest) to 15.
        pcie_rx_bytes_per_s: Bytes a second from the host to the card.
        pcie_tx_bytes_per_s: Bytes a second from the card to the host.
        pcie_generation: Current PCIe link generation.
        pcie_width: Current number of PCIe lanes.
        energy_j: Energy drawn since the driver was loaded.
        clock_limits: Why clocks are held down; empty means nothing holds them, None unknown.
    """

    index: int
    uuid: str
    name: str
    state: GpuState = GpuState.OK
    busy_pct: float | None = None
    memory_busy_pct: float | None = None
    memory_used_bytes: int | None = None
    memory_reserved_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    temperature_slowdown_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    sm_clock_mhz: int | None = None
    sm_clock_max_mhz: int | None = None
    memory_clock_mhz: int | None = None
    memory_clock_max_mhz: int | None = None
    fan_pct: float | None = None
    performance_state: int | None = None
    pcie_rx_bytes_per_s: float | None = None
    pcie_tx_bytes_per_s: float | None = None
    pcie_generation: int | None = None
    pcie_width: int | None = None
    energy_j: float | None = None
    clock_limits: tuple[ClockLimit, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverReading:
    """What is known of the NVIDIA driver.

    Attributes:
        state: How far it has answered.
        problem: What is wrong, in a sentence for people; None when nothing is.
        remedy: What to do about it.
        driver_version: Version of the kernel driver, such as `580.95.05`.
        cuda_version: Newest CUDA version the driver supports, such as `13.0`.
    """

    state: NvmlState
    problem: str | None = None
    remedy: str | None = None
    driver_version: str | None = None
    cuda_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """The host's readings at one instant.

    Memory is that of this process's control group where it has a limit; swap is the machine's.

    Attributes:
        hostname: Name of the machine.
        system: Operating system and kernel release.
        uptime_s: Seconds since the machine started.
        cpu_name: Product name of the processor.
        cores_total: Logical cores the machine shows.
        cores_usable: Cores this process may use: the smaller of affinity and quota.
        cores_limit: What makes `cores_usable` smaller than `cores_total`: `affinity`,
            `cgroup`, or None.
        cpu_busy_pct: Busy share over all cores since the previous reading, 0 to 100.
        core_busy_pct: The same for each core, in the system's order.
        frequency_mhz: Mean current frequency of the cores.
        temperature_c: Temperature of the processor package.
        load_1_min: Load average over 1, 5 and 15 minutes.
        load_5_min: See `load_1_min`.
        load_15_min: See `load_1_min`.
        memory_used_bytes: Memory in use, page cache left out.
        memory_total_bytes: All memory this process may use.
        memory_limit: `cgroup` when a control group sets `memory_total_bytes`, else None.
        swap_used_bytes: Swap in use.
        swap_total_bytes: All swap.
        pressure_cpu_pct: Share of the last 10 s in which some task waited for a CPU (PSI).
        pressure_io_pct: The same for waiting on storage.
        pressure_memory_pct: The same for waiting on memory.
        throttled_s: Seconds this process's control group was throttled by its CPU quota,
            since the group began.
    """

    hostname: str
    system: str
    uptime_s: float | None = None
    cpu_name: str | None = None
    cores_total: int | None = None
    cores_usable: float | None = None
    cores_limit: str | None = None
    cpu_busy_pct: float | None = None
    core_busy_pct: tuple[float, ...] = ()
    frequency_mhz: float | None = None
    temperature_c: float | None = None
    load_1_min: float | None = None
    load_5_min: float | None = None
    load_15_min: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    memory_limit: str | None = None
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    pressure_cpu_pct: float | None = None
    pressure_io_pct: float | None = None
    pressure_memory_pct: float | None = None
    throttled_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReading:
    """One process that uses a GPU, or the CPU.

    Attributes:
        pid: Process id as the driver or the host gives it.
        user: Name of its owner, or the user id as text where it has no name.
        gpu_uuid: The GPU it uses; None for a process without one.
        gpu_index: NVML index of that GPU.
        gpu_memory_bytes: Device memory it holds.
        gpu_busy_pct: Share of the driver's window with its kernels running.
        cpu_pct: CPU time over wall time since the previous reading; 100 is one core.
        memory_bytes: Resident memory.
        started_at_s: Wall-clock start, in seconds since the epoch.
        command: Command line as one line; text that is not ours, never markup.
    """

    pid: int
    user: str | None = None
    gpu_uuid: str | None = None
    gpu_index: int | None = None
    gpu_memory_bytes: int | None = None
    gpu_busy_pct: float | None = None
    cpu_pct: float | None = None
    memory_bytes: int | None = None
    started_at_s: float | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something the sensors could not do, for people.

    Attributes:
        source: Which part: `nvml`, `host`, `processes`.
        what: What happened and why.
        remedy: What to do; None where nothing can be done.
    """

    source: str
    what: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the machine.

    Attributes:
        taken_at_s: Monotonic clock, in seconds; comparable only on one machine.
        wall_time_s: Wall clock, in seconds since the epoch.
        took_s: How long the look itself took.
        host: The host.
        driver: The NVIDIA driver.
        gpus: One record a GPU, by index.
        processes: GPU processes first, then the busiest of the host.
        problems: What could not be read, in words.
    """

    taken_at_s: float
    wall_time_s: float
    took_s: float
    host: HostReading
    driver: DriverReading
    gpus: tuple[GpuReading, ...] = ()
    processes: tuple[ProcessReading, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
