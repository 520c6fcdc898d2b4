"""Waits for other programs to leave the machine alone."""

from __future__ import annotations

import time

import psutil

BUSY_PCT = 10.0

_LOOK_S = 0.5


def wait_for_quiet(limit_s: float) -> float:
    """Wait until the cores are nearly idle, or for so long; how busy they were last, in percent."""
    end_s = time.monotonic() + limit_s
    while True:
        busy_pct = psutil.cpu_percent(_LOOK_S)
        if busy_pct <= BUSY_PCT or time.monotonic() >= end_s:
            return busy_pct
