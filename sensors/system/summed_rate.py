"""The rate at which several counters grow together."""

from __future__ import annotations

from collections.abc import Mapping

# Counters step: over less time than this a rate says nothing.
WINDOW_S = 0.1


class SummedRate:
    """Growth a second of counters of which some may come, go, or start anew."""

    def __init__(self) -> None:
        self._before: Mapping[str, float] = {}
        self._before_s = 0.0
        self._rate: float | None = None

    def since_last(self, counters: Mapping[str, float], now_s: float) -> float | None:
        """The rate since the last look; None at first, or where there are no counters.

        A counter that is new or went back adds nothing until the next look.

        Args:
            counters: The counters by name.
            now_s: When they were read, by the monotonic clock.
        """
        passed_s = now_s - self._before_s
        if counters.keys() == self._before.keys() and passed_s < WINDOW_S:
            return self._rate
        before = self._before
        grown = [counters[name] - before[name] for name in counters.keys() & before.keys()]
        self._rate = sum(max(0.0, growth) for growth in grown) / passed_s if grown else None
        self._before, self._before_s = counters, now_s
        return self._rate
