"""One job in this process: tied to its parent, bound to its cores, then run and told of."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import nullcontext

from runners.events import Hello, Stage, WarningRaised
from runners.worker import lifeline
from runners.worker.channel import EventChannel
from runners.worker.errors import failure_of
from runners.worker.libraries import load_torch
from runners.worker.stop import Stop
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def run_job(settings: JobSettings, events_fd: int, control_fd: int) -> int:
    """Run a job on the main thread of a process that does nothing else after it.

    torch is imported only after hello is said, so that the screen can tell what a slow start is
    spent on. A process that has torch imported already tells of no such stage.

    Args:
        settings: What to do.
        events_fd: Where events are written; becomes non-blocking.
        control_fd: Reading end of a pipe; its end ends this process and its group.

    Returns:
        The exit status: 0 done or stopped, 1 failed.
    """
    stop = Stop()
    stop.listen()
    lifeline.die_with_parent()
    warning = bind_to_cores(settings)
    lifeline.watch_control_pipe(control_fd)
    channel = EventChannel(events_fd)
    channel.send(Hello(pid=os.getpid(), python=platform.python_version(), cores=_cores()))
    if warning:
        channel.send(WarningRaised(text=warning))
    status = _run(settings, channel, stop)
    channel.close()
    return status


def _run(settings: JobSettings, channel: EventChannel, stop: Stop) -> int:
    try:
        is_imported = "runners.worker.job" in sys.modules
        with nullcontext() if is_imported else channel.stage(Stage.IMPORT):
            load_torch()
            from runners.worker import job

            job.work_of(CATALOGUE[settings.workload])
        job.run(settings, channel, stop)
    except Exception as error:  # noqa: BLE001 - every failure is told, none is lost
        channel.send(failure_of(error, settings))
        return 1
    return 0


def bind_to_cores(settings: JobSettings) -> str | None:
    """Keep to the job's cores and threads; a warning where the system does not let us."""
    threads = settings.threads or len(settings.cores)
    if threads:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    if not settings.cores or not hasattr(os, "sched_setaffinity"):
        return None
    try:
        os.sched_setaffinity(0, settings.cores)
    except OSError as error:
        return f"The job is not bound to cores {list(settings.cores)}: {error.strerror}."
    return None


def _cores() -> tuple[int, ...]:
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
