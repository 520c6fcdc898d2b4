"""Prints what timing the phases adds to a step, in seconds: `python -m benchmarks.marks`.

The loop is that of the trainer with everything left out that is not timing, so the figure is
far finer than a difference of two trainings can be.
"""

from __future__ import annotations

import statistics
import time

from runners.worker.timing import HostTimer, NoTimer, PhaseTimer

_STEPS = 20_000
_ROUNDS = 9


def _loop_s(timer: PhaseTimer) -> float:
    start_s = time.perf_counter()
    for _ in timer.batches([None] * _STEPS):
        timer.mark()
        timer.mark()
        timer.mark()
        timer.mark()
    timer.phases()
    return time.perf_counter() - start_s


def main() -> None:
    """Time the loop with and without marks, in turn."""
    added_s = [(_loop_s(HostTimer()) - _loop_s(NoTimer())) / _STEPS for _ in range(_ROUNDS)]
    print(statistics.median(added_s))


if __name__ == "__main__":
    main()
