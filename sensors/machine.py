"""The whole machine: host, GPUs and processes put together into readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sensors.gpu_readings import GpuReading
from sensors.gpu_thread import GpuSource, GpuThread
from sensors.host import Host
from sensors.nvidia import NvidiaGpus
from sensors.processes import Processes
from sensors.readings import HostReading, Reading
from sensors.wanted import NOTHING_MORE, Wanted


class Machine:
    """Takes readings of this machine; the driver is first asked at the first reading.

    Args:
        on_driver: Called, in another thread, when the driver has answered for the first time.
        gpus: What to ask about GPUs; None is NVIDIA's driver.
        host: The host; None is this one.
        processes: The processes; None is this host's.
        clock: Monotonic clock, in seconds.
        wall_clock: Wall clock, in seconds since the epoch.
    """

    def __init__(
        self,
        on_driver: Callable[[], None] = lambda: None,
        *,
        gpus: GpuSource | None = None,
        host: Host | None = None,
        processes: Processes | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._host = host or Host()
        self._processes = processes or Processes()
        self._gpus = GpuThread(gpus or NvidiaGpus(), on_driver, clock=clock)

    def read(self, *, gpu_wait_s: float, wanted: Wanted = NOTHING_MORE) -> Reading:
        """Look at everything.

        Args:
            gpu_wait_s: How long to wait for the driver before its last answer is taken. A driver
                that already owes an answer is not waited for.
            wanted: What to hold beside the usual.
        """
        began_s, wall_time_s = self._clock(), self._wall_clock()
        is_new = self._gpus.ask(wanted)
        host = self._host.read()
        nvidia = self._gpus.newest(gpu_wait_s if is_new else 0.0)
        processes = self._processes.read(nvidia.processes, wanted) if wanted.processes else ()
        return Reading(
            taken_at_s=began_s,
            wall_time_s=wall_time_s,
            took_s=self._clock() - began_s,
            host=host,
            driver=nvidia.driver,
            gpus=tuple(_with_memory(gpu, host) for gpu in nvidia.gpus),
            processes=processes,
            problems=nvidia.problems,
            gpus_taken_at_s=nvidia.taken_at_s,
        )

    def close(self) -> None:
        """Give the driver back."""
        self._gpus.close()


def _with_memory(gpu: GpuReading, host: HostReading) -> GpuReading:
    """The host's memory for a card that has none of its own."""
    if not gpu.memory_is_shared:
        return gpu
    used, total = host.memory_used_bytes, host.memory_total_bytes
    unknown = dict(gpu.unknown)
    if used is not None and total is not None:
        unknown.pop("memory_used_bytes", None)
        unknown.pop("memory_total_bytes", None)
    return replace(gpu, memory_used_bytes=used, memory_total_bytes=total, unknown=unknown)
