"""What a terminal shows after a stream of bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import NamedTuple

import pyte

# Sequences that pyte 0.8 does not know and would print: keyboard protocols, queries of modes.
_UNKNOWN = re.compile(r"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
# "Once more, so many times": curses programs save bytes by it, and pyte does not know it.
_REPEAT = re.compile(r"(.)\x1b\[(\d+)b", re.DOTALL)
# A sequence whose end is still to come.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:<=>?$ ]*|\][^\x07\x1b]*)?\Z")


class Chunk(NamedTuple):
    """Bytes that came in one piece, and when, in seconds since the program's start."""

    at_s: float
    data: bytes


class Screen:
    """A terminal's screen, rebuilt from what a program wrote."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, data: bytes) -> None:
        """Take in the next bytes, wherever they were cut."""
        text = self._held + self._decoder.decode(data)
        cut = _UNFINISHED.search(text)
        whole, self._held = (text[: cut.start()], text[cut.start() :]) if cut else (text, "")
        plain = _REPEAT.sub(lambda found: found[1] * (int(found[2]) + 1), whole)
        self._stream.feed(_UNKNOWN.sub("", plain))

    def lines(self) -> list[str]:
        """All rows as text."""
        return list(self._screen.display)

    def text(self) -> str:
        """All rows as one text, spaces at their ends left out."""
        return "\n".join(line.rstrip() for line in self.lines())


def first_time(chunks: Iterable[Chunk], screen: Screen, *words: str) -> float | None:
    """When all the words were on the screen for the first time; None for never."""
    for chunk in chunks:
        screen.feed(chunk.data)
        text = screen.text()
        if all(word in text for word in words):
            return chunk.at_s
    return None


class Press(NamedTuple):
    """A key press: when, and whether the word it is about is to appear or to go."""

    at_s: float
    appears: bool


def delays_s(
    chunks: Iterable[Chunk], presses: Iterable[Press], screen: Screen, word: str
) -> list[float | None]:
    """Seconds from each press to the screen it asked for; None where that never came."""
    remaining = iter(chunks)
    found: list[float | None] = []
    queue = list(presses)
    ends_s = [press.at_s for press in queue[1:]] + [float("inf")]
    chunk = next(remaining, None)
    for press, end_s in zip(queue, ends_s, strict=True):
        delay_s = None
        while chunk is not None and chunk.at_s < end_s:
            screen.feed(chunk.data)
            is_shown = word in screen.text()
            if delay_s is None and chunk.at_s >= press.at_s and is_shown == press.appears:
                delay_s = chunk.at_s - press.at_s
            chunk = next(remaining, None)
        found.append(delay_s)
    return found
