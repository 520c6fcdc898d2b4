from __future__ import annotations

import pytest

from runners.text import counted, printable, shorten, times


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 漢字", "plain ünïcode 漢字"),
        ("red \x1b[31m", "red \ufffd[31m"),
        ("a\tb\r\nc", "a b  c"),
        ("\u202eevil", "\ufffdevil"),
        ("half \udcff", "half \ufffd"),
        ("\x9b2J", "\ufffd2J"),
        ("no\xa0break", "no break"),
    ],
)
def test_text_that_is_not_ours_cannot_command_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_to_the_width() -> None:
    assert shorten("abcdefgh", 6) == "abc..."
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdef", 2) == ".."


def test_a_noun_follows_its_number() -> None:
    assert counted(1, "core") == "1 core"
    assert counted(2, "core") == "2 cores"
    assert counted(2, "process", "processes") == "2 processes"


def test_a_ratio_has_three_digits_and_no_more_than_two_decimals() -> None:
    values = (0.047, 0.68, 1.0, 16.96, 159.4, 1234.5)
    assert [*map(times, values)] == ["0.05x", "0.68x", "1.00x", "17.0x", "159x", "1,234x"]
