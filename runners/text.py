"""Text that is not ours, made safe to print on a terminal."""

from __future__ import annotations


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


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
