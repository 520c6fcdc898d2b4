"""How long a loop had waited for data at which moment. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_right

# Of a longer epoch every other one is left out.
MOST_MOMENTS = 1024


class DataWaits:
    """The data wait of one epoch so far, over the monotonic clock.

    Args:
        start_s: When the epoch began.
    """

    def __init__(self, start_s: float) -> None:
        # The history keeps those of thousands of epochs: a list takes four times the memory.
        self._at_s = array("d", [start_s])
        self._waited_s = array("d", [0.0])

    @property
    def known_until_s(self) -> float:
        """The last moment of which something is known."""
        return self._at_s[-1]

    def add(self, at_s: float, waited_s: float | None) -> None:
        """Take in how long the loop had waited by then; what is not known changes nothing.

        Args:
            at_s: Monotonic clock; later than before.
            waited_s: Seconds since the epoch began.
        """
        if waited_s is None or at_s <= self._at_s[-1]:
            return
        self._at_s.append(at_s)
        self._waited_s.append(waited_s)
        if len(self._at_s) > MOST_MOMENTS:
            del self._at_s[1:-1:2], self._waited_s[1:-1:2]

    def share(self, start_s: float, end_s: float) -> float | None:
        """The share of a time in which the loop waited; None where that is not known."""
        if start_s < self._at_s[0] or end_s > self._at_s[-1] or end_s <= start_s:
            return None
        return (self._by(end_s) - self._by(start_s)) / (end_s - start_s)

    def _by(self, at_s: float) -> float:
        """Seconds waited by then, between two moments interpolated."""
        after = min(bisect_right(self._at_s, at_s), len(self._at_s) - 1)
        if after == 0:
            return self._waited_s[0]
        (since_s, until_s), (low, high) = (
            series[after - 1 : after + 1] for series in (self._at_s, self._waited_s)
        )
        return low + (high - low) * (at_s - since_s) / (until_s - since_s)
