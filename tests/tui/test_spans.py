import re

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.spans import SpanUpdate

RED, BLUE = Style(color="#ff0000"), Style(color="#0000ff")
CONSOLE = Console(color_system="truecolor", force_terminal=True)
COLOR = re.compile(r"\x1b\[38;2;(\d+);0;\d+m")


def sent(rows: list[list[Segment]], spans: list[tuple[int, int, int]]) -> str:
    strips = [Strip(row) for row in rows]
    update = SpanUpdate(
        [{0: strip} for strip in strips], spans, [[strip.cell_length] for strip in strips]
    )
    return update.render_segments(CONSOLE)


def test_only_the_columns_of_a_span_are_sent() -> None:
    row = [Segment("abcd", RED), Segment("efgh", RED)]
    assert sent([row], [(0, 2, 5)]) == "\x1b[38;2;255;0;0m\x1b[1;3Hcde\x1b[0m"


def test_each_color_is_named_once_an_update() -> None:
    row = [Segment("ab", RED), Segment("cd", BLUE), Segment("ef", RED)]
    text = sent([row, row], [(0, 0, 6), (1, 1, 5)])
    assert COLOR.findall(text) == ["255", "0"]
    for place in ("\x1b[1;1Hab", "\x1b[1;3Hcd", "\x1b[1;5Hef", "\x1b[2;2Hb", "\x1b[2;5He"):
        assert place in text


def test_wide_characters_move_what_follows_by_two_columns() -> None:
    row = [Segment("模型", RED), Segment("x", BLUE)]
    assert "\x1b[1;5Hx" in sent([row], [(0, 0, 5)])


def test_text_without_a_style_is_sent_plain() -> None:
    assert sent([[Segment("abc")]], [(0, 1, 2)]) == "\x1b[1;2Hb"
