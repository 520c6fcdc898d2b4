"""What the history shows, and how it is drawn."""

import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.geometry import Region

from tests.fakes.history_pane import (
    PALETTE,
    WALL_S,
    Stage,
    gpu,
    pane_after,
    reading,
    row_of,
    rows_of,
)
from tests.tui.test_machine_sizes import cut_numbers, numbers_of
from tui.widgets.history_pane import HistoryPane

AXIS_TIME = re.compile(r"\d+(:\d\d)+")


def test_before_the_first_reading_it_says_so() -> None:
    assert rows_of(HistoryPane())[0].startswith("reading …")


def test_a_gpu_and_the_host_share_one_picture() -> None:
    rows = rows_of(pane_after(60))
    titles = [row[:10].strip() for row in rows if row[:10].strip()]
    assert titles == ["GPU busy", "GPU mem", "GPU power", "SM clock", "CPU busy", "limits"]
    assert row_of(pane_after(60), "GPU busy").endswith("  59 %")
    assert row_of(pane_after(60), "GPU power").endswith(" 300 W")
    assert "1980│" in row_of(pane_after(60), "SM clock")


def test_without_a_gpu_it_shows_what_the_host_has() -> None:
    rows = rows_of(pane_after(60, gpus=0))
    titles = [row[:10].strip() for row in rows if row[:10].strip()]
    assert titles == ["CPU busy", "host mem", "wait cpu", "wait io"]


def test_another_gpu_can_be_selected() -> None:
    pane = pane_after(60, gpus=3)
    assert row_of(pane, "GPU power").endswith(" 300 W")
    pane.select("GPU-2")
    assert row_of(pane, "GPU power").endswith(" 302 W")


def test_a_card_that_is_gone_keeps_its_curve_and_has_no_value() -> None:
    pane = pane_after(60)
    for second in range(60, 64):
        pane.add(reading(second))
    assert row_of(pane, "GPU power").endswith(" n/a")
    assert "".join(row[16:-15] for row in rows_of(pane)[:2]).strip()


def test_what_was_chosen_and_is_not_known_is_shown_as_unknown() -> None:
    pane = pane_after(10)
    pane.choose({"gpu.fan", "host.busy"})
    assert row_of(pane, "GPU fan").endswith(" n/a")
    pane.choose(set())
    assert "l chooses the series" in rows_of(pane)[0]
    pane.choose(None)
    assert row_of(pane, "GPU busy")


def test_the_inner_activity_of_gpus_is_wanted_only_while_it_is_shown() -> None:
    pane = pane_after(10)
    wanted = []
    for names in (None, {"gpu.tensor", "gpu.busy"}, {"gpu.busy"}, None):
        pane.choose(names)
        wanted.append(pane.wants_gpu_profile)
    assert wanted == [False, True, False, False]


@pytest.mark.parametrize("width", [60, 78, 118, 160])
@pytest.mark.parametrize("seconds", [3, 90, 177, 400])
def test_each_label_of_the_axis_stands_below_the_column_of_its_time(
    width: int, seconds: int
) -> None:
    """A spike each 30 s shows where the columns of the round times are."""
    pane = HistoryPane()
    for second in range(seconds):
        spike = 100.0 if (WALL_S + second) % 30 == 0 else 0.0
        pane.add(reading(second, replace(gpu(0, 0), busy_pct=spike)))
    rows = rows_of(pane, width, 4)
    axis = rows[-1]
    ticks = [place for place, character in enumerate(axis) if character == "┴"]
    labels = [axis[place + 1 : place + 9] for place in ticks]
    assert all(label[-2:] in {"00", "30"} and label[2] == label[5] == ":" for label in labels)
    drawn = [place for place in ticks if rows[1][place] != " "]
    spikes = [place for place in range(16, width - 15) if rows[0][place] != " "]
    assert drawn == spikes[: len(drawn)]
    assert drawn or seconds == 3
    assert len(spikes) - len(drawn) <= 1  # A label that would not fit has no tick.


def test_the_axis_tells_the_time_of_day_of_the_newest_columns() -> None:
    pane = pane_after(41)
    axis = rows_of(pane)[-1]
    at = time.strftime("%H:%M:%S", time.localtime(WALL_S + 30))
    assert f"┴{at}" in axis
    assert axis.rstrip().endswith("span 2:50")


def test_the_picture_stands_still_between_its_jumps() -> None:
    pane = pane_after(300)
    moved = 0
    axis = rows_of(pane)[-1]
    for second in range(300, 400):
        before = rows_of(pane)[0][16:-15].rstrip()
        pane.add(reading(second, gpu(0, second)))
        after = rows_of(pane)
        if after[-1] != axis:
            moved += 1
            axis = after[-1]
        else:
            assert after[0][16:-15].startswith(before)
    assert moved in (4, 5)


def test_limits_are_marked_by_severity_and_the_one_that_holds_is_named() -> None:
    pane = HistoryPane()
    for second in range(40):
        bits = 0x4 if second < 10 else 0x48 if second < 20 else 0x1 if second < 30 else 0
        pane.add(reading(second, gpu(0, second, limits=bits)))
        if second == 15:
            assert row_of(pane, "limits").endswith("hw-thermal +1")
    row = row_of(pane, "limits")
    assert row.endswith(" none")
    assert row[16:-15].strip() == "▪" * 5 + "█" * 5 + "·" * 5 + "─" * 4


def test_limits_can_be_left_out_and_are_not_shown_where_no_card_tells() -> None:
    pane = pane_after(10)
    pane.choose({"gpu.busy"})
    assert not any(row.startswith("limits") for row in rows_of(pane))
    silent = HistoryPane()
    silent.add(reading(0, replace(gpu(0, 0), clock_limits=None)))
    assert not any(row.startswith("limits") for row in rows_of(silent))


def test_lanes_that_do_not_fit_are_counted_and_reached_by_scrolling() -> None:
    pane = pane_after(60)
    rows = rows_of(pane, height=6)
    assert [row[:10].strip() for row in rows] == [
        "GPU busy",
        "",
        "GPU mem",
        "",
        "limits",
        "↕ 3 more",
    ]
    pane.action_scroll_lanes(1)
    assert rows_of(pane, height=6)[0].startswith("GPU mem")
    for _ in range(9):
        pane.action_scroll_lanes(1)
        rows = rows_of(pane, height=6)
    assert rows[0].startswith("SM clock")
    pane.action_scroll_lanes(-1)
    assert rows_of(pane, height=6)[0].startswith("GPU power")


@pytest.mark.parametrize("height", range(2, 41))
def test_no_row_is_left_unused(height: int) -> None:
    assert len(rows_of(pane_after(30), height=height)) == height


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("gpus", [0, 1, 16])
def test_every_size_is_filled_exactly(gpus: int, paused: bool) -> None:
    pane = pane_after(50, gpus=gpus)
    pane.pause(paused)
    for width in (*range(1, 70), 78, 118, 160, 200):
        for height in (1, 2, 3, 4, 5, 8, 13, 40):
            lines = pane.lines(PALETTE, width, height)
            assert len(lines) <= max(height, 6)
            for line in lines:
                assert line.width <= width
                assert line.strip(width).cell_length == width


@pytest.mark.parametrize("size", [(20, 3), (24, 8), (40, 10), (80, 24), (200, 60)])
async def test_it_lives_through_any_size(size: tuple[int, int]) -> None:
    app = Stage(pane_after(30))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.resize_terminal(*size)
        app.pane.pause(True)
        await pilot.pause()
        assert all(len(row) == app.pane.size.width for row in app.rows())


async def test_nothing_is_sent_where_nothing_changed_and_little_where_a_cell_was_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Stage(pane_after(300))
    async with app.run_test(size=(120, 14)):
        sent: list[Region] = []
        refresh: Callable[..., object] = app.pane.refresh

        def counting(*regions: Region, **options: bool) -> object:
            sent.extend(regions or [app.pane.region])
            return refresh(*regions, **options)

        app.pane.redraw()
        monkeypatch.setattr(app.pane, "refresh", counting)
        app.pane.redraw()
        assert sent == []
        cells = 0
        for second in range(300, 388):
            app.pane.add(reading(second, gpu(0, second)))
            app.pane.redraw()
            cells += sum(region.area for region in sent)
            sent.clear()
        assert cells / 88 < 100


@pytest.mark.parametrize("gpus", [0, 1, 3])
def test_no_number_is_cut_without_a_mark(gpus: int) -> None:
    pane = pane_after(60, gpus=gpus)
    now = reading(59, *(gpu(index, 59) for index in range(gpus)))
    shares = [25.0, 50.0]  # Of the memory in use.
    known = numbers_of((now, shares, [0.0, 100.0], range(20)))
    for width in range(20, 161, 7):
        for height in (1, 3, 4, 8, 12, 20):
            rows = [AXIS_TIME.sub("", row) for row in rows_of(pane, width, height)]
            assert [cut_numbers(row, known) for row in rows] == [[]] * len(rows), (width, height)
