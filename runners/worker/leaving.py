"""Ends a process at once, without taking torch apart piece by piece, which takes about a second."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """End this process after what was registered for its end has run.

    Args:
        status: The exit status.
    """
    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # whoever reads it may be gone
                stream.flush()
    finally:
        os._exit(status)
