"""`racetop snapshot`: the machine's readings, once or as a stream."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from runners.text import printable
from sensors.gpu_readings import GpuReading
from sensors.readings import HostReading, ProcessReading, Reading
from sensors.sampler import take_reading, take_readings
from sensors.snapshot import snapshot
from tui import format as fmt


def run_snapshot(*, as_json: bool, every_s: float | None, count: int | None) -> int:
    """Print readings; one, or one every `every_s` seconds, `count` of them or without end."""
    if every_s is None and count is None:
        reading = take_reading()
        print(json.dumps(snapshot(reading), indent=2) if as_json else as_text(reading))
        return 0
    for number, reading in enumerate(take_readings(every_s=every_s or 1.0), start=1):
        print(json.dumps(snapshot(reading)) if as_json else as_text(reading), flush=True)
        if number == count:
            break
    return 0


def as_text(reading: Reading) -> str:
    """A reading as a table for people."""
    taken = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(reading.wall_time_s))
    lines = [f"{reading.host.hostname}  {taken}", "", *_host_lines(reading.host), ""]
    for gpu in reading.gpus:
        lines += [*_gpu_lines(gpu), ""]
    if reading.processes:
        lines += [*_process_lines(reading.processes), ""]
    for problem in reading.problems:
        lines.append(f"! {printable(problem.what)}")
        if problem.remedy:
            lines.append(f"  {printable(problem.remedy)}")
    return "\n".join(lines).rstrip()


def _host_lines(host: HostReading) -> Iterator[str]:
    cores = f"{host.cores_total or fmt.UNKNOWN} cores"
    if host.cores_limit and host.cores_usable is not None:
        cores = f"{host.cores_usable:g} of {cores} ({host.cores_limit})"
    yield f"CPU     {printable(host.cpu_name or fmt.UNKNOWN)}, {cores}"
    load = fmt.UNKNOWN if host.load_1_min is None else f"{host.load_1_min:.2f}"
    yield (
        f"        busy {fmt.pct(host.cpu_busy_pct).strip()}, load {load},"
        f" {fmt.mhz(host.frequency_mhz).strip()}, {fmt.celsius(host.temperature_c).strip()}"
    )
    yield f"memory  {fmt.gib(host.memory_used_bytes, of_bytes=host.memory_total_bytes).strip()}"
    pressures = (host.pressure_cpu_pct, host.pressure_io_pct, host.pressure_memory_pct)
    cpu, io, memory = (fmt.pct(value).strip() for value in pressures)
    yield f"waiting cpu {cpu}, io {io}, memory {memory} (share of the last 10 s)"


def _gpu_lines(gpu: GpuReading) -> Iterator[str]:
    yield f"GPU {gpu.index}   {printable(gpu.name)}  {gpu.state}"
    amount = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes).strip()
    yield f"        busy {fmt.pct(gpu.busy_pct).strip()}, memory {amount}"
    yield (
        f"        {fmt.celsius(gpu.temperature_c).strip()},"
        f" {fmt.watts(gpu.power_w, limit_w=gpu.power_limit_w).strip()},"
        f" SM {fmt.mhz(gpu.sm_clock_mhz, max_mhz=gpu.sm_clock_max_mhz).strip()}"
    )
    limits = gpu.clock_limits
    words = fmt.UNKNOWN if limits is None else ", ".join(limit.text for limit in limits) or "none"
    yield f"        clock limits: {words}"


def _process_lines(processes: tuple[ProcessReading, ...]) -> Iterator[str]:
    yield f"{'PID':>8} {'USER':<10} {'GPU':>3} {'GPU MEM':>9} {'CPU %':>6} {'MEM':>9}  COMMAND"
    for process in processes:
        gpu = "" if process.gpu_index is None else str(process.gpu_index)
        memory = "" if process.gpu_index is None else fmt.memory(process.gpu_memory_bytes)
        cpu = fmt.UNKNOWN if process.cpu_pct is None else f"{process.cpu_pct:.0f}"
        command = printable(process.command or "?")[:80]
        yield (
            f"{process.pid:>8} {printable(process.user or '?'):<10} {gpu:>3} {memory:>9} {cpu:>6}"
            f" {fmt.memory(process.memory_bytes):>9}  {command}"
        )
