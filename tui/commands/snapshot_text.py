"""A reading as text for people: all that is known, and why what matters is not."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

from runners.text import printable
from sensors.gpu_readings import ClockLimit, GpuReading, MigInstance
from sensors.readings import HostReading, ProcessReading, Reading
from tui import format as fmt

_COMMAND_CELLS = 80


def as_text(reading: Reading) -> str:
    """A reading as a table for people."""
    lines = [*_head(reading), "", *_host_lines(reading.host), ""]
    for gpu in reading.gpus:
        lines += [*_gpu_lines(gpu), ""]
    if reading.processes:
        lines += [*_process_lines(reading), ""]
    for problem in reading.problems:
        lines.append(f"! {printable(problem.what)}")
        if problem.remedy:
            lines.append(f"  {printable(problem.remedy)}")
    return "\n".join(lines).rstrip()


def _head(reading: Reading) -> Iterator[str]:
    host, driver = reading.host, reading.driver
    taken = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(reading.wall_time_s))
    yield f"{printable(host.hostname)}  {taken}"
    parts = [
        printable(host.system),
        _said("up {}", fmt.uptime(host.uptime_s)),
        f"driver {driver.driver_version or driver.state.value}",
        _said("CUDA {}", driver.cuda_version),
        f"the look took {fmt.seconds(reading.took_s)}",
    ]
    yield ", ".join(part for part in parts if part)


def _host_lines(host: HostReading) -> Iterator[str]:
    cores = f"{host.cores_total or fmt.UNKNOWN} cores"
    if host.cores_limit and host.cores_usable is not None:
        cores = f"{host.cores_usable:g} of {cores} ({host.cores_limit})"
    yield f"CPU     {printable(host.cpu_name or fmt.UNKNOWN)}, {cores}"
    yield from _line(
        "busy",
        fmt.pct(host.cpu_busy_pct).strip(),
        _share("programs", host.cpu_user_pct),
        _share("kernel", host.cpu_system_pct),
        _share("storage", host.cpu_iowait_pct),
        _share("stolen", host.cpu_steal_pct),
        _said("{:.2f} cores' worth by this control group", host.group_busy_cores),
    )
    yield from _line("cores", " ".join(f"{share:.0f}" for share in host.core_busy_pct))
    loads = (host.load_1_min, host.load_5_min, host.load_15_min)
    yield from _line(
        "load",
        " ".join(fmt.UNKNOWN if load is None else f"{load:.2f}" for load in loads),
        _said("{} tasks", host.tasks_total),
        _said("{} running", host.tasks_running),
    )
    yield from _line(
        "clock",
        fmt.mhz(host.frequency_mhz, max_mhz=host.frequency_max_mhz).strip(),
        _said("throttled by the quota {}", _seconds(host.throttled_s)),
    )
    yield from _line(
        "heat",
        fmt.celsius(host.temperature_c).strip(),
        _said("slowed by it {}", _seconds(host.thermal_throttled_s)),
        _said("{} W", _number(host.package_power_w)),
    )
    yield from _host_memory_lines(host)


def _host_memory_lines(host: HostReading) -> Iterator[str]:
    amount = fmt.gib(host.memory_used_bytes, of_bytes=host.memory_total_bytes).strip()
    swap = fmt.gib(host.swap_used_bytes, of_bytes=host.swap_total_bytes).strip()
    yield from _line(
        "memory",
        amount + (f" ({host.memory_limit})" if host.memory_limit else ""),
        _said("{} cached", _memory(host.memory_cached_bytes)),
        f"swap {swap}" if host.swap_total_bytes else None,
    )
    yield from _line(
        "disks",
        _said("read {}", _rate(host.disk_read_bytes_per_s)),
        _said("write {}", _rate(host.disk_write_bytes_per_s)),
    )
    yield from _line(
        "network",
        _said("rx {}", _rate(host.network_rx_bytes_per_s)),
        _said("tx {}", _rate(host.network_tx_bytes_per_s)),
    )
    yield from _line(
        "waiting",
        f"cpu {fmt.pct(host.pressure_cpu_pct).strip()}",
        f"io {fmt.pct(host.pressure_io_pct).strip()}",
        _share("all on io", host.pressure_io_full_pct),
        f"memory {fmt.pct(host.pressure_memory_pct).strip()}",
        _share("all on memory", host.pressure_memory_full_pct),
        "of the last 10 s",
    )


def _gpu_lines(gpu: GpuReading) -> Iterator[str]:
    state = gpu.state.value
    if gpu.state_since_s is not None:
        state += f" since {_clock_time(gpu.state_since_s)}"
    yield f"GPU {gpu.index:<3} {printable(gpu.name)}, {state}"
    yield from _line("", _said("at {}", gpu.pci_bus_id), printable(gpu.uuid), *_modes(gpu))
    yield from _line(
        "busy",
        _or_why(gpu, "busy_pct", fmt.pct(gpu.busy_pct)),
        _share("memory", gpu.memory_busy_pct),
        _share("encoder", gpu.encoder_pct),
        _share("decoder", gpu.decoder_pct),
    )
    yield from _line(
        "inside",
        _share("multiprocessors", gpu.sm_busy_pct),
        _share("occupancy", gpu.sm_occupancy_pct),
        _share("tensor", gpu.tensor_busy_pct),
        _share("bandwidth", gpu.dram_busy_pct),
    )
    used = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes)
    yield from _line(
        "memory",
        _or_why(gpu, "memory_used_bytes", used),
        "shared with the host" if gpu.memory_is_shared else None,
        _said("reserved {}", _memory(gpu.memory_reserved_bytes)),
        _bar1(gpu),
    )
    yield from _gpu_body_lines(gpu)
    yield from _gpu_link_lines(gpu)
    yield from map(_mig_line, gpu.mig_instances)
    yield from _reason_lines(gpu)


def _gpu_body_lines(gpu: GpuReading) -> Iterator[str]:
    """Heat, power, clocks and what holds them."""
    yield from _line(
        "heat",
        _or_why(gpu, "temperature_c", fmt.celsius(gpu.temperature_c)),
        _said("slows at {}", _celsius(gpu.temperature_slowdown_c)),
        _said("memory {}", _celsius(gpu.memory_temperature_c)),
        _share("fan", gpu.fan_pct),
        _said("{:,.0f} rpm", gpu.fan_rpm),
    )
    yield from _line(
        "power",
        _or_why(gpu, "power_w", fmt.watts(gpu.power_w, limit_w=gpu.power_limit_w)),
        _said("{:,.1f} kJ so far", None if gpu.energy_j is None else gpu.energy_j / 1e3),
    )
    sm_clock = fmt.mhz(gpu.sm_clock_mhz, max_mhz=gpu.sm_clock_max_mhz).strip()
    memory_clock = fmt.mhz(gpu.memory_clock_mhz, max_mhz=gpu.memory_clock_max_mhz).strip()
    yield from _line(
        "clocks",
        _or_why(gpu, "sm_clock_mhz", f"SM {sm_clock}"),
        None if gpu.memory_clock_mhz is None else f"memory {memory_clock}",
        _said("P{}", gpu.performance_state),
    )
    limits = gpu.clock_limits
    words = fmt.UNKNOWN if limits is None else "; ".join(map(_limit_words, limits)) or "none"
    yield from _line("limits", _or_why(gpu, "clock_limits", printable(words)))
    held = sorted((gpu.clock_limit_s or {}).items())
    times = [f"{name} {fmt.seconds(s)}" for name, s in held if s]
    yield from _line("held", *times, "since the driver loaded" if times else None)


def _limit_words(limit: ClockLimit) -> str:
    return f"{limit.name} ({limit.severity}): {limit.text}"


def _gpu_link_lines(gpu: GpuReading) -> Iterator[str]:
    """PCIe, NVLink and the memory's health."""
    yield from _line(
        "PCIe",
        _link(gpu.pcie_generation, gpu.pcie_width),
        _said("of {}", _link(gpu.pcie_generation_max, gpu.pcie_width_max)),
        _said("rx {}", _rate(gpu.pcie_rx_bytes_per_s)),
        _said("tx {}", _rate(gpu.pcie_tx_bytes_per_s)),
    )
    yield from _line(
        "NVLink",
        _said("rx {}", _rate(gpu.nvlink_rx_bytes_per_s)),
        _said("tx {}", _rate(gpu.nvlink_tx_bytes_per_s)),
    )
    yield from _line(
        "health",
        _said("ECC corrected {}", gpu.ecc_corrected),
        _said("uncorrected {}", gpu.ecc_uncorrected),
        _said("remapped rows {}", gpu.remapped_rows),
        "a remapping waits for a reset" if gpu.remap_pending else None,
        "a remapping FAILED" if gpu.remap_failed else None,
        _said("driver asks for: {}", gpu.recovery_action),
        None if gpu.last_xid is None else f"Xid {gpu.last_xid} at {_clock_time(gpu.last_xid_at_s)}",
    )


def _modes(gpu: GpuReading) -> Iterator[str | None]:
    yield _switch("persistence", gpu.persistence_mode)
    yield _switch("display", gpu.display_active)
    yield _said("compute {}", gpu.compute_mode)
    yield _switch("MIG", gpu.mig_enabled)


def _mig_line(instance: MigInstance) -> str:
    amount = fmt.gib(instance.memory_used_bytes, of_bytes=instance.memory_total_bytes).strip()
    parts = [
        f"{printable(instance.profile or fmt.UNKNOWN)} instance {instance.index}",
        _said("GI {}", instance.gpu_instance),
        _said("CI {}", instance.compute_instance),
        amount,
        _bar1(instance),
        _share("multiprocessors", instance.sm_busy_pct),
    ]
    return f"  MIG     {', '.join(part for part in parts if part)}"


def _reason_lines(gpu: GpuReading) -> Iterator[str]:
    """What the card does not report, by the reason."""
    by_reason = defaultdict(list)
    for name, reason in sorted(gpu.unknown.items()):
        by_reason[reason].append(name)
    for reason, names in sorted(by_reason.items()):
        yield f"  n/a     {printable(reason)}: {', '.join(names)}"


def _process_lines(reading: Reading) -> Iterator[str]:
    yield (
        f"{'PID':>8} {'USER':<10} {'GPU':>4} {'TYPE':<4} {'GPU MEM':>9} {'GPU %':>5} {'CPU %':>6}"
        f" {'MEM':>9} {'AGE':>9}  COMMAND"
    )
    for process in reading.processes:
        age_s = None
        if process.started_at_s is not None:
            age_s = max(0.0, reading.wall_time_s - process.started_at_s)
        command = printable(process.command or "?")[:_COMMAND_CELLS]
        if process.container:
            command = f"[{printable(process.container)}] {command}"
        yield (
            f"{process.pid:>8} {printable(process.user or '?'):<10} {_gpu_cells(process)}"
            f" {_number(process.cpu_pct) or fmt.UNKNOWN:>6} {fmt.memory(process.memory_bytes):>9}"
            f" {fmt.clock(age_s):>9}  {command}"
        )


def _gpu_cells(process: ProcessReading) -> str:
    if process.gpu_uuid is None:
        return f"{'':>4} {'':<4} {'':>9} {'':>5}"
    gpu = fmt.UNKNOWN if process.gpu_index is None else str(process.gpu_index)
    if process.mig_gpu_instance is not None:
        gpu += f":{process.mig_gpu_instance}"
    busy = _number(process.gpu_busy_pct) or fmt.UNKNOWN
    memory = fmt.memory(process.gpu_memory_bytes)
    return f"{gpu:>4} {process.gpu_use or '':<4} {memory:>9} {busy:>5}"


def _line(label: str, *parts: str | None) -> Iterator[str]:
    """A line of what is known; none where nothing is."""
    known = [part for part in parts if part]
    if known:
        yield f"  {label:<7} {', '.join(known)}"


def _said(form: str, value: object) -> str | None:
    """The value in its words; None where it is unknown."""
    return None if value in (None, fmt.UNKNOWN) else form.format(value)


def _or_why(gpu: GpuReading, field: str, text: str) -> str:
    """What a field says; where it is unknown, the reason."""
    if getattr(gpu, field) is None and field in gpu.unknown:
        return f"{text.strip()} ({printable(gpu.unknown[field])})"
    return text.strip()


def _share(name: str, value_pct: float | None) -> str | None:
    return None if value_pct is None else f"{name} {fmt.pct(value_pct).strip()}"


def _switch(name: str, is_on: bool | None) -> str | None:
    return None if is_on is None else f"{name} {'on' if is_on else 'off'}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f}"


def _memory(value_bytes: int | None) -> str | None:
    return None if value_bytes is None else fmt.memory(value_bytes)


def _bar1(of: GpuReading | MigInstance) -> str | None:
    used, total = _memory(of.bar1_used_bytes), fmt.memory(of.bar1_total_bytes)
    return _said("BAR1 {}", used and f"{used}/{total}")


def _rate(bytes_per_s: float | None) -> str | None:
    return None if bytes_per_s is None else fmt.rate(bytes_per_s).strip()


def _celsius(value_c: float | None) -> str | None:
    return None if value_c is None else fmt.celsius(value_c).strip()


def _seconds(value_s: float | None) -> str | None:
    return None if value_s is None else fmt.seconds(value_s)


def _link(generation: int | None, width: int | None) -> str | None:
    if generation is None and width is None:
        return None
    return f"{generation or '?'}x{width or '?'}"


def _clock_time(at_s: float | None) -> str:
    return fmt.UNKNOWN if at_s is None else time.strftime("%H:%M:%S", time.localtime(at_s))
