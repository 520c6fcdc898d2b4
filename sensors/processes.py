"""Who uses the GPUs and who keeps the processor busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sensors.process_table import Counters, Details, ProcessTable, system_table
from sensors.readings import ProcessReading
from sensors.wanted import NOTHING_MORE, Wanted

SCAN_EVERY_S = 2.5
# On a machine with thousands of processes a scan takes long: then it is done less often.
SCAN_SHARE = 0.003
# CPU time is counted in hundredths of a second: shorter windows tell nothing.
WINDOW_S = 0.1
BUSIEST = 8


@dataclass(slots=True)
class _Known:
    """What is known of a process since it was first seen."""

    counters: Counters
    seen_at_s: float
    cpu_pct: float | None = None
    details: Details | None = None


class Processes:
    """The processes of interest: the GPUs' users, those of our own, and the busiest.

    Those are looked at with each reading; all others only now and then, to find the busiest.

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
        self._busiest: list[int] = []
        self._scan_due_s = clock()
        self._scanned = False

    def read(
        self, gpu_rows: Sequence[ProcessReading] = (), wanted: Wanted = NOTHING_MORE
    ) -> tuple[ProcessReading, ...]:
        """One row for each process and GPU, then the host's by CPU use.

        Args:
            gpu_rows: What the driver tells of the GPUs' processes.
            wanted: Which others to list in any case.
        """
        now_s = self._clock()
        own_pids = wanted.own_pids
        on_gpu = {row.pid for row in gpu_rows}
        if now_s >= self._scan_due_s:
            self._scan(now_s, on_gpu | own_pids)
        else:
            for pid in on_gpu | own_pids | set(self._busiest):
                self._look(pid, now_s)
        others = {*own_pids, *self._busiest} - on_gpu
        rows = [self._row(ProcessReading(pid=pid)) for pid in others if pid in self._known]
        rows.sort(key=lambda row: (-(row.cpu_pct or 0), -(row.memory_bytes or 0), row.pid))
        return (*(self._row(row) for row in gpu_rows), *rows)

    def _scan(self, now_s: float, listed: set[int]) -> None:
        began_s = self._cpu_clock()
        pids = self._table.pids()
        self._known = {pid: known for pid, known in self._known.items() if pid in pids}
        for pid in pids:
            self._look(pid, now_s)
        self._busiest = self._most_busy(pid for pid in self._known if pid not in listed)
        cost_s = self._cpu_clock() - began_s
        # The first scan knows no CPU use yet: the next reading scans again.
        pause_s = max(SCAN_EVERY_S, cost_s / SCAN_SHARE) if self._scanned else 0.0
        self._scan_due_s = now_s + pause_s
        self._scanned = True

    def _most_busy(self, pids: Iterable[int]) -> list[int]:
        def use(pid: int) -> tuple[float, int]:
            known = self._known[pid]
            return known.cpu_pct or 0.0, known.counters.memory_bytes

        return sorted(pids, key=use, reverse=True)[: self._count]

    def _look(self, pid: int, now_s: float) -> None:
        counters = self._table.counters(pid)
        if counters is None:
            self._known.pop(pid, None)
            return
        known = self._known.get(pid)
        if known is None or known.counters.started != counters.started:
            self._known[pid] = _Known(counters, now_s)
            return
        passed_s = now_s - known.seen_at_s
        if passed_s >= WINDOW_S:
            known.cpu_pct = max(0.0, 100 * (counters.cpu_s - known.counters.cpu_s) / passed_s)
            known.counters, known.seen_at_s = counters, now_s

    def _row(self, row: ProcessReading) -> ProcessReading:
        """A row with the host's side; unchanged where the process is not visible here."""
        known = self._known.get(row.pid)
        if known is None:
            return row
        if known.details is None:
            known.details = self._table.details(row.pid)
        return replace(
            row,
            user=known.details.user,
            cpu_pct=known.cpu_pct,
            memory_bytes=known.counters.memory_bytes,
            started_at_s=known.details.started_at_s,
            command=known.details.command,
        )
