"""A worker process as its supervisor sees it, and one that racetop started itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_POLL_S = 0.05


class WorkerProcess(Protocol):
    """A process that leads a process group; its number is its own until it is reaped."""

    @property
    def pid(self) -> int:
        """Its number, and its group's."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, negative when a signal ended it; None before it was reaped."""

    def watch(self, ended: Callable[[], None]) -> None:
        """Call `ended` on the event loop, once, when it has ended; it may be so already."""

    def reap(self) -> None:
        """Wait for its end, free its number and watch no more."""


class StartedProcess:
    """A child of racetop."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._pidfd = open_pidfd(process.pid)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int:
        """See `WorkerProcess`."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """See `WorkerProcess`."""
        return self._process.returncode

    def watch(self, ended: Callable[[], None]) -> None:
        """See `WorkerProcess`."""
        if self._pidfd is not None:
            self._loop.add_reader(self._pidfd, self._ended, ended)
        elif self._process.poll() is None:
            self._timer = self._loop.call_later(_POLL_S, self.watch, ended)
        else:
            ended()

    def reap(self) -> None:
        """See `WorkerProcess`."""
        self._forget_pidfd()
        if self._timer is not None:
            self._timer.cancel()
        self._process.wait()

    def _ended(self, ended: Callable[[], None]) -> None:
        self._forget_pidfd()
        ended()

    def _forget_pidfd(self) -> None:
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None


def open_pidfd(pid: int) -> int | None:
    """A descriptor that tells of the end of a process; None where the system has none."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None


def can_watch_any() -> bool:
    """Whether the system tells of the end of processes that are not our children."""
    pidfd = open_pidfd(os.getpid())
    if pidfd is not None:
        os.close(pidfd)
    return pidfd is not None
