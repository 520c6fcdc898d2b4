import itertools
import time
from collections.abc import Iterator

import pytest

from tui.history.time_window import ZOOMS_S, TimeWindow, window_up_to

NOON_S = 1_780_056_000.0
SIZES = [1, 2, 7, 14, 88, 170]


@pytest.fixture(autouse=True)
def _in_a_zone_off_the_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("cells", SIZES)
@pytest.mark.parametrize("zoom_s", ZOOMS_S)
def test_the_newest_time_is_always_in_the_window_and_never_far_from_its_end(
    cells: int, zoom_s: float
) -> None:
    for step in range(300):
        newest_s = NOON_S + 0.7 * step
        window = window_up_to(newest_s, cells, zoom_s)
        column = window.column_at(newest_s)
        assert window.first % 2 == 0
        assert window.first <= column < window.stop
        assert window.stop - column <= max(2, cells // 4)


def test_a_window_stays_until_it_is_full_and_then_jumps() -> None:
    firsts = [window_up_to(NOON_S + second, 88, 1.0).first for second in range(440)]
    jumps = [after - before for before, after in itertools.pairwise(firsts)]
    assert set(jumps) == {0, 22}
    assert sum(jump > 0 for jump in jumps) == 20


def test_only_columns_that_are_over_are_final_and_short_ones_come_by_whole_cells() -> None:
    window = TimeWindow(first=100, cells=10, seconds_per_column=1.0)
    assert window.final(105.9) == range(100, 104)
    assert window.final(106.0) == range(100, 106)
    assert window.final(3.0) == range(100, 100)
    assert window.final(9000.0) == range(100, 120)
    slow = TimeWindow(first=100, cells=10, seconds_per_column=10.0)
    assert slow.final(1059.0) == range(100, 105)


@pytest.mark.parametrize("column", [-500, -1, 0, 99, 100, 119, 120, 121, 5000])
def test_a_window_moves_by_whole_jumps_to_the_column_asked_for(column: int) -> None:
    window = TimeWindow(first=100, cells=10, seconds_per_column=1.0)
    moved = window.with_column(column)
    assert moved.first <= column < moved.stop
    assert (moved.first - window.first) % 2 == 0
    if window.first <= column < window.stop:
        assert moved == window


@pytest.mark.parametrize("cells", SIZES)
@pytest.mark.parametrize("zoom_s", ZOOMS_S)
@pytest.mark.parametrize("offset_s", [0, -3617, 41])
def test_each_label_stands_at_the_column_that_holds_its_time(
    cells: int, zoom_s: float, offset_s: int
) -> None:
    window = window_up_to(NOON_S + 1234.5, cells, zoom_s)
    places = list(window.ticks(offset_s))
    for cell, text in places:
        start_s = (window.first + 2 * cell) * zoom_s + offset_s
        times = [start_s + 0.5 * step for step in range(int(4 * zoom_s))]
        form = "%H:%M:%S" if text.count(":") == 2 else "%H:%M"
        assert any(
            time.strftime(form, time.localtime(t)) == text and (form != "%H:%M" or t % 60 == 0)
            for t in times
        )
    assert all(b - a >= 12 for (a, _), (b, _) in itertools.pairwise(places))
    assert len(places) >= cells // 31


def test_the_span_is_that_of_all_columns() -> None:
    assert TimeWindow(first=0, cells=88, seconds_per_column=0.5).span_s == 88.0
