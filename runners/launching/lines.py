"""Lines out of bytes that other programs write: bounded whatever they write."""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

from runners.text import counted


class RawLine(NamedTuple):
    """One line without its end.

    Attributes:
        content: Its bytes, the first of them where it was too long.
        is_cut: Whether it was too long.
    """

    content: bytes
    is_cut: bool


class LineSplitter:
    """Splits a stream of bytes into lines, keeping at most `max_bytes` of each."""

    def __init__(self, max_bytes: int, *, ends: bytes = b"\n") -> None:
        self._max_bytes = max_bytes
        self._end = re.compile(b"[" + re.escape(ends) + b"]")
        self._buffer = bytearray()
        self._is_cut = False

    def feed(self, chunk: bytes) -> list[RawLine]:
        """The lines that end within this chunk; empty lines are left out."""
        *ended, rest = self._end.split(chunk)
        lines = []
        for part in ended:
            self._grow(part)
            lines.extend(self.finish())
        self._grow(rest)
        return lines

    def finish(self) -> list[RawLine]:
        """What has come since the last end of a line, as a line, if there is anything."""
        if not self._buffer:
            return []
        line = RawLine(bytes(self._buffer), self._is_cut)
        self._buffer.clear()
        self._is_cut = False
        return [line]

    def _grow(self, part: bytes) -> None:
        room = self._max_bytes - len(self._buffer)
        self._is_cut = self._is_cut or len(part) > room
        self._buffer += part[:room]


class LogGate:
    """Lets through so many lines of a log a second; of the others it keeps the newest.

    What was left out is told in a line of its own, and the newest lines follow it: the last
    thing a program says before it ends is what its reader looks for.
    """

    def __init__(self, lines_per_s: int = 200, lines_kept: int = 20) -> None:
        self._lines_per_s = lines_per_s
        self._second_began_s = float("-inf")
        self._room = 0
        self._held: deque[RawLine] = deque(maxlen=lines_kept)
        self._held_total = 0

    @property
    def is_holding(self) -> bool:
        """Whether lines wait for the next second."""
        return bool(self._held)

    def admit(self, lines: list[RawLine], now_s: float) -> list[str]:
        """What may pass now: lines held since an earlier second, then the new ones.

        Args:
            lines: New lines.
            now_s: A monotonic clock, in seconds.
        """
        texts = []
        if now_s - self._second_began_s >= 1.0:
            texts = self.release()
            self._second_began_s = now_s
            self._room = self._lines_per_s
        passing, held = lines[: self._room], lines[self._room :]
        self._room -= len(passing)
        self._held.extend(held)
        self._held_total += len(held)
        return [*texts, *map(_text, passing)]

    def release(self) -> list[str]:
        """The lines held, after a note on those left out."""
        left_out = self._held_total - len(self._held)
        note = [f"({counted(left_out, 'line')} left out)"] if left_out else []
        texts = [*note, *map(_text, self._held)]
        self._held.clear()
        self._held_total = 0
        return texts


def _text(line: RawLine) -> str:
    return line.content.decode(errors="replace") + ("..." if line.is_cut else "")
