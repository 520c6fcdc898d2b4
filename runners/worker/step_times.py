"""The host's clock at each step's edges, and how the steps of an epoch differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import sub

from runners.events import QUANTILES, StepTimes


class Asking:
    """When each batch was asked for, and when it was there.

    Attributes:
        times_s: Both in turn; the last two of a finished epoch are those of its end.
    """

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self._waits = 0
        self._waited_s = 0.0

    def start(self) -> None:
        """Forget the last epoch."""
        self.times_s.clear()
        self._waits, self._waited_s = 0, 0.0

    def waited_s(self) -> float:
        """Seconds waited so far; what was added up before is not gone through again."""
        new = self.times_s[2 * self._waits :]
        waits = list(map(sub, new[1::2], new[::2]))
        self._waits += len(waits)
        self._waited_s += sum(waits)
        return self._waited_s

    def first_wait_s(self) -> float | None:
        """Seconds waited for the first batch; None before it is there."""
        first = self.times_s[:2]
        return first[1] - first[0] if len(first) == 2 else None

    def steps(self) -> tuple[list[float], list[float]]:
        """Of each step of a finished epoch, in seconds: the whole of it and its wait."""
        asked, there = self.times_s[::2], self.times_s[1::2]
        return [end - start for start, end in pairwise(asked)], list(map(sub, there[:-1], asked))


def step_times(
    asking: Asking, phases: Sequence[Sequence[float]] | None, *, steps: int
) -> StepTimes | None:
    """How the steps of a finished epoch differ, the first one left out.

    Args:
        asking: The epoch's.
        phases: Seconds of the four phases of the device's work, one by one, of each step that is
            told of; None where they are not known.
        steps: How many steps those are.

    Returns:
        None for less than two steps.
    """
    wholes, waits = (column[1:] for column in asking.steps())
    if not wholes or steps < 1:
        return None
    host_to_device, forward, backward, optimizer = phases or (None, None, None, None)
    return StepTimes(
        steps=steps,
        whole_s=quantiles(wholes),
        data_wait_s=quantiles(waits),
        host_to_device_s=quantiles(host_to_device),
        forward_s=quantiles(forward),
        backward_s=quantiles(backward),
        optimizer_s=quantiles(optimizer),
    )


def quantiles(values: Sequence[float] | None) -> tuple[float, ...] | None:
    """The values at `QUANTILES`, in a straight line between the two that are nearest.

    None where there are no values.
    """
    if not values:
        return None
    ordered = sorted(values)
    found = []
    for share in QUANTILES:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return tuple(found)
