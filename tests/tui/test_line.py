import pytest
from rich.cells import cell_len
from textual.strip import Strip

from tui.line import Line, eighths, flow, wrap
from tui.row_changes import changed_spans
from tui.theme import Palette, Role

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
    return changed_spans(old.strip(width), new.strip(width))


def test_equal_rows_send_nothing() -> None:
    assert (
        spans(Line(PALETTE).add("busy").add(" 62 %"), Line(PALETTE).add("busy").add(" 62 %")) == []
    )


def test_only_changed_cells_are_sent() -> None:
    old = Line(PALETTE).add("busy ", Role.DIM).add(" 62 %").add("  ", Role.CPU).add("1740 MHz")
    new = Line(PALETTE).add("busy ", Role.DIM).add(" 63 %").add("  ", Role.CPU).add("1741 MHz")
    assert spans(old, new) == [(7, 8), (15, 16)]


def test_changes_of_one_color_near_each_other_are_sent_as_one() -> None:
    old = Line(PALETTE).add(" 62 %").add(" 54 °C").add(" 388 W")
    new = Line(PALETTE).add(" 63 %").add(" 54 °C").add(" 389 W")
    assert spans(old, new) == [(2, 15)]


def test_a_bar_that_grows_sends_the_cells_it_grew_by() -> None:
    old = Line(PALETTE).bar(0.5, 8, Role.CPU).add(" 50 %").add(" end")
    new = Line(PALETTE).bar(0.75, 8, Role.CPU).add(" 75 %").add(" end")
    assert spans(old, new, 17) == [(4, 6), (9, 11)]


def test_pieces_of_other_widths_behind_a_change_are_found_equal_again() -> None:
    old = Line(PALETTE).add("at the power limit", Role.WARNING).add(" · rx")
    new = Line(PALETTE).add("none", Role.GOOD).add(" " * 14).add(" · rx")
    assert spans(old, new, 23) == [(0, 18)]


def test_a_change_between_wide_characters_sends_the_whole_piece() -> None:
    old, new = (Line(PALETTE).add("模型").add(text) for text in ("好a", "好b"))
    assert spans(old, new, 8) == [(4, 7)]


def test_the_same_text_in_other_pieces_sends_nothing() -> None:
    assert spans(Line(PALETTE).add("ab").add("cd"), Line(PALETTE).add("abcd")) == []


def test_a_change_of_style_alone_is_sent() -> None:
    assert spans(Line(PALETTE).add("hot"), Line(PALETTE).add("hot", Role.BAD)) == [(0, 3)]


def test_a_row_with_more_behind_it_is_marked_in_its_last_cell() -> None:
    for text in ("short", "1234567", "123456789"):
        row = text_of(Line(PALETTE).add(text).strip(7, more=True))
        assert (cell_len(row), row[-1]) == (7, "…")


def test_fields_flow_on_behind_their_label_and_none_is_lost() -> None:
    fields = [((f"field {number}", Role.TEXT),) for number in range(5)]
    rows = [text_of(line.strip(24)) for line in flow(PALETTE, "label", fields, 24, 7)]
    assert [row.rstrip() for row in rows] == [
        "label  field 0 · field 1",
        "       field 2 · field 3",
        "       field 4",
    ]


def test_a_stacked_bar_tells_its_parts_apart_without_color() -> None:
    parts = [(0.5, "━", Role.CPU), (0.25, "═", Role.KEY), (0.05, "×", Role.BAD)]
    assert text_of(Line(PALETTE).stacked(parts, 8).strip(8)) == "━━━━══──"
    assert text_of(Line(PALETTE).stacked([(0.9, "━", Role.CPU)] * 2, 4).strip(4)) == "━━━━"
