"""Starts one worker process and reports what it says until it is gone.

A worker leads a session of its own. It says events on a pipe that is passed to it by number;
its standard output and error are a log. It holds the read end of a second pipe, the control
pipe: when that ends, its parent is gone and it ends as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from runners.devices import is_accelerator
from runners.events import CHANNEL_VARIABLE, CONTROL_VARIABLE, ErrorKind, Event, JobFailed
from runners.launching.processes import StartedProcess
from runners.launching.supervision import Patience, supervise
from runners.launching.worker_pipes import WorkerEnds, close_all, open_pipes
from runners.process_events import WorkerExited
from runners.workloads import JobSettings

_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_NOT_STARTED = 127


async def run_worker(
    settings: JobSettings,
    on_event: Callable[[Event], None],
    *,
    command: Sequence[str] | None = None,
    patience: Patience | None = None,
) -> None:
    """Run one job in a worker process and report its events as they come.

    Cancelling this coroutine asks the worker to stop: SIGINT, then SIGTERM and SIGKILL to its
    whole process group. Cancelling it again kills at once. Either way it returns or raises only
    when the group is gone and its last words have been reported. It must run on a thread that
    lives as long as the program: on Linux a worker dies with the thread that started it.

    Args:
        settings: What to train, and how.
        on_event: Called on the event loop, once per event, in the order written; `WorkerExited`
            is always the last.
        command: The program to start, None for the worker; the settings follow as its last
            argument, as JSON.
        patience: How long to wait for what; None for the usual times.

    Raises:
        asyncio.CancelledError: It was cancelled, and the worker is gone.
    """
    try:
        pipes = open_pipes()
    except OSError as error:
        _report_no_start(on_event, error)
        return
    try:
        process = _start(
            [*(command or worker_command()), json.dumps(settings.to_wire())],
            settings.device,
            pipes.theirs,
        )
    except OSError as error:
        close_all(pipes.ours)
        _report_no_start(on_event, error)
        return
    finally:
        close_all(pipes.theirs)
    await supervise(StartedProcess(process), pipes.ours, on_event, patience or Patience())


def worker_command() -> tuple[str, ...]:
    """The command that starts the worker, from whatever folder we are in."""
    return (sys.executable, "-P", "-m", "runners.worker")


def worker_environment(
    device: str | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment of a worker: ours, with what a job on this device needs.

    Args:
        device: torch's spelling; None for a worker that is to see them all.
        base: The environment to start from.
    """
    environment = {**base, "PYTHONUNBUFFERED": "1"}
    folder = Path(__file__).resolve().parents[2]
    if folder.name not in _PACKAGE_FOLDERS:
        known = base.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(folder), *([known] if known else [])])
    if device is None or is_accelerator(device):
        # `cuda:N` is then the GPU that NVML, and so the screen, calls N.
        environment.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    else:
        # Without GPUs in sight nothing in a job on the CPU, a library's start-up included, can
        # make a CUDA context, which costs time and GPU memory.
        environment["CUDA_VISIBLE_DEVICES"] = ""
    return environment


def _start(command: Sequence[str], device: str, ends: WorkerEnds) -> subprocess.Popen[bytes]:
    """Start the process with its ends of the pipes.

    Raises:
        OSError: The system would not start it.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=ends.stdout,
        stderr=ends.stderr,
        pass_fds=(ends.events, ends.control),
        start_new_session=True,
        env={
            **worker_environment(device),
            CHANNEL_VARIABLE: f"fd:{ends.events}",
            CONTROL_VARIABLE: f"fd:{ends.control}",
        },
    )


def _report_no_start(on_event: Callable[[Event], None], error: OSError) -> None:
    on_event(
        JobFailed(
            error=ErrorKind.CRASHED,
            message=f"The worker could not be started: {error}.",
            remedy="Look at free memory and at the limits that `ulimit -a` shows.",
        )
    )
    on_event(
        WorkerExited(
            returncode=_NOT_STARTED, stopped=False, oom_killed=False, mono_s=time.monotonic()
        )
    )
