"""A source of readings that tells how it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sensors.gpu_readings import DriverReading, NvmlState
from sensors.readings import HostReading, Reading
from sensors.wanted import NOTHING_MORE, Wanted

PATIENCE_S = 10.0


def make_reading(taken_at_s: float = 0.0) -> Reading:
    """A reading of a host without GPUs."""
    return Reading(
        taken_at_s=taken_at_s,
        wall_time_s=1.7e9,
        took_s=0.001,
        host=HostReading(hostname="box", system="Linux 6.1"),
        driver=DriverReading(state=NvmlState.NO_LIBRARY),
    )


class FakeReadingSource:
    """Numbers its readings by `taken_at_s`; pass its `make` where a source is made."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []
        self.wanted: list[Wanted] = []
        self.is_closed = False
        self.failing_with: Exception | None = None
        self.on_driver: Callable[[], None] | None = None
        self.thread: threading.Thread | None = None

    def make(self, on_driver: Callable[[], None]) -> FakeReadingSource:
        self.on_driver = on_driver
        self.thread = threading.current_thread()
        return self

    def read(self, *, gpu_wait_s: float, wanted: Wanted = NOTHING_MORE) -> Reading:
        self.waits_s.append(gpu_wait_s)
        self.wanted.append(wanted)
        if self.failing_with is not None:
            raise self.failing_with
        return make_reading(taken_at_s=len(self.waits_s))

    def close(self) -> None:
        self.is_closed = True
