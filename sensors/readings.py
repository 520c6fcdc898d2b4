"""The records that sensors hand out: frozen, with units in the names.

A field is None when the machine does not report it; zero always means zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sensors.gpu_readings import DriverReading, GpuReading


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
        usable_core_ids: Which cores this process may run on, as places in `core_busy_pct`: the
            cores' own numbers, unless some are switched off or hidden.
        cpu_busy_pct: Busy share over all cores since the previous reading, 0 to 100; what the
            hypervisor took (steal) is part of it.
        cpu_user_pct: The part of it spent in programs, niced ones included.
        cpu_system_pct: The part of it spent in the kernel, interrupts included.
        cpu_iowait_pct: Share of idle time with storage outstanding; not part of busy.
        cpu_steal_pct: Share that the hypervisor gave to other machines.
        core_busy_pct: `cpu_busy_pct` for each core, in the system's order.
        group_busy_cores: Cores' worth of CPU time that this process's control group, or the one
            above it whose quota holds, used since the previous reading; to be held against
            `cores_usable`.
        frequency_mhz: Mean current frequency of the cores.
        frequency_max_mhz: Highest frequency of the fastest core.
        temperature_c: Temperature of the processor package.
        thermal_throttled_s: Seconds for which the processor slowed itself for heat since the
            machine started, all packages together (Intel's counters).
        package_power_w: Power of all processor packages (RAPL), where it may be read.
        tasks_total: Processes and threads there are.
        tasks_running: How many of them run or could run.
        load_1_min: Load average over 1, 5 and 15 minutes.
        load_5_min: See `load_1_min`.
        load_15_min: See `load_1_min`.
        memory_used_bytes: Memory in use, page cache left out.
        memory_total_bytes: All memory this process may use.
        memory_limit: `cgroup` when a control group sets `memory_total_bytes`, else None.
        memory_cached_bytes: Page cache and buffers, which are not counted as used.
        swap_used_bytes: Swap in use.
        swap_total_bytes: All swap.
        disk_read_bytes_per_s: Bytes a second read from all local disks.
        disk_write_bytes_per_s: Bytes a second written to them.
        network_rx_bytes_per_s: Bytes a second received by all interfaces but the loopback, each
            byte counted once.
        network_tx_bytes_per_s: Bytes a second sent by them.
        pressure_cpu_pct: Share of the last 10 s in which some task waited for a CPU (PSI).
        pressure_io_pct: The same for waiting on storage.
        pressure_memory_pct: The same for waiting on memory.
        pressure_cpu_s: Seconds since the machine started in which some task waited for a CPU.
        pressure_io_s: The same for waiting on storage.
        pressure_memory_s: The same for waiting on memory.
        pressure_io_full_pct: Share of the last 10 s in which all tasks waited on storage.
        pressure_memory_full_pct: The same for memory.
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
    usable_core_ids: tuple[int, ...] = ()
    cpu_busy_pct: float | None = None
    cpu_user_pct: float | None = None
    cpu_system_pct: float | None = None
    cpu_iowait_pct: float | None = None
    cpu_steal_pct: float | None = None
    core_busy_pct: tuple[float, ...] = ()
    group_busy_cores: float | None = None
    frequency_mhz: float | None = None
    frequency_max_mhz: float | None = None
    temperature_c: float | None = None
    thermal_throttled_s: float | None = None
    package_power_w: float | None = None
    tasks_total: int | None = None
    tasks_running: int | None = None
    load_1_min: float | None = None
    load_5_min: float | None = None
    load_15_min: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    memory_limit: str | None = None
    memory_cached_bytes: int | None = None
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    disk_read_bytes_per_s: float | None = None
    disk_write_bytes_per_s: float | None = None
    network_rx_bytes_per_s: float | None = None
    network_tx_bytes_per_s: float | None = None
    pressure_cpu_pct: float | None = None
    pressure_io_pct: float | None = None
    pressure_memory_pct: float | None = None
    pressure_cpu_s: float | None = None
    pressure_io_s: float | None = None
    pressure_memory_s: float | None = None
    pressure_io_full_pct: float | None = None
    pressure_memory_full_pct: float | None = None
    throttled_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReading:
    """One process that uses a GPU, or the CPU.

    Attributes:
        pid: Process id as the driver or the host gives it.
        user: Name of its owner, or the user id as text where it has no name.
        gpu_uuid: The GPU it uses; None for a process without one.
        gpu_index: NVML index of that GPU.
        gpu_use: What it does there: `C` computes, `G` draws, `M` computes through MPS, or several
            of them as `C+G`.
        gpu_memory_bytes: Device memory it holds.
        gpu_busy_pct: Share of the driver's window with its kernels running.
        gpu_memory_busy_pct: Share of that window in which it read or wrote device memory.
        encoder_pct: Its use of the video encoder.
        decoder_pct: Its use of the video decoder.
        mig_gpu_instance: Id of the GPU instance it runs on, on a card that is cut into some.
        parent_pid: The process that started it.
        state: The system's letter: `R` running, `S` sleeping, `D` waiting for a device,
            `T` stopped, `Z` zombie, ...
        threads: How many threads it has.
        cpu_pct: CPU time over wall time since the previous reading; 100 is one core.
        cpu_time_s: CPU time so far.
        memory_bytes: Resident memory.
        started_at_s: Wall-clock start, in seconds since the epoch.
        container: Name of its container, or the start of the container's id, where the system
            tells.
        command: Command line as one line; text that is not ours, never markup. None where the
            process cannot be seen from here, as one of another PID namespace.
    """

    pid: int
    user: str | None = None
    gpu_uuid: str | None = None
    gpu_index: int | None = None
    gpu_use: str | None = None
    gpu_memory_bytes: int | None = None
    gpu_busy_pct: float | None = None
    gpu_memory_busy_pct: float | None = None
    encoder_pct: float | None = None
    decoder_pct: float | None = None
    mig_gpu_instance: int | None = None
    parent_pid: int | None = None
    state: str | None = None
    threads: int | None = None
    cpu_pct: float | None = None
    cpu_time_s: float | None = None
    memory_bytes: int | None = None
    started_at_s: float | None = None
    container: str | None = None
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
        gpus_taken_at_s: When the look at the GPUs began that `gpus` hold; long before
            `taken_at_s` while the driver owes an answer. None where no look is told apart.
    """

    taken_at_s: float
    wall_time_s: float
    took_s: float
    host: HostReading
    driver: DriverReading
    gpus: tuple[GpuReading, ...] = ()
    processes: tuple[ProcessReading, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    gpus_taken_at_s: float | None = None

    @property
    def gpus_age_s(self) -> float | None:
        """How old what is told of the GPUs is; None where that is not known."""
        if self.gpus_taken_at_s is None:
            return None
        return max(0.0, self.taken_at_s - self.gpus_taken_at_s)
