"""What held a training up from outside of its loop: other processes, a quota, heat, power. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from runners.diagnosis.thresholds import THROTTLED_CLOCK
from runners.machine.figures import EpochMachine
from runners.state import RunState
from runners.statistics import steady_epochs

# As `sensors.clock_limits` names them: those that heat and power set.
_HEAT_LIMITS = ("hw-thermal", "sw-thermal", "hw-slowdown")
_POWER_LIMITS = ("power-cap", "power-brake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the machine did over steady epochs; None is what nothing told.

    Attributes:
        clock_limit_s: Seconds by clock limit, of those that heat and power set.
        cpu_heat_s: Seconds for which the processor slowed itself.
        quota_s: Seconds for which the control group's quota held processes back.
        steal_pct: Share that the hypervisor gave to others.
        others_busy: Cores' worth of time that others used.
        own_busy: Cores' worth of time that the job used.
        clock_mhz: Mean clock of the GPU.
        clock_max_mhz: The highest it has.
        epochs_s: Seconds of the epochs that were looked at.
    """

    clock_limit_s: dict[str, float]
    cpu_heat_s: float | None
    quota_s: float | None
    steal_pct: float | None
    others_busy: float | None
    own_busy: float | None
    clock_mhz: float | None
    clock_max_mhz: float | None
    epochs_s: float


def is_heat(limit: str) -> bool:
    """Whether a clock limit is one of heat rather than of power."""
    return limit in _HEAT_LIMITS


def held(runs: Sequence[RunState]) -> Held | None:
    """What the machine did over the steady epochs of runs; None where none was looked at."""
    looked_at = [
        (epoch.epoch_s, run.machine[epoch.epoch])
        for run in runs
        for epoch in steady_epochs(run)
        if epoch.epoch in run.machine
    ]
    if not looked_at:
        return None
    limits: dict[str, float] = {}
    for _, machine in looked_at:
        for name, seconds in (machine.clock_limit_s or {}).items():
            if name in (*_HEAT_LIMITS, *_POWER_LIMITS):
                limits[name] = limits.get(name, 0.0) + seconds

    def mean(of: Callable[[EpochMachine], float | None]) -> float | None:
        known = [(epoch_s, value) for epoch_s, m in looked_at if (value := of(m)) is not None]
        total_s = sum(epoch_s for epoch_s, _ in known)
        return sum(epoch_s * value for epoch_s, value in known) / total_s if total_s else None

    machines = [machine for _, machine in looked_at]
    return Held(
        clock_limit_s=limits,
        cpu_heat_s=_total(machine.thermal_throttled_s for machine in machines),
        quota_s=_total(machine.throttled_s for machine in machines),
        steal_pct=mean(lambda m: m.steal_pct),
        others_busy=mean(lambda m: m.other_cores_busy),
        own_busy=mean(lambda m: m.own_cores_busy),
        clock_mhz=mean(lambda m: m.sm_clock_mhz),
        clock_max_mhz=max(
            (m.sm_clock_max_mhz for m in machines if m.sm_clock_max_mhz), default=None
        ),
        epochs_s=sum(epoch_s for epoch_s, _ in looked_at),
    )


def throttled_share(run: RunState) -> float | None:
    """Share of the steady epochs for which heat or a power limit held the clocks down.

    A limit of a GPU counts only where the clock was lower than the highest by more than a little:
    a card at its power limit that keeps its clock loses nothing.
    """
    found = held([run])
    if found is None or not found.epochs_s:
        return None
    seconds = [] if found.cpu_heat_s is None else [found.cpu_heat_s]
    if found.clock_mhz is not None and found.clock_max_mhz is not None:
        is_lower = found.clock_mhz < (1 - THROTTLED_CLOCK) * found.clock_max_mhz
        seconds.append(max(found.clock_limit_s.values(), default=0.0) if is_lower else 0.0)
    return min(1.0, max(seconds) / found.epochs_s) if seconds else None


def core_wait_share(run: RunState) -> float | None:
    """Share of the steady epochs in which the loop could have run and had no core.

    The largest of what the kernel counted for its threads, the time a quota held the processes
    back, and what the hypervisor took: each may be in the others already, so they are not added.
    """
    waits = [
        (epoch.core_wait_s, epoch.epoch_s)
        for epoch in steady_epochs(run)
        if epoch.core_wait_s is not None
    ]
    shares = [sum(w for w, _ in waits) / sum(s for _, s in waits)] if waits else []
    found = held([run])
    if found is not None and found.quota_s is not None:
        shares.append(found.quota_s / found.epochs_s)
    if found is not None and found.steal_pct is not None:
        shares.append(found.steal_pct / 100)
    return min(1.0, max(shares)) if shares else None


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
