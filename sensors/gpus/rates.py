"""Rates out of counters."""

from __future__ import annotations

from sensors.system.summed_rate import WINDOW_S


class Rate:
    """How much a counter grew a second between two looks."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None
        self._rate: float | None = None

    def since_last(self, count: float | None, now_s: float) -> float | None:
        """The rate; None at first, where the count is unknown, or where it went back.

        Looks in quick succession get the same rate.

        Args:
            count: The counter.
            now_s: When it was read, by the monotonic clock.
        """
        if count is None:
            self._before = self._rate = None
            return None
        if self._before is None:
            self._before = (count, now_s)
            return None
        before, before_s = self._before
        if now_s - before_s < WINDOW_S:
            return self._rate
        self._before = (count, now_s)
        self._rate = None if count < before else (count - before) / (now_s - before_s)
        return self._rate
