"""The figures of an epoch's machine out of what is known of the epoch's time. Pure."""

from __future__ import annotations

import statistics
from typing import Any

from runners.machine.figures import EnergySource
from runners.machine.spans import TimeOfTrack
from runners.machine.waits import DataWaits

# What energy may be off by, as a share, where a GPU idles beside the epoch: with a look a second
# epochs of five seconds always have it, shorter ones where a look fell near their edges.
MOST_ENERGY_ERROR = 0.1
# Of fewer looks a median says nothing.
LEAST_LOOKS_FOR_DIPS = 4


def figures_of_host(time: TimeOfTrack, process_s: float | None) -> dict[str, Any]:
    """What the host did in an epoch, by the names of `EpochMachine`.

    Args:
        time: The epoch's time on the host.
        process_s: CPU time that the job used in it; None where unknown.
    """
    own = None if process_s is None else process_s / (time.end_s - time.start_s)
    busy = time.mean("busy_cores")
    return {
        "looks": time.looks,
        "cpu_busy_pct": time.mean("cpu_busy_pct"),
        "own_cores_busy": own,
        "other_cores_busy": None if own is None or busy is None else max(0.0, busy - own),
        "steal_pct": time.mean("cpu_steal_pct"),
        "throttled_s": time.total("throttled_s"),
        "thermal_throttled_s": time.total("thermal_throttled_s"),
        "pressure_cpu_pct": _share_pct(time, "pressure_cpu_s"),
        "pressure_io_pct": _share_pct(time, "pressure_io_s"),
        "pressure_memory_pct": _share_pct(time, "pressure_memory_s"),
        "disk_read_bytes": time.integral("disk_read_bytes_per_s"),
    }


def _share_pct(time: TimeOfTrack, name: str) -> float | None:
    """The share of the time that counted seconds are, in percent."""
    counted_s = time.total(name)
    return None if counted_s is None else 100 * counted_s / (time.end_s - time.start_s)


def figures_of_gpu(time: TimeOfTrack, waits: DataWaits | None) -> dict[str, Any]:
    """What a GPU did in an epoch of the job on it, by the names of `EpochMachine`.

    Args:
        time: The epoch's time on the GPU.
        waits: The job's data waits; None where unknown.
    """
    energy_j, source = _energy(time)
    power_w = time.mean("power_w")
    if energy_j is not None and source is EnergySource.GPU_COUNTER:
        # What a look finds may be of a moment only, and would not fit the energy beside it.
        power_w = energy_j / (time.end_s - time.start_s)
    dips, in_wait = _dips(time, waits)
    return {
        "looks": time.looks,
        "gpu_busy_pct": time.mean("busy_pct"),
        "gpu_busy_min_pct": time.least("busy_min_pct"),
        "power_w": power_w,
        "energy_j": energy_j,
        "energy_source": source,
        "temperature_c": time.most("temperature_c"),
        "sm_clock_mhz": time.mean("sm_clock_mhz"),
        "sm_clock_min_mhz": time.least("sm_clock_min_mhz"),
        "sm_clock_max_mhz": time.most("sm_clock_max_mhz"),
        "clock_limit_s": time.held_s(),
        "dips": dips,
        "dips_in_wait": in_wait,
    }


def figures_of_cpu(host: TimeOfTrack) -> dict[str, Any]:
    """What the processor did in an epoch of a job on it."""
    is_known_well = host.edge_error <= MOST_ENERGY_ERROR
    energy_j = host.integral("package_power_w") if is_known_well else None
    return {
        "energy_j": energy_j,
        "energy_source": None if energy_j is None else EnergySource.CPU_POWER,
        "temperature_c": host.most("temperature_c"),
    }


def _energy(time: TimeOfTrack) -> tuple[float | None, EnergySource | None]:
    """A GPU's energy and what tells it, the best first; None where nothing does well enough."""
    if time.edge_error <= MOST_ENERGY_ERROR:
        for source, energy_j in (
            (EnergySource.GPU_COUNTER, time.total("energy_j")),
            (EnergySource.GPU_POWER, time.integral("power_w")),
        ):
            if energy_j is not None:
                return energy_j, source
    return None, None


def _dips(time: TimeOfTrack, waits: DataWaits | None) -> tuple[int | None, int | None]:
    """Looks with the GPU's busy share below half its median, and those of them in data waits."""
    place = time.places["busy_pct"]
    looks = [(s, busy) for s in time.telling if (busy := s.values[place]) is not None]
    if len(looks) < LEAST_LOOKS_FOR_DIPS:
        return None, None
    median = statistics.median(busy for _, busy in looks)
    dips = [span for span, busy in looks if busy < median / 2]
    if waits is None:
        return len(dips), None
    edges = (time.start_s, time.end_s)
    shares = [waits.share(max(s.since_s, edges[0]), min(s.until_s, edges[1])) for s in dips]
    if None in shares:
        return len(dips), None
    return len(dips), sum(share > 0.5 for share in shares if share is not None)
