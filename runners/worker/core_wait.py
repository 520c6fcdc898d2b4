"""How long threads of this process could have run and had no core, as Linux counts it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# A folder for each thread; `schedstat` in it has time on a core, time waiting for one (both in
# nanoseconds) and turns: https://docs.kernel.org/scheduler/sched-stats.html
_THREADS = Path("/proc/self/task")
_NS_PER_S = 1e9


def core_waits_s(threads: Path = _THREADS) -> Mapping[str, float]:
    """Seconds each thread has waited for a core in its life, by its number.

    Empty where the system does not tell. A kernel that does not count says 0 of everything, so a
    thread that never ran is left out.
    """
    waits_s: dict[str, float] = {}
    with suppress(OSError):
        for thread in threads.iterdir():
            # A thread may end between the look at the folder and that into its file.
            with suppress(OSError, ValueError):
                ran_ns, waited_ns, _ = (thread / "schedstat").read_text().split()
                if int(ran_ns):
                    waits_s[thread.name] = int(waited_ns) / _NS_PER_S
    return waits_s


def longest_s(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Seconds that the thread which waited longest did so between two looks.

    A thread that began in between counts from its beginning, also under a number that another
    thread had before; one that ended in between is not seen. None where nothing is known.
    """
    grown_s = (
        waited_s - (before_s if (before_s := before.get(thread, 0.0)) <= waited_s else 0.0)
        for thread, waited_s in after.items()
    )
    return max(grown_s, default=None)
