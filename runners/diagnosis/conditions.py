"""What held a training up from outside of its loop: other processes, a quota, heat, power. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runners.machine.figures import EpochMachine
from runners.machine.slowed import Slowed, slowed
from runners.state import RunState
from runners.statistics import steady_epochs
from runners.workloads import JobSettings

# What a quota or a hypervisor took is worth a word from so much of the time on.
_NOTABLE = 0.05
NOTABLE_CORES = 0.5
"""What others use of the cores is worth a word from so much of one on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What was seen of the machine in steady epochs; None is what nothing told.

    Attributes:
        slowed: What heat or a power limit did in the epoch that they slowed for longest.
        throttled_share: Share of the time for which they held the clocks down.
        quota_share: Time for which the control group's quota held cores back, of all of them
            together, over the time.
        steal_share: Share of the cores' time that the hypervisor gave to others.
        others_busy: Cores' worth of time that others used.
    """

    slowed: Slowed | None
    throttled_share: float | None
    quota_share: float | None
    steal_share: float | None
    others_busy: float | None

    @property
    def is_quota(self) -> bool:
        """Whether a quota took more than a hypervisor did, and enough to name."""
        return (self.quota_share or 0.0) >= max(_NOTABLE, self.steal_share or 0.0)

    @property
    def is_steal(self) -> bool:
        """Whether a hypervisor took enough to name, and more than a quota."""
        return not self.is_quota and (self.steal_share or 0.0) >= _NOTABLE


def outside(runs: Sequence[RunState]) -> Outside | None:
    """What the machine did over the steady epochs of runs; None where none was looked at."""
    seen = [
        (run.machine[epoch.epoch], epoch.epoch_s)
        for run in runs
        for epoch in steady_epochs(run)
        if epoch.epoch in run.machine
    ]
    if not seen:
        return None
    all_slowed = [found for each in seen if (found := slowed(*each)) is not None]
    can_tell = any(_tells_of_clocks(machine) for machine, _ in seen)
    held_s, seen_s = sum(each.held_s for each in all_slowed), sum(s for _, s in seen)
    steal_share = _mean((machine.steal_pct, epoch_s) for machine, epoch_s in seen)
    return Outside(
        slowed=max(all_slowed, key=lambda each: each.held_s, default=None),
        throttled_share=held_s / seen_s if can_tell else None,
        quota_share=_share((machine.throttled_s, epoch_s) for machine, epoch_s in seen),
        steal_share=None if steal_share is None else steal_share / 100,
        others_busy=_mean((machine.other_cores_busy, epoch_s) for machine, epoch_s in seen),
    )


def has_too_many_threads(settings: JobSettings) -> bool:
    """Whether a job computes with more threads than it has cores, so that they wait in turn."""
    return 0 < len(settings.cores) < (settings.threads or 0)


def is_by_own_threads(settings: JobSettings, seen: Outside | None) -> bool:
    """Whether a job's own threads are all that is known to hold its cores."""
    if not has_too_many_threads(settings):
        return False
    by_others = seen is not None and (seen.others_busy or 0.0) >= NOTABLE_CORES
    return not by_others and not (seen is not None and (seen.is_quota or seen.is_steal))


def throttled_share(run: RunState) -> float | None:
    """Share of the steady epochs for which heat or a power limit held the clocks down."""
    found = outside([run])
    return found.throttled_share if found else None


def contended_share(run: RunState) -> float | None:
    """Share of the steady epochs in which the loop could have run and had no core.

    The larger of what the kernel counted for its threads, in which a quota's time is, and what the
    hypervisor took. Where the kernel counts nothing, the time a quota held it back: that adds up
    over the cores, as if they were held one after the other.
    """
    found = outside([run])
    waited = _share((epoch.core_wait_s, epoch.epoch_s) for epoch in steady_epochs(run))
    if waited is None and found is not None and found.quota_share is not None:
        waited = found.quota_share / max(len(run.hello.cores) if run.hello else 0, 1)
    shares = (waited, found.steal_share if found else None)
    return max((min(share, 1.0) for share in shares if share is not None), default=None)


def _tells_of_clocks(machine: EpochMachine) -> bool:
    is_gpu_seen = machine.clock_limit_s is not None and machine.sm_clock_mhz is not None
    return is_gpu_seen or machine.thermal_throttled_s is not None


def _share(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    """Seconds of something over the seconds of the epochs that it is known of."""
    known = [(seconds, epoch_s) for seconds, epoch_s in pairs if seconds is not None]
    total_s = sum(epoch_s for _, epoch_s in known)
    return sum(seconds for seconds, _ in known) / total_s if total_s else None


def _mean(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    """The mean over time of a value that is told for epochs."""
    return _share((None if value is None else value * s, s) for value, s in pairs)
