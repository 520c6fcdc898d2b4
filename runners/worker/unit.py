"""Times one unit of work, an epoch or a call, the device synchronized at both ends."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from runners.events import EpochFinished
from runners.worker.devices import Device


def time_unit(
    device: Device, work: Callable[[], object], *, epoch: int, samples: int, steps: int
) -> EpochFinished:
    """Do the work and tell what it took in time and memory; the rest of the event is unknown.

    Args:
        device: Where the work is done.
        work: One unit.
        epoch: Its number, counted from 1.
        samples: Samples in it.
        steps: Steps in it.
    """
    device.synchronize()
    process_start_s, mono_s, start_s = _process_s(), time.monotonic(), time.perf_counter()
    work()
    device.synchronize()
    epoch_s, process_s = time.perf_counter() - start_s, _process_s() - process_start_s
    return EpochFinished(
        epoch=epoch,
        started_mono_s=mono_s,
        epoch_s=epoch_s,
        process_s=process_s,
        samples=samples,
        steps=steps,
        peak_memory_bytes=device.peak_memory_bytes(),
        peak_reserved_bytes=device.peak_reserved_bytes(),
        peak_device_used_bytes=device.peak_device_used_bytes(),
    )


def _process_s() -> float:
    """CPU time of this process and of all its ended children.

    At the edges of an epoch that covers the loader processes: they live within it.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
