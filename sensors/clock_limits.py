"""NVML's clocks-event bits as clock limits: stable names, words, severity."""

from __future__ import annotations

from functools import lru_cache

from sensors.gpu_readings import ClockLimit, Severity


def _limit(name: str, text: str, severity: Severity) -> ClockLimit:
    return ClockLimit(name=name, text=text, severity=severity)


_KNOWN = {
    0x1: _limit("idle", "idle: nothing runs", Severity.INFORMATION),
    0x2: _limit("application-clocks", "clocks set by a user", Severity.INFORMATION),
    0x4: _limit("power-cap", "at the power limit", Severity.WARNING),
    0x8: _limit("hw-slowdown", "hardware slowdown: heat or power", Severity.CRITICAL),
    0x10: _limit("sync-boost", "held to the slowest GPU of its group", Severity.INFORMATION),
    0x20: _limit("sw-thermal", "hot: the driver lowers clocks", Severity.WARNING),
    0x40: _limit("hw-thermal", "too hot: clocks halved or less", Severity.CRITICAL),
    0x80: _limit("power-brake", "power brake: the supply asks for less", Severity.CRITICAL),
    0x100: _limit("display-clocks", "clocks set for the display", Severity.INFORMATION),
    0x200: _limit("board-limit", "at a limit of the board", Severity.WARNING),
    0x400: _limit("reliability-limit", "held for reliable voltage", Severity.WARNING),
}


@lru_cache(maxsize=64)
def clock_limits(bits: int) -> tuple[ClockLimit, ...]:
    """The limits behind a mask of clocks-event reasons, most severe first.

    A bit this version does not know becomes `unknown-0x...`.
    """
    found = []
    while bits:
        bit = bits & -bits
        bits ^= bit
        found.append(_KNOWN.get(bit) or _unknown(bit))
    order = list(Severity)
    return tuple(sorted(found, key=lambda limit: -order.index(limit.severity)))


def _unknown(bit: int) -> ClockLimit:
    return _limit(f"unknown-{bit:#x}", f"driver reason {bit:#x}", Severity.INFORMATION)
