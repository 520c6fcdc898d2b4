"""The looks at the machine, kept to tell later what it did during an epoch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.machine.figures import EpochMachine
from runners.machine.over_time import figures_of_cpu, figures_of_gpu, figures_of_host
from runners.machine.spans import MOST_SPANS, Kind, Span, TimeOfTrack, Track
from runners.machine.waits import DataWaits
from sensors.gpu_readings import GpuReading
from sensors.readings import HostReading, Reading

# Of an epoch shorter than such a part of the time between looks they tell nothing.
SHORTEST = 0.25
# A driver that did not answer for longer tells of its last moment only; no interval is as long.
LONGEST_S = 12.0
# Not because of heat or power: nothing ran, or somebody chose so.
CHOSEN_LIMITS = frozenset({"idle", "application-clocks", "display-clocks"})

_HOST = {
    "cpu_busy_pct": Kind.MEAN,
    "busy_cores": Kind.MEAN,
    "cpu_steal_pct": Kind.MEAN,
    "package_power_w": Kind.MEAN,
    "disk_read_bytes_per_s": Kind.MEAN,
    "temperature_c": Kind.MOST,
    "pressure_cpu_s": Kind.SUM,
    "pressure_io_s": Kind.SUM,
    "pressure_memory_s": Kind.SUM,
    "throttled_s": Kind.SUM,
    "thermal_throttled_s": Kind.SUM,
}
_GPU = {
    "busy_pct": Kind.MEAN,
    "busy_min_pct": Kind.LEAST,
    "power_w": Kind.MEAN,
    "temperature_c": Kind.MOST,
    "sm_clock_mhz": Kind.MEAN,
    "sm_clock_min_mhz": Kind.LEAST,
    "sm_clock_max_mhz": Kind.MOST,
    "energy_j": Kind.SUM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose epoch it is.

    Attributes:
        gpu_uuid: The GPU it ran on; None for another device, or where it is not known.
        is_cpu: Whether it ran on the CPU.
    """

    gpu_uuid: str | None = None
    is_cpu: bool = False


@dataclass(slots=True)
class _Gpu:
    """One GPU: its track, the look before, and when that was."""

    track: Track
    at_s: float
    before: GpuReading


@dataclass(slots=True)
class Looks:
    """Looks at the host and at each GPU.

    Each tells of the time since the look before: shares, power and rates are what the sensors
    found over that time or its end, counters grew evenly in it. So a counter is interpolated at
    the edges of an epoch. After hours, older looks are joined; see `Track`.

    Attributes:
        newest_s: Monotonic clock at the newest look; None before the first.
        most_spans: How many to keep of the host and of each GPU.
    """

    newest_s: float | None = None
    most_spans: int = MOST_SPANS
    _host: Track = field(init=False)
    _host_before: HostReading | None = None
    _gpus: dict[str, _Gpu] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._host = Track(_HOST, most_spans=self.most_spans)

    def add(self, reading: Reading) -> None:
        """Take a reading; GPUs that it shows as they were at an old look count once."""
        at_s = reading.taken_at_s
        if self.newest_s is None or at_s > self.newest_s:
            if self.newest_s is not None and self._host_before is not None:
                values = _of_host(reading.host, self._host_before)
                self._host.add(Span(self.newest_s, at_s, values))
            self.newest_s, self._host_before = at_s, reading.host
        gpus_at_s = at_s if reading.gpus_taken_at_s is None else reading.gpus_taken_at_s
        for gpu in reading.gpus:
            self._add_gpu(gpu, gpus_at_s)

    def is_past(self, at_s: float, gpu_uuid: str | None) -> bool:
        """Whether a look after this moment is there: at the host and at the GPU, if it is known."""
        known = self._gpus.get(gpu_uuid or "")
        newest = [self.newest_s, *([known.at_s] if known else [])]
        return all(one_s is not None and one_s >= at_s for one_s in newest)

    def machine(
        self,
        start_s: float,
        end_s: float,
        subject: Subject,
        *,
        process_s: float | None = None,
        waits: DataWaits | None = None,
    ) -> EpochMachine | None:
        """What the machine did during an epoch; None without a look that tells of it.

        None as well for an epoch too short for its looks.

        Args:
            start_s: When it began, monotonic clock.
            end_s: When it ended.
            subject: Whose epoch it is.
            process_s: CPU time that the job used in it; None where unknown.
            waits: Its data waits; None where unknown.
        """
        host = self._host.within(start_s, end_s)
        gpu = self._gpus.get(subject.gpu_uuid or "")
        on_gpu = gpu.track.within(start_s, end_s) if gpu else None
        if not _is_told(host):
            return None
        figures = figures_of_host(host, process_s)
        if on_gpu is not None and _is_told(on_gpu):
            figures |= figures_of_gpu(on_gpu, waits)
        elif subject.is_cpu:
            figures |= figures_of_cpu(host)
        return EpochMachine(**figures)

    def _add_gpu(self, gpu: GpuReading, at_s: float) -> None:
        known = self._gpus.get(gpu.uuid)
        if known is None:
            track = Track(_GPU, most_spans=self.most_spans)
            self._gpus[gpu.uuid] = _Gpu(track=track, at_s=at_s, before=gpu)
        elif at_s > known.at_s:
            length_s = at_s - known.at_s
            is_of_all = length_s <= LONGEST_S
            values = _of_gpu(gpu, known.before, is_of_all=is_of_all)
            held_s = _held_s(gpu, known.before, length_s if is_of_all else None)
            known.track.add(Span(known.at_s, at_s, values, held_s))
            known.at_s, known.before = at_s, gpu


def _is_told(time: TimeOfTrack) -> bool:
    """Whether a time is long enough for the looks at it."""
    longest_s = max((span.length_s for span in time.spans), default=0.0)
    return longest_s > 0 and time.end_s - time.start_s >= SHORTEST * longest_s


def _of_host(host: HostReading, before: HostReading) -> tuple[float | None, ...]:
    values = {
        name: _growth(getattr(host, name), getattr(before, name))
        for name, kind in _HOST.items()
        if kind is Kind.SUM
    }
    values["busy_cores"] = _busy_cores(host)
    return tuple(values[n] if n in values else getattr(host, n) for n in _HOST)


def _busy_cores(host: HostReading) -> float | None:
    """Cores' worth of time used, by whomever, of the cores that this process may run on."""
    shares = [host.core_busy_pct[n] for n in host.usable_core_ids if n < len(host.core_busy_pct)]
    return sum(shares) / 100 if shares else None


def _of_gpu(gpu: GpuReading, before: GpuReading, *, is_of_all: bool) -> tuple[float | None, ...]:
    """The values; what holds for a moment only is not known of a long time."""
    energy_j = _growth(gpu.energy_j, before.energy_j)
    if not is_of_all:
        return tuple(energy_j if name == "energy_j" else None for name in _GPU)
    values = {
        "energy_j": energy_j,
        "busy_min_pct": gpu.busy_pct,
        "sm_clock_min_mhz": gpu.sm_clock_mhz,
    }
    return tuple(values[n] if n in values else getattr(gpu, n) for n in _GPU)


def _held_s(
    gpu: GpuReading, before: GpuReading, length_s: float | None
) -> Mapping[str, float] | None:
    """Seconds for which each limit held: by its counter, else all the time if it does now.

    Args:
        gpu: The reading.
        before: The one before.
        length_s: Seconds between them; None where now says nothing about then.
    """
    counted = {
        name: grown
        for name, seconds in (gpu.clock_limit_s or {}).items()
        if (grown := _growth(seconds, (before.clock_limit_s or {}).get(name))) is not None
    }
    held: dict[str, float] = dict(counted)
    if length_s is not None and gpu.clock_limits is not None:
        held = {limit.name: length_s for limit in gpu.clock_limits} | counted
    elif not counted:
        return None
    return {n: seconds for n, seconds in held.items() if seconds > 0 and n not in CHOSEN_LIMITS}


def _growth(value: float | None, before: float | None) -> float | None:
    """How far a counter came; None where it is not known, or began anew."""
    if value is None or before is None or value < before:
        return None
    return value - before
