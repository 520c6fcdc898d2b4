"""Reads pipes on an event loop without ever waiting for them."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from runners.launching.lines import LineSplitter, RawLine

# All that a pipe can hold.
_PIPE_BYTES = 65_536


class PipeReader:
    """Hands out the lines of one pipe; reads on only when those it had were taken.

    That bounds what is held in memory: whoever writes faster than we read has to wait, or
    drops what it has to say.
    """

    def __init__(self, fd: int, splitter: LineSplitter, wake: Callable[[], None]) -> None:
        """Start to read.

        Args:
            fd: Read end of the pipe; closed at its end or by `close`.
            splitter: Makes lines of what is read.
            wake: Called on the event loop when there are lines to take, or the pipe has ended.
        """
        self._fd = fd
        self._splitter = splitter
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._lines: deque[RawLine] = deque()
        self._is_open = True
        self._is_reading = False
        os.set_blocking(fd, False)
        self._resume()

    @property
    def has_ended(self) -> bool:
        """Whether all there ever was has been taken."""
        return not self._is_open and not self._lines

    @property
    def has_lines(self) -> bool:
        """Whether there is something to take right now."""
        return bool(self._lines)

    def take(self, limit: int | None = None) -> list[RawLine]:
        """Up to `limit` lines, or all there are, in the order written."""
        count = len(self._lines) if limit is None else min(limit, len(self._lines))
        lines = [self._lines.popleft() for _ in range(count)]
        if not self._lines:
            self._resume()
        return lines

    def close(self) -> None:
        """Read what is in the pipe, and no more."""
        if self._is_open:
            self._pause()
            self._is_open = False
            with suppress(BlockingIOError):
                self._lines.extend(self._splitter.feed(os.read(self._fd, _PIPE_BYTES)))
            self._lines.extend(self._splitter.finish())
            os.close(self._fd)

    def _resume(self) -> None:
        if self._is_open and not self._is_reading:
            self._is_reading = True
            self._loop.add_reader(self._fd, self._read)

    def _pause(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._fd)

    def _read(self) -> None:
        try:
            chunk = os.read(self._fd, _PIPE_BYTES)
        except BlockingIOError:
            return
        if chunk:
            self._lines.extend(self._splitter.feed(chunk))
        else:
            self.close()
        if self._lines or not self._is_open:
            self._pause()
            self._wake()
