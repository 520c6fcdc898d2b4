"""A scripted driver looked at once a second, for tests of what the sensors make of it."""

from pathlib import Path

from sensors.gpus.runtime_power import RuntimePower
from sensors.nvidia import NvidiaGpus, NvidiaReading
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import FakeGpu, FakeNvml

WALL_S = 1.7e9


class Bench:
    """A driver with some cards, looked at once a second."""

    def __init__(self, *cards: FakeGpu, power: RuntimePower | None = None) -> None:
        self.nvml, self.clock, self.wall = FakeNvml(*cards), FakeClock(), FakeClock(WALL_S)
        self.gpus = NvidiaGpus(
            self.nvml,
            power=power or RuntimePower(Path("/no/such/folder")),
            clock=self.clock,
            wall_clock=self.wall,
        )

    def look(self, after_s: float = 1.0) -> NvidiaReading:
        self.clock.advance(after_s)
        self.wall.advance(after_s)
        return self.gpus.read()
