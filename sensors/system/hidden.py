"""Answers that a system or a container may keep to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psutil

# What psutil raises where something is hidden or does not exist.
_HIDDEN = (OSError, psutil.Error, AttributeError, NotImplementedError, ValueError, IndexError)

T = TypeVar("T")


def unless_hidden(call: Callable[[], T]) -> T | None:
    """What a call gives; None where the system does not tell."""
    try:
        return call()
    except _HIDDEN:
        return None
