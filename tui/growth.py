"""How far counters have come since racetop opened. Pure."""

from __future__ import annotations

from sensors.gpu_readings import GpuReading


class Growth:
    """The growth of one counter since it was first seen.

    Attributes:
        total: How much it grew; None until it was seen once.
    """

    def __init__(self) -> None:
        self._last = 0.0
        self.total: float | None = None

    def add(self, value: float | None) -> None:
        """Take the counter's value; one that fell was started anew."""
        if value is None:
            return
        if self.total is None:
            self.total = 0.0
        else:
            self.total += value - self._last if value >= self._last else value
        self._last = value


class GpuGrowth:
    """What a GPU's counters grew by since racetop opened."""

    def __init__(self) -> None:
        self._energy = Growth()
        self._limits: dict[str, Growth] = {}

    def add(self, gpu: GpuReading) -> None:
        """Take a reading."""
        self._energy.add(gpu.energy_j)
        for name, seconds in (gpu.clock_limit_s or {}).items():
            self._limits.setdefault(name, Growth()).add(seconds)

    @property
    def energy_j(self) -> float | None:
        """Energy drawn; None where the card does not count it."""
        return self._energy.total

    @property
    def held_s(self) -> dict[str, float]:
        """Seconds for which each clock limit held the clocks, of those the card counts."""
        return {name: growth.total or 0.0 for name, growth in self._limits.items()}
