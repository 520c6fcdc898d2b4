"""Ties a worker's life to the process that started it, and its loaders' lives to the worker."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends; Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def outlive_parent() -> None:
    """Take `die_with_parent` back, where the process learns of that end and has more to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)


def watch_control_pipe(fd: int) -> None:
    """End this process group as soon as the other end of the control pipe is closed."""
    os.set_inheritable(fd, False)
    threading.Thread(target=_kill_at_end_of, args=(fd,), name="control", daemon=True).start()


def start_loader_process(_number: int) -> None:
    """Set up a loader process: it ends with its worker and leaves a polite stop to it.

    What the kernel does at the end of the process that forked it is not enough: that may be
    Python's fork server, which lives as long as any process that it started.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    threading.Thread(target=_end_with_worker, name="worker", daemon=True).start()


def _end_with_worker() -> None:
    """Wait for the process that asked for this one, whichever one forked it."""
    worker = multiprocessing.parent_process()
    if worker is not None:
        worker.join()
        os._exit(1)


def _kill_at_end_of(fd: int) -> None:
    while os.read(fd, 4096):
        pass
    leads_its_group = os.getpgrp() == os.getpid()
    (os.killpg if leads_its_group else os.kill)(os.getpid(), signal.SIGKILL)
