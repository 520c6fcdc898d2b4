"""A clock that stands still until it is told otherwise."""

from __future__ import annotations


class FakeClock:
    """Tells the seconds it was set to."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
