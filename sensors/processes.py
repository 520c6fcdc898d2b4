"""Who uses the GPUs and who keeps the processor busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sensors.process_table import Counters, Details, ProcessTable, system_table
from sensors.readings import ProcessReading
from sensors.wanted import NOTHING_MORE, Wanted

# CPU time is counted in hundredths of a second: shorter windows tell nothing.
WINDOW_S = 0.1
BUSIEST = 8


@dataclass(frozen=True, slots=True)
class _Pace:
    """How often all processes are looked at: less often where that takes long.

    Attributes:
        every_s: Seconds between scans, at least.
        share: The share of a core that scans may take.
    """

    every_s: float
    share: float


SELDOM = _Pace(every_s=2.5, share=0.003)
FRESH = _Pace(every_s=2.0, share=0.02)


@dataclass(slots=True)
class _Known:
    """What is known of a process since it was first seen."""

    counters: Counters
    seen_at_s: float
    cpu_pct: float | None = None
    details: Details | None = None
    is_drivers: bool | None = None
    row: ProcessReading | None = None


class Processes:
    """The processes of interest: the GPUs' users, those of our own, and the busiest, or all.

    The first three are looked at with each reading; the rest now and then, to find the busiest.

    Args:
        busiest: How many of the busiest host processes to list.
        table: Where to read processes; None is this system's.
        clock: Monotonic clock, in seconds.
        cpu_clock: CPU time of this thread, in seconds.
    """

    def __init__(
        self,
        busiest: int = BUSIEST,
        *,
        table: ProcessTable | None = None,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._count = busiest
        self._table = system_table() if table is None else table
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._known: dict[int, _Known] = {}
        self._by_use: list[int] = []
        self._busiest: list[int] = []
        self._scans = 0
        self._scanned_at_s = 0.0
        self._scan_cost_s = 0.0

    def read(
        self, gpu_rows: Sequence[ProcessReading] = (), wanted: Wanted = NOTHING_MORE
    ) -> tuple[ProcessReading, ...]:
        """One row for each process and GPU, then the host's by CPU use.

        The order of all processes changes only as all are looked at.

        Args:
            gpu_rows: What the driver tells of the GPUs' processes.
            wanted: Which others to list in any case.
        """
        now_s = self._clock()
        is_scan = self._is_scan_due(now_s, FRESH if wanted.all_processes else SELDOM)
        if is_scan:
            self._scan(now_s)
        else:
            for pid in wanted.own_pids.union(self._busiest, (row.pid for row in gpu_rows)):
                self._look(pid, now_s)
        on_gpu = {row.pid for row in gpu_rows if self._is_drivers(row.pid)}
        if is_scan:
            near = on_gpu | wanted.own_pids
            self._busiest = [pid for pid in self._by_use if pid not in near][: self._count]
        rows = [self._with_host_side(row) if row.pid in on_gpu else row for row in gpu_rows]
        host_rows = (self._host_row(pid) for pid in self._host_pids(wanted) if pid not in on_gpu)
        return (*rows, *(row for row in host_rows if row is not None))

    def _is_scan_due(self, now_s: float, pace: _Pace) -> bool:
        # The first scan knows no CPU use yet: the next reading scans again.
        pause_s = max(pace.every_s, self._scan_cost_s / pace.share) if self._scans > 1 else 0.0
        return now_s >= self._scanned_at_s + pause_s

    def _scan(self, now_s: float) -> None:
        began_s = self._cpu_clock()
        pids = self._table.pids()
        self._known = {pid: known for pid, known in self._known.items() if pid in pids}
        for pid in pids:
            self._look(pid, now_s)
        self._by_use = sorted(self._known, key=self._use)
        self._scan_cost_s = self._cpu_clock() - began_s
        self._scanned_at_s = now_s
        self._scans += 1

    def _host_pids(self, wanted: Wanted) -> list[int]:
        if wanted.all_processes:
            return self._by_use + sorted(wanted.own_pids.difference(self._by_use))
        few = wanted.own_pids.union(self._busiest)
        return sorted((pid for pid in few if pid in self._known), key=self._use)

    def _use(self, pid: int) -> tuple[float, int, int]:
        known = self._known[pid]
        return -(known.cpu_pct or 0.0), -known.counters.memory_bytes, pid

    def _look(self, pid: int, now_s: float) -> None:
        counters = self._table.counters(pid)
        if counters is None:
            self._known.pop(pid, None)
            return
        known = self._known.get(pid)
        if known is None or known.counters.started_at_s != counters.started_at_s:
            self._known[pid] = _Known(counters, now_s)
            return
        passed_s = now_s - known.seen_at_s
        if passed_s < WINDOW_S:
            return
        used_s = counters.cpu_time_s - known.counters.cpu_time_s
        cpu_pct = max(0.0, 100 * used_s / passed_s)
        if counters is not known.counters or cpu_pct != known.cpu_pct:
            known.row = None
        if counters.name != known.counters.name:
            known.details = None
        known.counters, known.seen_at_s, known.cpu_pct = counters, now_s, cpu_pct

    def _is_drivers(self, pid: int) -> bool:
        known = self._known.get(pid)
        if known is None:
            return False
        if known.is_drivers is None:
            known.is_drivers = self._table.is_drivers(pid)
        return known.is_drivers

    def _host_row(self, pid: int) -> ProcessReading | None:
        known = self._known.get(pid)
        if known is None:
            return None
        if known.row is None:
            row = self._with_host_side(ProcessReading(pid=pid))
            if known.details is None:
                return None
            known.row = row
        return known.row

    def _with_host_side(self, row: ProcessReading) -> ProcessReading:
        """A row with what the system knows; unchanged where the process has just gone."""
        known = self._known[row.pid]
        if known.details is None:
            known.details = self._table.details(row.pid)
            if known.details is None:
                return row
        counters = known.counters
        return replace(
            row,
            user=known.details.user,
            parent_pid=counters.parent_pid,
            state=counters.state,
            threads=counters.threads,
            cpu_pct=known.cpu_pct,
            cpu_time_s=counters.cpu_time_s,
            memory_bytes=counters.memory_bytes,
            started_at_s=counters.started_at_s,
            container=known.details.container,
            command=known.details.command,
        )
