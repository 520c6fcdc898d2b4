"""Text that is not ours, made safe to print on a terminal; numbers in words."""

from __future__ import annotations

_MINUTE_S = 60.0
_HOUR_MIN = 60.0
# Up to two minutes and two hours the smaller unit reads better.
_LONG_S = 120.0
_LONG_MIN = 120.0


def printable(text: str) -> str:
    """The text on one line, without anything a terminal could take for a command.

    White space becomes a plain space; other characters that do not print (control and escape
    characters, changes of writing direction, halves of surrogate pairs) become U+FFFD.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def shorten(text: str, width: int) -> str:
    """The text, its end replaced by `...` where it is longer than `width` characters."""
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."[:width]


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """A number and its noun, such as `1 core` or `2 cores`; `nouns` is an irregular plural."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {nouns or noun + 's'}"


def digits(value: float) -> int:
    """Digits behind the point that make three in all; below 1 three."""
    size = abs(value)
    return 3 if size < 0.9995 else 2 if size < 9.995 else 1 if size < 99.95 else 0


def times(value: float) -> str:
    """How many times as fast, such as `0.68x`, `14.3x` or `1,235x`."""
    return f"{value:,.{min(digits(value), 2)}f}x"


def duration(value_s: float) -> str:
    """A stretch of time in words, such as `1.5 s`, `90 s`, `12.9 min` or `5.2 h`."""
    if value_s < _LONG_S:
        return f"{value_s:.3g} s"
    minutes = value_s / _MINUTE_S
    return f"{minutes:.1f} min" if minutes < _LONG_MIN else f"{minutes / _HOUR_MIN:.1f} h"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
