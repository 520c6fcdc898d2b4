"""Rates out of counters."""

from __future__ import annotations


class Rate:
    """How much a counter grew a second between two looks."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def since_last(self, count: float | None, now_s: float) -> float | None:
        """The rate; None at first, where the count is unknown, or where it went back.

        Args:
            count: The counter.
            now_s: When it was read, by the monotonic clock.
        """
        before, self._before = self._before, None if count is None else (count, now_s)
        if before is None or count is None or count < before[0] or now_s <= before[1]:
            return None
        return (count - before[0]) / (now_s - before[1])
