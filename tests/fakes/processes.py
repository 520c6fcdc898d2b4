"""Looks for processes that a test must not leave behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def members_of_group(group: int) -> list[int]:
    """The processes of a group that run."""
    return [pid for pid in psutil.pids() if _group_of(pid) == group and is_alive(pid)]


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Look again and again until something holds; False if it never did."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
