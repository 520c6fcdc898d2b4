"""What a race did, beside the curves of the history: rows, cursor, pause, zoom."""

from collections.abc import Mapping, Sequence

import pytest

from runners.events import Event
from runners.spec import RunKey
from tests.fakes import live, scenes
from tests.fakes.history_pane import PALETTE, Stage, gpu, pane_after, reading, row_of, rows_of
from tests.fakes.marked_race import after, begun, in_epoch, whole_run
from tests.fakes.training import plan
from tui.widgets.history_pane import HistoryPane

CPU, GPU = RunKey(job=0, trial=0), RunKey(job=1, trial=0)
MONO_S = 1000.0
"""The monotonic clock of the pane's first reading."""
BOTH = {
    CPU: whole_run(MONO_S + 10, 5.0, 15.0, 5.0),
    GPU: whole_run(MONO_S + 10, 5.0, 6.0, 7.0, gpu="GPU-0", epoch_s=12.0),
}


def shown(pane: HistoryPane, runs: Mapping[RunKey, Sequence[Event]], *labels: str) -> HistoryPane:
    pane.show_race(after(plan(*(labels or ("cpu", "cuda:0"))), runs))
    return pane


def lanes_in(rows: list[str]) -> list[str]:
    return [row for row in rows if row[:1] in ("●", "▲", "■")]


def test_each_run_under_way_has_a_row_with_its_mark_and_its_share_of_data_wait() -> None:
    pane = shown(pane_after(50), BOTH)
    cpu, accelerator = lanes_in(rows_of(pane))
    assert cpu.startswith("● cpu  ")
    assert accelerator.startswith("▲ cuda:0  ")
    assert "┄┄1▓▓▓▓▓▓▓▓▓══2████  data wait  75%" in cpu
    assert "limits" in "".join(rows_of(pane))


def test_without_a_race_and_after_it_has_left_the_window_there_is_no_row() -> None:
    pane = pane_after(50)
    before = rows_of(pane)
    pane.show_race(None)
    assert rows_of(pane) == before
    shown(pane, BOTH)
    assert rows_of(pane) != before
    pane.show_race(None)
    assert len(lanes_in(rows_of(pane))) == 2
    for second in range(50, 400):
        pane.add(reading(second, gpu(0, second)))
    assert lanes_in(rows_of(pane)) == []


def test_epochs_are_marked_lightly_over_the_curves_of_their_device() -> None:
    pane = HistoryPane()
    for second in range(80):
        pane.add(reading(second, gpu(0, 0)))
    shown(pane, BOTH)
    rows = rows_of(pane, height=16)
    cells = {row[:11].strip(): row[16:-15] for row in rows}
    ticks = {
        title: [place for place, cell in enumerate(text) if cell == "┊"]
        for title, text in cells.items()
        if title in ("GPU busy", "CPU busy")
    }
    lanes = {row[2:8].strip(): row[16:-15] for row in lanes_in(rows)}
    assert ticks["GPU busy"] == [lanes["cuda:0"].index(number) for number in "123"]
    assert set(ticks["CPU busy"]) <= {lanes["cpu"].index(number) for number in "123"}


@pytest.mark.parametrize("height", range(4, 30))
def test_curves_keep_the_larger_part_of_the_rows(height: int) -> None:
    rows = rows_of(shown(pane_after(50), BOTH), height=height)
    assert len(rows) == height
    lanes = lanes_in(rows)
    curves = [row for row in rows if "│" in row]
    assert len(lanes) == (1 if height < 8 else 2)
    assert len(curves) >= len(lanes)
    assert sum(row.startswith("limits") for row in rows) == 1


@pytest.mark.parametrize(
    ("cpu_s", "gpu_s", "kept"),
    [(0, 30, "▲ cuda:0"), (30, 0, "● cpu"), (30, 25, "▲ cuda:0")],
    ids=["the GPU runs", "the CPU runs", "both run"],
)
def test_where_rows_are_few_that_of_the_gpu_is_kept_if_it_runs(
    cpu_s: int, gpu_s: int, kept: str
) -> None:
    runs = {CPU: whole_run(MONO_S + cpu_s, 5.0), GPU: whole_run(MONO_S + gpu_s, 5.0, gpu="GPU-0")}
    (lane,) = lanes_in(rows_of(shown(pane_after(50), runs), height=5))
    assert lane.startswith(kept)


@pytest.mark.parametrize("paused", [False, True])
def test_every_size_is_filled_exactly(paused: bool) -> None:
    pane = shown(pane_after(50), BOTH, "cpu with a long label", "cuda:0")
    pane.pause(paused)
    for width in (*range(1, 70), 78, 118, 160, 200):
        for height in (1, 2, 3, 4, 5, 8, 13, 40):
            lines = pane.lines(PALETTE, width, height)
            assert len(lines) <= max(height, 8)
            for line in lines:
                assert line.width <= width
                assert line.strip(width).cell_length == width


async def test_the_cursor_tells_the_epoch_and_its_data_wait_in_a_column() -> None:
    events = [*begun(MONO_S + 10), *in_epoch(1, MONO_S + 14, (10.0, 1.0), (20.0, 9.0))]
    pane = pane_after(41)
    state = None
    for number in range(1, len(events) + 1):
        state = after(plan("cpu"), {CPU: events[:number]})
        pane.show_race(state)
    app = Stage(pane)
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.press("left", "shift+left")  # From second 39 to 28.
        (lane,) = lanes_in(app.rows())
        assert lane.startswith("● epoch 1 ")
        assert lane.endswith("data wait  80%")
        assert "┃" in lane
        await pilot.press("shift+left")
        assert lanes_in(app.rows())[0].endswith("data wait  10%")
        await pilot.press(*["left"] * 6)
        (lane,) = lanes_in(app.rows())
        assert lane.startswith("● cpu ")
        assert lane.endswith("set-up")
        await pilot.press("home")
        (lane,) = lanes_in(app.rows())
        assert lane.startswith("● cpu ")
        assert lane.endswith("no run")
        await pilot.press("end")
        assert lanes_in(app.rows())[0].endswith("data wait  n/a")


async def test_a_pause_holds_the_marks_while_the_race_goes_on() -> None:
    pane = shown(pane_after(40), {CPU: BOTH[CPU][:4]})
    app = Stage(pane)
    async with app.run_test(size=(120, 14)) as pilot:
        pane.pause(True)
        await pilot.pause()
        frozen = app.rows()
        for second in range(40, 80):
            pane.add(reading(second, gpu(0, second)))
        shown(pane, BOTH)
        pane.redraw()
        assert [row[:60] for row in lanes_in(app.rows())[:1]] == [
            row[:60] for row in lanes_in(frozen)
        ]
        pane.pause(False)
        assert lanes_in(app.rows()) != lanes_in(frozen)


async def test_zoomed_out_a_column_of_several_epochs_names_them_all() -> None:
    pane = shown(pane_after(101), BOTH)
    app = Stage(pane)
    async with app.run_test(size=(120, 14)) as pilot:
        pane.zoom(4)
        pane.pause(True)
        pane.focus()
        await pilot.press("left")
        assert "● epochs 1–2 " in "".join(lanes_in(app.rows()))


def test_on_a_narrow_pane_the_words_are_shorter() -> None:
    pane = shown(pane_after(50), BOTH)
    row = row_of(pane, "● cpu", width=50)
    assert row.endswith(" wait  75%")


async def test_the_race_that_the_screen_shows_is_marked_on_its_history() -> None:
    stage = live.Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        for second in range(36):
            stage.read(scenes.reading(float(second)))
            await pilot.pause()
        while stage.app.live.view != "machine":
            await pilot.press("g")
            await live.settle(pilot)
        pane = stage.app.live.history
        rows = [pane.render_line(y).text for y in range(pane.size.height)]
        (lane,) = [row for row in rows if row.startswith("● cpu ")]
        assert "┄┄┄┄┄1▓▓▓┄2▓▓▓┄3▓ " in lane
        assert lane.endswith("data wait  36%")
