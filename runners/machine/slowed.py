"""Whether heat or power slowed an epoch: judged here, for screen and reports alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runners.diagnosis.thresholds import THROTTLED_CLOCK, THROTTLED_SHARE
from runners.machine.figures import EpochMachine
from runners.text import digits

# As `sensors.clock_limits` names them.
HEAT_LIMITS = ("hw-thermal", "sw-thermal", "hw-slowdown")
POWER_LIMITS = ("power-brake", "power-cap")
CPU_HEAT = "heat of the processor"
# The slowdown holds with its cause, of which a card may count the exact seconds while the looks
# tell of the slowdown in whole intervals: from this share of the longest on, the cause is named.
_TELLING_FIRST = ("hw-thermal", "power-brake", "sw-thermal", "hw-slowdown", "power-cap")
_ABOUT_AS_LONG = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """What slowed an epoch.

    Attributes:
        by: The clock limit, or `CPU_HEAT`.
        held_s: Seconds for which it held.
        epoch_s: Seconds of the epoch.
        clock_mhz: The GPU's mean clock; None where the processor was slowed.
        clock_max_mhz: The highest it has; None likewise.
    """

    by: str
    held_s: float
    epoch_s: float
    clock_mhz: float | None = None
    clock_max_mhz: float | None = None

    def in_words(self) -> str:
        """Such as `slowed by hw-thermal for 3.2 of 4.1 s, clock 1,410 of 1,980 MHz`."""
        places = max(0, digits(self.epoch_s) - 1)
        words = f"slowed by {self.by} for {self.held_s:,.{places}f} of {self.epoch_s:,.{places}f} s"
        if self.clock_mhz is None or self.clock_max_mhz is None:
            return words
        return f"{words}, clock {self.clock_mhz:,.0f} of {self.clock_max_mhz:,.0f} MHz"


def slowed(machine: EpochMachine, epoch_s: float) -> Slowed | None:
    """What slowed an epoch, the longest; None where nothing did, or it is not known.

    A limit has to hold for a share of the epoch; of those that held about as long the cause is
    named. One of a GPU counts only where its clock was
    lower than the highest: a card at its power limit that keeps its clock loses nothing.
    """
    found = [each for each in (_gpu(machine, epoch_s), _cpu(machine, epoch_s)) if each is not None]
    return max(found, key=lambda each: each.held_s, default=None)


def _gpu(machine: EpochMachine, epoch_s: float) -> Slowed | None:
    clock, highest = machine.sm_clock_mhz, machine.sm_clock_max_mhz
    if clock is None or highest is None or clock > (1 - THROTTLED_CLOCK) * highest:
        return None
    limits_s = machine.clock_limit_s or {}
    held_s = {name: min(limits_s.get(name, 0.0), epoch_s) for name in _TELLING_FIRST}
    longest_s = max(held_s.values())
    if longest_s <= 0 or longest_s < THROTTLED_SHARE * epoch_s:
        return None
    name = next(name for name in held_s if held_s[name] >= _ABOUT_AS_LONG * longest_s)
    return Slowed(
        by=name,
        held_s=held_s[name],
        epoch_s=epoch_s,
        clock_mhz=clock,
        clock_max_mhz=highest,
    )


def _cpu(machine: EpochMachine, epoch_s: float) -> Slowed | None:
    held_s = min(machine.thermal_throttled_s or 0.0, epoch_s)
    if held_s <= 0 or held_s < THROTTLED_SHARE * epoch_s:
        return None
    return Slowed(by=CPU_HEAT, held_s=held_s, epoch_s=epoch_s)
