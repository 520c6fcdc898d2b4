"""Pause, cursor, zoom and choice of the history."""

import time

from textual.widgets import OptionList

from tests.fakes.history_pane import WALL_S, Stage, gpu, pane_after, reading
from tui.history.quantities import LIMITS
from tui.screens.series_choice import SeriesChoice
from tui.widgets.history_pane import HistoryPane


async def test_zoom_changes_the_span_and_stops_at_its_ends() -> None:
    app = Stage(pane_after(600))
    async with app.run_test(size=(120, 14)):
        spans = []
        for _ in range(6):
            spans.append(app.rows()[-1].split("span ")[1].strip())
            app.pane.zoom(1)
        assert spans == ["2:50", "5:40", "14:10", "28:20", "1:25:00", "1:25:00"]
        assert "30 s a column" in str(app.pane.border_title)
        for _ in range(9):
            app.pane.zoom(-1)
        assert app.rows()[-1].rstrip().endswith("span 1:25")
        assert "0.5 s a column" in str(app.pane.border_title)


async def test_a_pause_freezes_the_picture_while_readings_go_on() -> None:
    app = Stage(pane_after(100))
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.pause(True)
        await pilot.pause()
        frozen = app.rows()
        for second in range(100, 150):
            app.pane.add(reading(second, gpu(0, 7)))
            app.pane.redraw()
        assert app.rows() == frozen
        assert "paused" in str(app.pane.border_title)
        app.pane.pause(False)
        assert app.rows() != frozen
        assert app.rows()[0].endswith("   7 %")


async def test_the_cursor_pauses_and_tells_the_values_of_its_column() -> None:
    app = Stage(pane_after(101))
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.press("left")
        assert app.pauses == 1
        assert app.pane.is_paused
        assert app.rows()[0].endswith("  98 %")
        await pilot.press("left", "left")
        assert app.rows()[0].endswith("  96 %")
        at = time.strftime("%H:%M:%S", time.localtime(WALL_S + 96))
        assert app.rows()[-1].endswith(at)
        await pilot.press("shift+left", "shift+left", "right")
        assert app.rows()[0].endswith("  77 %")
        await pilot.press("end")
        assert app.rows()[0].endswith("  99 %")
        await pilot.press("home")
        assert app.rows()[0].endswith("   0 %")
        await pilot.press("left")
        assert app.rows()[0].endswith("   0 %")
        assert app.pauses == 1


async def test_a_wide_column_tells_its_range_and_all_limits_in_it() -> None:
    pane = HistoryPane()
    for second in range(101):
        bits = {61: 0x40, 65: 0x4}.get(second, 0)
        pane.add(reading(second, gpu(0, second, limits=bits)))
    app = Stage(pane)
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.zoom(3)
        app.pane.pause(True)
        app.pane.focus()
        await pilot.press("left", "left", "left")
        assert app.rows()[0].endswith(" 60–69 %")
        assert any(row.endswith(" hw-thermal +1") for row in app.rows())


async def test_the_cursor_reaches_all_that_is_kept() -> None:
    app = Stage(pane_after(900))
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.press("home")
        assert app.rows()[0].endswith("   0 %")
        cursors = [cell for cell in app.rows()[2][16:-15] if cell in "⡇⢸"]
        assert len(cursors) == 1
        await pilot.press("end")
        assert app.rows()[-1].endswith(time.strftime("%H:%M:%S", time.localtime(WALL_S + 897)))


async def test_the_cursor_keeps_its_time_when_zoomed() -> None:
    app = Stage(pane_after(101))
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.press(*["shift+left"] * 4)
        before = app.rows()[-1][-8:]
        app.pane.zoom(-1)
        assert app.rows()[-1].rstrip()[-8:] == before


async def test_a_pause_before_the_first_reading_does_no_harm() -> None:
    app = Stage(HistoryPane())
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.press("left", "home", "end")
        app.pane.add(reading(0, gpu(0, 0)))
        app.pane.redraw()
        await pilot.press("left", "home", "end")
        app.pane.pause(False)
        app.pane.redraw()
        assert app.rows()[0].startswith("GPU busy")


async def test_series_are_chosen_from_a_list() -> None:
    app = Stage(pane_after(30))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.ask_series()
        await pilot.pause()
        assert isinstance(app.screen, SeriesChoice)
        options = app.screen.query_one(OptionList)
        prompts = {option.id: str(option.prompt) for option in options.options}
        assert "✓ GPU busy" in prompts["gpu.busy"]
        assert "✓ limits" in prompts[LIMITS]
        assert "✓" not in prompts["gpu.pcie-rx"]
        assert "n/a so far" in prompts["gpu.fan"]
        assert "measured while shown" in prompts["gpu.tensor"]
        await pilot.press("space", "down", "space", "space", "down", "enter", "escape")
        await pilot.pause()
        titles = [row[:10].strip() for row in app.rows() if row[:10].strip()]
        assert titles == ["GPU mem", "SM clock", "CPU busy", "limits"]
        app.pane.ask_series()
        await pilot.pause()
        assert "✓" not in str(app.screen.query_one(OptionList).get_option("gpu.busy").prompt)
        await pilot.press("u")
        await pilot.pause()
        assert app.rows()[0].startswith("GPU busy")


async def test_the_keys_of_the_history_are_named_while_it_has_the_focus() -> None:
    app = Stage(pane_after(30))
    async with app.run_test(size=(120, 14)) as pilot:
        app.pane.focus()
        await pilot.pause()
        assert "l choose" in str(app.pane.border_subtitle)
        app.set_focus(None)
        await pilot.pause()
        assert not app.pane.border_subtitle
