"""The GPUs, asked in a thread of their own: a driver that hangs holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from sensors.gpu_readings import DriverReading, NvmlState
from sensors.nvidia import NvidiaReading
from sensors.readings import Problem
from sensors.wanted import NOTHING_MORE, Wanted

SILENT_AFTER_S = 3.0
JOIN_S = 0.5
_HUNG_REMEDY = "Look for Xid in `sudo dmesg`; if `nvidia-smi` hangs too, reboot."


class GpuSource(Protocol):
    """What can be asked about GPUs, from one thread."""

    @property
    def is_open(self) -> bool:
        """Whether the driver let itself be opened; from any thread, at once."""

    def read(self, wanted: Wanted) -> NvidiaReading:
        """Look at all cards; may take as long as the driver takes."""

    def idle(self) -> bool:
        """Use the time between two looks for a moment; tells whether there is more to do."""

    def close(self) -> None:
        """Give the driver back."""


class GpuThread:
    """Asks a source when asked to, and knows its newest answer at any time.

    Args:
        source: What to ask; only ever used in this thread.
        on_first: Called in this thread when the first answer is there.
        clock: Monotonic clock, in seconds.
    """

    def __init__(
        self,
        source: GpuSource,
        on_first: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._on_first = on_first
        self._clock = clock
        self._changed = threading.Condition()
        self._newest = NvidiaReading(driver=DriverReading(state=NvmlState.STARTING))
        self._asked_at_s: float | None = None
        self._wanted = NOTHING_MORE
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gpus", daemon=True)
        self._thread.start()

    def ask(self, wanted: Wanted = NOTHING_MORE) -> bool:
        """Ask for a new look. False where the last one is still unanswered."""
        with self._changed:
            if self._asked_at_s is not None:
                return False
            self._asked_at_s = self._clock()
            self._wanted = wanted
            self._changed.notify_all()
            return True

    def newest(self, wait_s: float) -> NvidiaReading:
        """The newest look, with a problem where the driver is silent.

        Args:
            wait_s: How long to wait for an answer to the last `ask`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._asked_at_s is None, timeout=wait_s)
            if self._asked_at_s is None:
                return self._newest
            silent_s = self._clock() - self._asked_at_s
            if silent_s < SILENT_AFTER_S:
                return self._newest
            driver = self._newest.driver
            problem = _silence(driver.state, silent_s, is_open=self._source.is_open)
            if driver.state in (NvmlState.OK, NvmlState.STARTING):
                is_ok = driver.state is NvmlState.OK
                driver = replace(
                    driver,
                    state=NvmlState.SILENT if is_ok else NvmlState.STARTING,
                    problem=problem.what,
                    remedy=problem.remedy,
                )
            problems = (*self._newest.problems, problem)
            return replace(self._newest, driver=driver, problems=problems)

    def close(self) -> None:
        """End the thread; where the driver hangs, leave it behind."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout=JOIN_S)

    def _run(self) -> None:
        is_first = True
        while self._wait_for_question():
            answer = self._read()
            with self._changed:
                self._newest = answer
                self._asked_at_s = None
                self._changed.notify_all()
            if is_first:
                self._on_first()
                is_first = False
            while not self._is_wanted() and self._source.idle():
                pass
        self._source.close()

    def _read(self) -> NvidiaReading:
        try:
            return self._source.read(self._wanted)
        except Exception as error:  # noqa: BLE001 - one bad look must not end all others
            what = f"The GPUs could not be read: {type(error).__name__}: {error}"
            driver = DriverReading(state=NvmlState.FAILED, problem=what)
            return NvidiaReading(driver=driver, problems=(Problem(source="nvml", what=what),))

    def _wait_for_question(self) -> bool:
        with self._changed:
            self._changed.wait_for(self._is_wanted)
            return not self._closing

    def _is_wanted(self) -> bool:
        return self._closing or self._asked_at_s is not None


def _silence(state: NvmlState, silent_s: float, *, is_open: bool) -> Problem:
    if state is NvmlState.STARTING and is_open:
        return Problem(
            source="nvml",
            what=f"The NVIDIA driver started, but has not answered for {int(silent_s)} s.",
            remedy=_HUNG_REMEDY,
        )
    if state is NvmlState.STARTING:
        return Problem(
            source="nvml",
            what=f"The NVIDIA driver is still starting after {int(silent_s)} s.",
            remedy="Persistence mode keeps it awake: `sudo nvidia-smi -pm 1`.",
        )
    return Problem(
        source="nvml",
        what=f"The NVIDIA driver has not answered for {int(silent_s)} s; "
        "what is shown of the GPUs is from before.",
        remedy=_HUNG_REMEDY,
    )
