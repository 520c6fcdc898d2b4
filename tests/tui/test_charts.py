from dataclasses import replace
from itertools import pairwise

import pytest
from rich.text import Text

from tui.charts import (
    Curve,
    chart,
    labeled_axis,
    named_axis,
    number_axis,
    size_places,
    uses_log_axis,
)

CPU = Curve(x=(1, 2, 3), y=(8.0, 7.3, 7.3), mark="●", color=(95, 175, 255))
GPU = Curve(x=(1, 2), y=(4.9, 1.8), mark="▲", color=(143, 209, 79))


def rows_of(lines: list[Curve], width: int = 60, height: int = 12) -> list[str]:
    return Text.from_ansi(chart(lines, number_axis(10, width), width, height)).plain.split("\n")


def test_a_chart_has_a_mark_for_each_epoch_and_fills_its_room() -> None:
    rows = rows_of([CPU, GPU])
    assert len(rows) == 12
    assert {len(row) for row in rows} == {60}
    text = "".join(rows)
    assert (text.count("●"), text.count("▲")) == (3, 2)


def ticks_of(rows: list[str]) -> list[tuple[int, float]]:
    """Row and number of what is written along the vertical axis."""
    cut = [(place, row.partition("┤")) for place, row in enumerate(rows)]
    return [(place, float(number)) for place, (number, mark, _) in cut if mark]


@pytest.mark.parametrize("height", [6, 8, 11, 14, 30])
@pytest.mark.parametrize("high", [8.0, 13.7, 0.024, 54_776.0])
def test_a_linear_axis_has_round_numbers_from_zero_on_evenly_spaced_rows(
    high: float, height: int
) -> None:
    curve = Curve(x=(1, 2), y=(high, 0.9 * high), mark="●", color=(0, 0, 0))
    chart_of = chart([curve], number_axis(2, 60), 60, height).replace(",", "")
    ticks = ticks_of(Text.from_ansi(chart_of).plain.split("\n"))
    assert ticks[-1][1] == 0
    assert len(ticks) > 1
    assert len({below[0] - above[0] for above, below in pairwise(ticks)}) == 1
    assert f"{ticks[-2][1]:e}"[0] in "125"
    assert "●" in chart_of


def test_a_logarithmic_axis_has_round_numbers_too() -> None:
    slow = Curve(x=(1, 2), y=(24.1, 13.8), mark="●", color=(0, 0, 0))
    fast = Curve(x=(1, 2), y=(2.68, 1.1), mark="▲", color=(0, 0, 0))
    assert [tick for _, tick in ticks_of(rows_of([slow, fast], height=8))] == [20, 10, 5, 2]
    assert [tick for _, tick in ticks_of(rows_of([slow, fast], height=5))] == [20, 2]


def test_points_that_are_not_joined_stand_alone() -> None:
    def dots(curve: Curve) -> int:
        rows = "".join(rows_of([curve]))
        return sum("\u2801" <= character <= "\u28ff" for character in rows)

    assert dots(CPU) > 0
    assert dots(replace(CPU, is_joined=False)) == 0


def test_names_below_a_chart_share_its_room() -> None:
    names = ["fashion-cnn", "cnn5", "cifar-resnet18-full"]
    assert list(named_axis(names, 100).labels) == names
    assert list(named_axis(names, 40).labels) == ["fashion-…", "cnn5", "cifar-re…"]


def test_times_tenfold_apart_get_a_log_axis() -> None:
    fast = Curve(x=(1,), y=(0.2,), mark="▲", color=(0, 0, 0))
    assert uses_log_axis([CPU, fast])
    assert not uses_log_axis([CPU, GPU])
    assert not uses_log_axis([])


@pytest.mark.parametrize("epochs", [1, 5, 200])
def test_epoch_numbers_stay_readable(epochs: int) -> None:
    last_row = Text.from_ansi(chart([CPU], number_axis(epochs, 60), 60, 12)).plain.split("\n")[-1]
    numbers = [int(word) for word in last_row.split()]
    assert numbers[0] == 1
    assert numbers == sorted(numbers)
    assert len(numbers) <= 10


def test_one_chart_leaves_nothing_in_the_next() -> None:
    first = chart([GPU], number_axis(10, 60), 60, 12)
    chart([CPU], number_axis(3, 40), 40, 8)
    assert chart([GPU], number_axis(10, 60), 60, 12) == first


def test_sizes_that_span_much_stand_by_their_logarithms() -> None:
    assert size_places([16, 32, 256]) == [4, 5, 8]
    assert size_places([0, 1, 2, 4]) == [0, 1, 2, 4]
    assert size_places([32, 64, 128, 256]) == [32, 64, 128, 256]


def test_labels_without_room_are_left_out_and_none_overlap() -> None:
    names = ["fashion-cnn", "cnn5", "cifar-resnet18-full", "resnet50", "transformer-50m"]
    wide = labeled_axis(range(5), names, 120)
    narrow = labeled_axis(range(5), names, 50)
    assert list(wide.labels) == names
    assert 1 < len(narrow.labels) < 5
