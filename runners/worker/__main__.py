"""Starts one job: `python -P -m runners.worker SETTINGS`, run by racetop itself.

torch is imported only after the worker is tied to its parent, bound to its cores and has said
hello, so that the screen can tell what a slow start is spent on.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping

from runners.events import (
    CHANNEL_VARIABLE,
    CONTROL_VARIABLE,
    Hello,
    Stage,
    WarningRaised,
)
from runners.worker import lifeline
from runners.worker.channel import EventChannel
from runners.worker.errors import failure_of
from runners.worker.libraries import load_torch, load_torchvision
from runners.worker.stop import Stop
from runners.workloads import JobSettings

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_USAGE = f"""\
This is racetop's training process; `racetop compare` or the live screen start it, as
  {CHANNEL_VARIABLE}=fd:N {CONTROL_VARIABLE}=fd:M python -P -m runners.worker SETTINGS
where N is the writing end of a pipe for events, M the reading end of a pipe that racetop holds
open, and SETTINGS a JSON object. To see what it would find here:
  python -P -m runners.worker --probe"""


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the job and return the exit status: 0 done or stopped, 1 failed, 2 wrongly started."""
    if arguments == ["--probe"]:
        from runners.worker import probe

        probe.main()
        return 0
    try:
        events_fd = _descriptor(environment[CHANNEL_VARIABLE])
        control_fd = _descriptor(environment[CONTROL_VARIABLE])
        (text,) = arguments
        settings = JobSettings.from_wire(json.loads(text))
    except (KeyError, ValueError, TypeError, OSError) as error:
        print(f"{_USAGE}\n({type(error).__name__}: {error})", file=sys.stderr)
        return 2
    stop = Stop()
    stop.listen()
    lifeline.die_with_parent()
    warning = _bind_to_cores(settings)
    lifeline.watch_control_pipe(control_fd)
    channel = EventChannel(events_fd)
    status = _run(settings, channel, stop, warning)
    channel.close()
    return status


def _run(settings: JobSettings, channel: EventChannel, stop: Stop, warning: str | None) -> int:
    channel.send(Hello(pid=os.getpid(), python=platform.python_version(), cores=_cores()))
    if warning:
        channel.send(WarningRaised(text=warning))
    try:
        with channel.stage(Stage.IMPORT):
            load_torch()
            load_torchvision()
            from runners.worker import job
        job.run(settings, channel, stop)
    except Exception as error:  # noqa: BLE001 - every failure is told, none is lost
        channel.send(failure_of(error, settings))
        return 1
    return 0


def _descriptor(address: str) -> int:
    """The number in `fd:N`, which has to be open."""
    kind, _, number = address.partition(":")
    if kind != "fd":
        raise ValueError(f"{address} is not of the form fd:N")
    os.fstat(int(number))
    return int(number)


def _bind_to_cores(settings: JobSettings) -> str | None:
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
