import pytest
from rich.cells import cell_len
from textual.strip import Strip

from tui.line import Line, eighths, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import changed_spans

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})


def text_of(strip: Strip) -> str:
    return "".join(segment.text for segment in strip)


@pytest.mark.parametrize("width", [0, 1, 2, 5, 11, 12, 40])
def test_a_row_is_exactly_as_wide_as_asked(width: int) -> None:
    strip = Line(PALETTE).add("hello").add(" ").add("模型world").strip(width)
    assert cell_len(text_of(strip)) == width == strip.cell_length


def test_a_cut_row_is_marked() -> None:
    assert text_of(Line(PALETTE).add("12345").add("6789").strip(7)) == "123456…"


def test_a_bar_fills_by_half_cells_and_differs_from_its_track_without_color() -> None:
    assert text_of(Line(PALETTE).bar(0.5, 5, Role.CPU).strip(5)) == "━━╸──"
    assert text_of(Line(PALETTE).bar(None, 4, Role.CPU).strip(4)) == "────"
    assert text_of(Line(PALETTE).bar(7.0, 4, Role.CPU).strip(4)) == "━━━━"


def test_a_column_of_eighths_is_never_invisible() -> None:
    assert eighths([0.0, 0.5, 1.0, 2.0]) == "▁▄██"


def test_wrapping_breaks_long_words_and_keeps_all_text() -> None:
    text = "the driver /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1 is missing"
    rows = wrap(text, 20)
    assert all(cell_len(row) <= 20 for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")


def spans(old: Line, new: Line, width: int = 20) -> list[tuple[int, int]]:
    return list(changed_spans(old.strip(width), new.strip(width), width))


def test_equal_rows_send_nothing() -> None:
    assert (
        spans(Line(PALETTE).add("busy").add(" 62 %"), Line(PALETTE).add("busy").add(" 62 %")) == []
    )


def test_only_changed_pieces_are_sent() -> None:
    old = Line(PALETTE).add("busy ").add(" 62 %").add("  ").add("1740 MHz")
    new = Line(PALETTE).add("busy ").add(" 63 %").add("  ").add("1741 MHz")
    assert spans(old, new) == [(5, 10), (12, 20)]


def test_pieces_of_new_widths_are_sent_as_one_span_up_to_the_equal_end() -> None:
    old = Line(PALETTE).bar(0.5, 8, Role.CPU).add(" 50 %").add(" end")
    new = Line(PALETTE).bar(0.25, 8, Role.CPU).add(" 25 %").add(" end")
    assert spans(old, new, 17) == [(0, 13)]


def test_a_change_of_style_alone_is_sent() -> None:
    assert spans(Line(PALETTE).add("hot"), Line(PALETTE).add("hot", Role.BAD)) == [(0, 3)]
