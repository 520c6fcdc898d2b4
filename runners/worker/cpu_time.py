"""CPU time of the processes that this one started, and that those did."""

from __future__ import annotations

import multiprocessing
import os
import resource
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")
# Places in a process's line of counters behind its name, which ends with the last parenthesis:
# in user mode, in the kernel, and both of children that ended and were waited for; see proc(5).
_TIMES = slice(11, 15)


def children_s(processes: Path = _PROCESSES) -> float | None:
    """CPU seconds so far of all processes below this one, those that ended included.

    The living ones are loader processes that outlast an epoch, and Python's fork server with
    those that it forked. None where there are some and the system does not tell of them.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living_s = _below_s("self", processes)
    if living_s is None:
        living_s = None if multiprocessing.active_children() else 0.0
    return None if living_s is None else ended.ru_utime + ended.ru_stime + living_s


def _below_s(process: str, processes: Path) -> float | None:
    """CPU seconds of the living processes below one, and of those that they waited for."""
    children: list[str] = []
    try:
        for thread in (processes / process / "task").iterdir():
            children += (thread / "children").read_text().split()
    except OSError:
        return None
    total_s = 0.0
    for child in children:
        # It may have ended since.
        with suppress(OSError):
            line = (processes / child / "stat").read_text(errors="replace")
            ticks = line[line.rfind(")") + 1 :].split()[_TIMES]
            total_s += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
            total_s += _below_s(child, processes) or 0.0
    return total_s
