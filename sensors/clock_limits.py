"""NVML's clocks-event bits as clock limits: stable names, words, severity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from sensors.gpu_readings import ClockLimit, Severity


def _limit(name: str, text: str, severity: Severity) -> ClockLimit:
    return ClockLimit(name=name, text=text, severity=severity)


HW_SLOWDOWN = 0x8
_SEVERITIES = list(Severity)
_TELLING_FIRST = ("hw-thermal", "power-brake", "sw-thermal", "hw-slowdown")
_KNOWN = {
    0x1: _limit("idle", "idle: nothing runs", Severity.INFORMATION),
    0x2: _limit("application-clocks", "clocks set by a user", Severity.INFORMATION),
    0x4: _limit("power-cap", "at the power limit", Severity.WARNING),
    HW_SLOWDOWN: _limit("hw-slowdown", "hardware slowdown: heat or power", Severity.CRITICAL),
    0x10: _limit("sync-boost", "held to the slowest GPU of its group", Severity.INFORMATION),
    0x20: _limit("sw-thermal", "hot: the driver lowers clocks", Severity.CRITICAL),
    0x40: _limit("hw-thermal", "too hot: clocks halved or less", Severity.CRITICAL),
    0x80: _limit("power-brake", "power brake: the supply asks for less", Severity.CRITICAL),
    0x100: _limit("display-clocks", "clocks set for the display", Severity.INFORMATION),
    0x200: _limit("board-limit", "at a limit of the board", Severity.WARNING),
    0x400: _limit("reliability-limit", "held for reliable voltage", Severity.WARNING),
}


@lru_cache(maxsize=64)
def clock_limits(bits: int, *, is_slowdown_brief: bool = False) -> tuple[ClockLimit, ...]:
    """The limits behind a mask of clocks-event reasons, most severe first.

    A bit this version does not know becomes `unknown-0x...`.

    Args:
        bits: The mask.
        is_slowdown_brief: Whether the hardware slows the clocks down only just now, as it does
            for a moment whenever they change: that is a warning yet.
    """
    found = []
    while bits:
        bit = bits & -bits
        bits ^= bit
        limit = _KNOWN.get(bit) or _unknown(bit)
        if bit == HW_SLOWDOWN and is_slowdown_brief:
            limit = replace(limit, severity=Severity.WARNING)
        found.append(limit)
    return most_severe_first(found)


def most_severe_first(limits: Iterable[ClockLimit]) -> tuple[ClockLimit, ...]:
    """Limits by severity; of equal ones those first that say the most about the cause."""
    return tuple(sorted(limits, key=_rank))


def _rank(limit: ClockLimit) -> tuple[int, int]:
    names = _TELLING_FIRST
    place = names.index(limit.name) if limit.name in names else len(names)
    return -_SEVERITIES.index(limit.severity), place


def _unknown(bit: int) -> ClockLimit:
    return _limit(f"unknown-{bit:#x}", f"driver reason {bit:#x}", Severity.INFORMATION)
