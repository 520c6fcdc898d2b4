"""Prints what timing adds to a step and to an epoch, in seconds: `python -m benchmarks.marks`.

The loop is that of the trainer with everything left out that is not timing, so the figures are
far finer than a difference of two trainings can be. What is done at the edges of an epoch, its
quantiles and looking up how long threads waited, is not within the epoch's time; it is told all
the same.
"""

from __future__ import annotations

import statistics
import time

from runners.worker.core_wait import core_waits_s, longest_s
from runners.worker.timing import HostTimer, NoTimer, PhaseTimer

_STEPS = 20_000
# As often as the trainer tells of its progress in an epoch of so many steps, about.
_TOLD_EVERY = 500
_ROUNDS = 9


def _loop_s(timer: PhaseTimer) -> float:
    start_s = time.perf_counter()
    mark = timer.mark
    for step, _ in enumerate(timer.batches([None] * _STEPS)):
        mark()
        mark()
        mark()
        mark()
        if step % _TOLD_EVERY == 0:
            timer.phases()
    timer.phases()
    timer.step_times()
    return time.perf_counter() - start_s


def _edges_s() -> float:
    start_s = time.perf_counter()
    longest_s(core_waits_s(), core_waits_s())
    return time.perf_counter() - start_s


def main() -> None:
    """Time the loop with and without marks, in turn, and the edges."""
    added_s = [(_loop_s(HostTimer()) - _loop_s(NoTimer())) / _STEPS for _ in range(_ROUNDS)]
    print(statistics.median(added_s), statistics.median(_edges_s() for _ in range(_ROUNDS)))


if __name__ == "__main__":
    main()
