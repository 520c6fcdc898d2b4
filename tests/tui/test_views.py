"""The machine view and the race view, and the keys that are about the machine."""

import pytest

from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle
from tui.screens.live import View
from tui.screens.send_signal import SignalScreen
from tui.wiring import Opening


async def test_without_a_race_the_machine_fills_the_screen() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        text = screen_text(stage.app)
        assert stage.app.live.view is View.MACHINE
        assert "history" in text
        assert "verdict" not in text


async def test_a_race_that_starts_comes_into_view_and_a_key_leads_round_the_views() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await pilot.press("r")
        await settle(pilot)
        assert "verdict" in screen_text(stage.app)
        await pilot.press("g")
        await settle(pilot)
        assert "verdict" not in screen_text(stage.app)
        assert "pipeline" in screen_text(stage.app)
        assert "history" in screen_text(stage.app)
        await pilot.press("g")
        await settle(pilot)
        assert "verdict" not in screen_text(stage.app)
        assert "pipeline" not in screen_text(stage.app)
        assert "history" in screen_text(stage.app)
        await pilot.press("g")
        await settle(pilot)
        assert "verdict" in screen_text(stage.app)
        assert "pipeline" not in screen_text(stage.app)


async def test_a_race_asked_for_at_the_start_is_in_view_at_once() -> None:
    stage = Stage(Opening(workload="fashion-cnn", start=True))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert stage.app.live.view is View.RACE


async def test_a_race_that_waits_for_the_driver_says_so_in_view() -> None:
    stage = Stage(Opening(workload="fashion-cnn"))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        assert "as soon as the NVIDIA driver" in screen_text(stage.app)


@pytest.mark.parametrize("size", [(160, 48), (120, 40), (80, 24)])
@pytest.mark.parametrize("gpus", [1, 2, 8, 16])
async def test_history_and_processes_keep_room_beside_any_number_of_gpus(
    size: tuple[int, int], gpus: int
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        stage.read(scenes.reading(0.0, gpus=gpus))
        await settle(pilot)
        live = stage.app.live
        bottom = max(live.processes.region.bottom, live.history.region.bottom)
        assert bottom <= live.key_bar.region.y
        assert live.history.size.height >= 4
        assert live.processes.size.height >= 4


async def test_brackets_select_the_gpu_of_the_detail_and_of_the_history() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=4))
        await settle(pilot)
        assert "history · GPU 0" in screen_text(stage.app)
        await pilot.press("right_square_bracket")
        await settle(pilot)
        assert "history · GPU 1" in screen_text(stage.app)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await settle(pilot)
        assert "history · GPU 3" in screen_text(stage.app)


async def test_a_cursor_in_the_history_pauses_the_screen_and_the_pause_key_resumes_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        for second in range(10):
            stage.read(scenes.reading(float(second)))
            await settle(pilot)
        stage.app.live.history.focus()
        await pilot.press("left")
        await settle(pilot)
        assert "paused" in screen_text(stage.app).split("\n")[0]
        await pilot.press("p")
        await settle(pilot)
        assert "paused" not in screen_text(stage.app)


async def test_all_processes_and_counters_are_wanted_only_while_somebody_looks() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        before = stage.sampler.wanted()
        assert not before.all_processes
        assert not before.gpu_profile
        await pilot.press("a", "c")
        await settle(pilot)
        during = stage.sampler.wanted()
        assert during.all_processes
        assert during.gpu_profile
        assert stage.sampler.asked == 2
        await pilot.press("a", "c")
        await settle(pilot)
        assert stage.sampler.wanted() == before


async def test_a_process_that_is_followed_stays_listed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        table = stage.app.live.processes
        table.focus()
        await pilot.press("f")
        assert table.selected is not None
        assert table.selected.pid in stage.sampler.wanted().own_pids


async def test_the_filter_key_works_from_anywhere_and_its_letters_are_no_commands() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press("slash", "d", "o", "c", "k", "q")
        await settle(pilot)
        assert stage.app.is_running
        assert "filter 'dockq'" in screen_text(stage.app)
        assert not stage.workers.started
        await pilot.press("escape")
        await settle(pilot)
        assert "filter" not in screen_text(stage.app).split("processes ·")[1].split("\n")[0]


async def test_signals_are_refused_where_the_screen_only_reads() -> None:
    stage = Stage(Opening(workload="fashion-cnn", read_only=True))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        assert "signal" not in screen_text(stage.app)
        await pilot.press("k")
        await settle(pilot)
        assert ["--read-only" in notice.message for notice in stage.app._notifications] == [True]
        assert not isinstance(stage.app.screen, SignalScreen)


async def test_a_filter_given_at_the_start_holds_until_it_is_cleared() -> None:
    stage = Stage(Opening(workload="fashion-cnn", process_filter="user:ana"))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=4))
        await settle(pilot)
        assert "filter 'user:ana' 4 of " in screen_text(stage.app)
        assert {row.process.user for row in stage.app.live.processes._rows} == {"ana"}


async def test_zoom_and_choice_of_lines_are_about_the_history() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press("Z")
        await settle(pilot)
        assert "2 s a column" in screen_text(stage.app)
        await pilot.press("z")
        await settle(pilot)
        assert "1 s a column" in screen_text(stage.app)
        await pilot.press("l")
        await settle(pilot)
        assert stage.app.screen is not stage.app.live
