"""Times one unit of work, an epoch or a call, the device synchronized at both ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext

from runners.events import EpochFinished
from runners.worker.core_wait import core_waits_s, longest_s
from runners.worker.cpu_time import children_s
from runners.worker.devices import Device
from runners.worker.loader_use import LoaderWatch
from runners.worker.timing import NoTimer, PhaseTimer


def time_unit(
    device: Device,
    work: Callable[[], object],
    *,
    epoch: int,
    samples: int,
    steps: int,
    is_watched: bool,
    timer: PhaseTimer | None = None,
    loader: LoaderWatch | None = None,
) -> EpochFinished:
    """Do the work and tell what it took; what it learned is left unknown.

    What takes time to look up is looked up before the work and after it, not within it.

    Args:
        device: Where the work is done.
        work: One unit.
        epoch: Its number, counted from 1.
        samples: Samples in it.
        steps: Steps in it.
        is_watched: Whether more is told than time and memory.
        timer: Times the steps of the work; None where it has none.
        loader: Watches the loader processes, if that is wanted; None where there are none.
    """
    timer = timer or NoTimer()
    loader = loader if is_watched else None
    with loader.epoch() if loader else nullcontext():
        device.synchronize()
        waits_s = core_waits_s() if is_watched else {}
        others_start_s, own_start_s = children_s(), time.process_time()
        mono_s, start_s = time.monotonic(), time.perf_counter()
        work()
        device.synchronize()
        epoch_s, own_s = time.perf_counter() - start_s, time.process_time() - own_start_s
    others_s = _difference(others_start_s, children_s())
    return EpochFinished(
        epoch=epoch,
        started_mono_s=mono_s,
        epoch_s=epoch_s,
        process_s=None if others_s is None else own_s + others_s,
        samples=samples,
        steps=steps,
        phases=timer.phases(),
        phase_clock=timer.clock,
        device_idle_s=timer.device_idle_s(),
        first_wait_s=timer.first_wait_s(),
        step_times=timer.step_times(),
        core_wait_s=longest_s(waits_s, core_waits_s()) if waits_s else None,
        loader=loader.use(others_s) if loader else None,
        peak_memory_bytes=device.peak_memory_bytes(),
        peak_reserved_bytes=device.peak_reserved_bytes(),
        peak_device_used_bytes=device.peak_device_used_bytes(),
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
