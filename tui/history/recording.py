"""The readings' series, kept for an hour: of every GPU by its identity, and of the host. Pure."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sensors.clock_limits import clock_limits, most_severe_first
from sensors.gpu_readings import ClockLimit, GpuReading, Severity
from sensors.readings import HostReading, Reading
from tui.history.all_gpus import AllGpus, together
from tui.history.gpu_looks import GpuLooks
from tui.history.quantities import (
    ALL_GPU_QUANTITIES,
    GPU_QUANTITIES,
    HOST_QUANTITIES,
    Quantity,
)
from tui.history.series import CAPACITY, UNKNOWN, Envelope, Timeline, envelopes

HOST = "host"
ALL_GPUS = "gpus"
CLOCK_JUMP_S = 2.0
SAME_BOOT_WITHIN_S = 60.0
"""Clocks are set by less than that day by day; another boot's differ by more."""
_ALL_BITS = 0x7FF
_KNOWN = 1

Limits = tuple[ClockLimit, ...]


@dataclass(slots=True)
class _Subject:
    """What is kept of a GPU or of the host; counters are the raw values read last."""

    series: dict[str, array[float]] = field(default_factory=dict)
    tops: dict[str, float] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    limits: array[int] | None = None
    limit_s: Mapping[str, float] = field(default_factory=dict)


def subject_of(quantity: Quantity, gpu: str | None) -> str | None:
    """Whose series of a quantity is meant while one GPU is looked at; None without a GPU."""
    kind = quantity.name.partition(".")[0]
    return gpu if kind == "gpu" else ALL_GPUS if kind == "gpus" else HOST


class Recording:
    """Series of all quantities over one clock, each from its first known value on.

    The clock starts as the wall clock and goes on with the monotonic one, so that nobody who
    sets the wall clock disturbs it; only where the wall clock leaps ahead, as after the machine
    was suspended, it leaps as well, and the time between is a gap.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.timeline = Timeline(capacity)
        self._subjects: dict[str, _Subject] = {}
        self._looks = GpuLooks()
        self._names: dict[str, int] = {}
        self._limits: list[ClockLimit] = []
        self._clock_less_monotonic_s: float | None = None
        self._wall_less_clock_s = 0.0
        self._monotonic_s = 0.0
        self._leaps: deque[tuple[float, float]] = deque(maxlen=64)
        for limit in clock_limits(_ALL_BITS):
            self._bit_of(limit)

    @property
    def wall_offset_s(self) -> int:
        """The wall clock less the recording's, in whole seconds; not 0 once it was set back."""
        return round(self._wall_less_clock_s)

    def at_s(self, monotonic_s: float) -> float | None:
        """The recording's clock at a time of the monotonic one; None before the first reading."""
        if self._clock_less_monotonic_s is None:
            return None
        ahead_s = self._clock_less_monotonic_s
        for until_s, before_s in reversed(self._leaps):
            if monotonic_s > until_s:
                break
            ahead_s = before_s
        return monotonic_s + ahead_s

    def monotonic_s(self, at_s: float) -> float:
        """The reverse of `at_s`; of a time that was leapt over, the one before the leap."""
        found_s = at_s - (self._clock_less_monotonic_s or 0.0)
        for until_s, before_s in reversed(self._leaps):
            if found_s > until_s:
                break
            found_s = min(at_s - before_s, until_s)
        return found_s

    def is_of_this_boot(self, wall_less_monotonic_s: float) -> bool:
        """Whether the monotonic clock of somebody who saw the two so far apart is this one's."""
        if self._clock_less_monotonic_s is None:
            return True
        offsets = [self._clock_less_monotonic_s, *(before_s for _, before_s in self._leaps)]
        return any(
            abs(wall_less_monotonic_s - offset - set_s) <= SAME_BOOT_WITHIN_S
            for offset in offsets
            for set_s in (0.0, self._wall_less_clock_s)
        )

    def add(self, reading: Reading) -> None:
        """Append a reading to all series; what it does not hold is unknown."""
        before_s = self.timeline.newest_s
        at_s = self._clock_s(reading)
        surplus = self.timeline.add(at_s)
        since_s = None if before_s is None else at_s - before_s
        length = len(self.timeline) + surplus
        gpus = reading.gpus if self._looks.are_of(reading) else ()
        self._add_values(HOST, reading.host, HOST_QUANTITIES, length, since_s)
        if len(gpus) > 1:
            all_gpus = together(gpus)
            self._add_values(ALL_GPUS, all_gpus, ALL_GPU_QUANTITIES, length, since_s)
        for gpu in gpus:
            subject = self._add_values(gpu.uuid, gpu, GPU_QUANTITIES, length, since_s)
            self._add_limits(subject, gpu, length)
        for subject in self._subjects.values():
            for values in subject.series.values():
                if len(values) < length:
                    values.append(UNKNOWN)
                del values[:surplus]
            if subject.limits is not None:
                if len(subject.limits) < length:
                    subject.limits.append(0)
                del subject.limits[:surplus]

    def has(self, subject: str, quantity: Quantity) -> bool:
        """Whether a quantity was ever known."""
        kept = self._subjects.get(subject)
        return kept is not None and quantity.name in kept.series

    def newest(self, subject: str, quantity: Quantity) -> float | None:
        """A quantity's value in the newest reading."""
        if not self.has(subject, quantity):
            return None
        value = self._subjects[subject].series[quantity.name][-1]
        return None if value == UNKNOWN else value

    def top(self, subject: str, quantity: Quantity) -> float | None:
        """The natural top of a quantity's scale, as last known."""
        kept = self._subjects.get(subject)
        return None if kept is None else kept.tops.get(quantity.name)

    def columns(
        self, subject: str, quantity: Quantity, columns: range, seconds_per_column: float
    ) -> list[Envelope | None]:
        """Minimum and maximum of each of these columns, see `Timeline.slices`."""
        if not self.has(subject, quantity):
            return [None] * len(columns)
        slices = self.timeline.slices(columns, seconds_per_column)
        return envelopes(self._subjects[subject].series[quantity.name], slices)

    def has_limits(self, subject: str) -> bool:
        """Whether it was ever known what holds a GPU's clocks."""
        kept = self._subjects.get(subject)
        return kept is not None and kept.limits is not None

    def newest_limits(self, subject: str) -> Limits | None:
        """What held a GPU's clocks up to the newest reading; None where unknown."""
        kept = self._subjects.get(subject)
        return None if kept is None or not kept.limits else self._named(kept.limits[-1:])

    def limit_columns(
        self, subject: str, columns: range, seconds_per_column: float
    ) -> list[Limits | None]:
        """All that held a GPU's clocks in each of these columns, the most severe first."""
        kept = self._subjects.get(subject)
        if kept is None or kept.limits is None:
            return [None] * len(columns)
        slices = self.timeline.slices(columns, seconds_per_column)
        return [None if piece is None else self._named(kept.limits[piece]) for piece in slices]

    def _clock_s(self, reading: Reading) -> float:
        ahead_s = reading.wall_time_s - reading.taken_at_s
        if self._clock_less_monotonic_s is None:
            self._clock_less_monotonic_s = ahead_s
        self._wall_less_clock_s = ahead_s - self._clock_less_monotonic_s
        if self._wall_less_clock_s > CLOCK_JUMP_S:
            self._leaps.append((self._monotonic_s, self._clock_less_monotonic_s))
            self._clock_less_monotonic_s = ahead_s
            self._wall_less_clock_s = 0.0
        self._monotonic_s = reading.taken_at_s
        return reading.taken_at_s + self._clock_less_monotonic_s

    def _add_values(
        self,
        name: str,
        record: GpuReading | AllGpus | HostReading,
        quantities: Sequence[Quantity],
        length: int,
        since_s: float | None,
    ) -> _Subject:
        subject = self._subjects.setdefault(name, _Subject())
        for quantity in quantities:
            value = quantity.of(record)
            if quantity.counts:
                value = _growth_per_s(subject.counters, quantity.name, value, since_s)
            values = subject.series.get(quantity.name)
            if values is None:
                if value is None:
                    continue
                values = array("f", [UNKNOWN]) * (length - 1)
                subject.series[quantity.name] = values
            if len(values) < length:
                values.append(UNKNOWN if value is None else value)
            top = quantity.top_of(record)
            if top:
                subject.tops[quantity.name] = top
        return subject

    def _add_limits(self, subject: _Subject, gpu: GpuReading, length: int) -> None:
        """What the reading says holds clocks, and whatever has held them since the last one."""
        counted = gpu.clock_limit_s or {}
        grown = [name for name, held_s in counted.items() if held_s > _last(subject, name, held_s)]
        subject.limit_s = counted
        is_known = gpu.clock_limits is not None or bool(grown)
        if subject.limits is None:
            if not is_known:
                return
            subject.limits = array("Q", [0]) * (length - 1)
        mask = _KNOWN if is_known else 0
        for limit in gpu.clock_limits or ():
            mask |= self._bit_of(limit)
        for name in grown:
            mask |= self._names.get(name) or self._bit_of(_unheard_of(name))
        if len(subject.limits) < length:
            subject.limits.append(mask)

    def _bit_of(self, limit: ClockLimit) -> int:
        bit = self._names.get(limit.name)
        if bit is None:
            self._limits.append(limit)
            bit = self._names[limit.name] = 1 << len(self._limits)
        return bit

    def _named(self, masks: Iterable[int]) -> Limits | None:
        every = 0
        for mask in set(masks):
            every |= mask
        if not every:
            return None
        held = [limit for number, limit in enumerate(self._limits, 1) if every >> number & 1]
        return most_severe_first(held)


def _last(subject: _Subject, name: str, unknown: float) -> float:
    return subject.limit_s.get(name, unknown)


def _unheard_of(name: str) -> ClockLimit:
    return ClockLimit(name=name, text=name, severity=Severity.INFORMATION)


def _growth_per_s(
    counters: dict[str, float], name: str, value: float | None, since_s: float | None
) -> float | None:
    """How fast a counter grew since the reading before; None where it began again."""
    before = counters.pop(name, None)
    if value is not None:
        counters[name] = value
    if value is None or before is None or not since_s or value < before:
        return None
    return (value - before) / since_s
