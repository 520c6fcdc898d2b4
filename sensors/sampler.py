"""Readings at a steady pace in the background, or a few of them at once."""

from __future__ import annotations

import math
import platform
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Protocol

from sensors.gpu_readings import DriverReading, NvmlState
from sensors.readings import HostReading, Problem, Reading
from sensors.wanted import NOTHING_MORE, Wanted

GPU_WAIT_S = 0.25
DRIVER_START_WAIT_S = 30.0
# Rates are differences of counters: two looks this far apart are enough to know them.
GAP_S = 0.2
JOIN_S = 1.0


class ReadingSource(Protocol):
    """What takes readings; `sensors.machine.Machine` is one."""

    def read(self, *, gpu_wait_s: float, wanted: Wanted = NOTHING_MORE) -> Reading:
        """Look at everything."""

    def close(self) -> None:
        """Give the driver back."""


MakeSource = Callable[[Callable[[], None]], ReadingSource]


def system_machine(on_driver: Callable[[], None]) -> ReadingSource:
    """This machine; loaded only here, so that nobody waits for it who only needs the names."""
    from sensors.machine import Machine

    return Machine(on_driver)


class Sampler:
    """Takes a reading every interval in a thread of its own and hands it on.

    Readings fall on a fixed grid: a late one does not shift those after it. The first comes at
    once, without the driver; the next as soon as the driver has answered.

    Args:
        on_reading: Called with each reading, in the sampler's thread. It must not wait for the
            thread that calls `stop`.
        interval_s: Seconds between readings.
        wanted: Tells what readings are to hold beside the usual; called in the sampler's thread.
        make_source: Makes what takes the readings, in the sampler's thread.
        clock: Monotonic clock, in seconds.
    """

    def __init__(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float = 1.0,
        wanted: Callable[[], Wanted] = Wanted,
        make_source: MakeSource = system_machine,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_reading = on_reading
        self._interval_s = interval_s
        self._wanted = wanted
        self._make_source = make_source
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    @property
    def interval_s(self) -> float:
        """Seconds between readings; a change holds at once and gives a reading."""
        return self._interval_s

    @interval_s.setter
    def interval_s(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._wake.set()

    def start(self) -> None:
        """Begin to take readings."""
        self._thread.start()

    def read_now(self) -> None:
        """Ask for a reading out of turn."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread; returns within about a second even where the driver hangs."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=JOIN_S)

    def _run(self) -> None:
        source = self._make_source(self.read_now)
        start_s, interval_s = self._clock(), self._interval_s
        gpu_wait_s = 0.0
        while not self._stopping:
            try:
                reading = source.read(gpu_wait_s=gpu_wait_s, wanted=self._wanted())
            except Exception as error:  # noqa: BLE001 - one bad look must not blind the screen
                reading = self._failed_reading(error)
            if not self._stopping:
                self._on_reading(reading)
            gpu_wait_s = GPU_WAIT_S
            if interval_s != self._interval_s:
                start_s, interval_s = self._clock(), self._interval_s
            now_s = self._clock()
            self._wake.wait(next_due_s(start_s, interval_s, now_s) - now_s)
            self._wake.clear()
        source.close()

    def _failed_reading(self, error: Exception) -> Reading:
        """A reading that knows nothing but what went wrong."""
        what = f"the sensors failed: {type(error).__name__}: {error}"
        return Reading(
            taken_at_s=self._clock(),
            wall_time_s=time.time(),
            took_s=0.0,
            host=HostReading(hostname=platform.node(), system=platform.system()),
            driver=DriverReading(state=NvmlState.FAILED, problem=what),
            problems=(Problem(source="host", what=what),),
        )


def next_due_s(start_s: float, interval_s: float, now_s: float) -> float:
    """The first point after now of the grid that begins at `start_s`, all in seconds."""
    return start_s + (math.floor((now_s - start_s) / interval_s) + 1) * interval_s


def take_readings(
    every_s: float = 1.0,
    count: int | None = None,
    *,
    wanted: Wanted = NOTHING_MORE,
    make_source: MakeSource = system_machine,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Reading]:
    """Readings in this thread, the first after the driver has started and rates are known.

    Args:
        every_s: Seconds between readings.
        count: How many; None goes on for ever.
        wanted: What they are to hold beside the usual.
        make_source: Makes what takes the readings.
        clock: Monotonic clock, in seconds.
        sleep: Waits for so many seconds.
    """
    source = make_source(lambda: None)
    try:
        source.read(gpu_wait_s=DRIVER_START_WAIT_S, wanted=wanted)
        sleep(GAP_S)
        start_s, taken = clock(), 0
        while count is None or taken < count:
            if taken:
                now_s = clock()
                sleep(next_due_s(start_s, every_s, now_s) - now_s)
            yield source.read(gpu_wait_s=every_s, wanted=wanted)
            taken += 1
    finally:
        source.close()


def take_reading(
    make_source: MakeSource = system_machine, *, wanted: Wanted = NOTHING_MORE
) -> Reading:
    """One reading: waits for the driver and knows the rates."""
    with closing(take_readings(count=1, wanted=wanted, make_source=make_source)) as readings:
        return next(readings)
