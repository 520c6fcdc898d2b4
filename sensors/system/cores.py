"""How many of the machine's cores this process may use, and which."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sensors.system.cgroup import ControlGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableCores:
    """The cores this process may use.

    Attributes:
        cpu_ids: Numbers of the cores it may run on, ascending; empty where the system binds
            no process to cores.
        quota: Cores' worth of time its control group allows; None without a quota.
        count: Whole cores of time it may use, at least 1.
        cpuset: Numbers of the cores its control group allows; empty where that is not known.
    """

    cpu_ids: tuple[int, ...]
    quota: float | None
    count: int
    cpuset: tuple[int, ...] = ()

    def limit(self, total: int) -> str | None:
        """What leaves fewer cores than there are: `affinity`, `cgroup`, or None.

        Args:
            total: How many cores the machine shows.
        """
        if self.share >= total:
            return None
        binds_time = self.quota is not None and self.quota <= (len(self.cpu_ids) or total)
        return "cgroup" if binds_time or self.cpuset == self.cpu_ids else "affinity"

    @property
    def share(self) -> float:
        """The same as `count` without rounding: a quota may allow 1.5 cores."""
        cores = len(self.cpu_ids) or os.cpu_count() or 1
        return cores if self.quota is None else min(cores, self.quota)


def usable_cores(group: ControlGroup | None = None) -> UsableCores:
    """The smaller of what affinity and the control group's quota allow."""
    group = group or ControlGroup()
    quota = group.cpu_quota()
    cpu_ids = _affinity()
    cores = len(cpu_ids) or os.cpu_count() or 1
    count = cores if quota is None else min(cores, int(quota))
    return UsableCores(cpu_ids=cpu_ids, quota=quota, count=max(count, 1), cpuset=group.cpuset())


def _affinity() -> tuple[int, ...]:
    if not hasattr(os, "sched_getaffinity"):
        return ()
    return tuple(sorted(os.sched_getaffinity(0)))
