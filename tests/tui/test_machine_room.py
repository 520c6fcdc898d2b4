"""How the machine view shares its rows, and what stays in sight of a maximized pane."""

from dataclasses import replace
from itertools import pairwise

import pytest

from sensors.clock_limits import clock_limits
from sensors.readings import Reading
from tests.fakes import gpus, scenes
from tests.fakes.live import Stage, screen_text, settle


def without_gpus(second: float) -> Reading:
    return replace(scenes.reading(second, gpus=0), driver=scenes.NO_DRIVER)


async def test_without_gpus_the_host_gets_the_rows_it_can_use() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        for second in (0.0, 1.0):
            stage.read(without_gpus(second))
            await settle(pilot)
        pane = stage.app.live._cpu
        assert pane.size.height >= pane.preferred_rows(pane.size.width)
        assert "parts" in screen_text(stage.app)


async def test_rows_that_come_later_find_room_and_leave_it_empty_when_they_go() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 48)) as pilot:
        plain = scenes.reading(0.0)
        card = plain.gpus[0]
        held = replace(
            gpus.broken(0, 0.0), uuid=card.uuid, clock_limits=clock_limits(0x4C), dram_busy_pct=1.0
        )
        heights = []
        for cards in ((card,), (card,), (held,), (held,), (card,)):
            stage.read(replace(plain, gpus=cards))
            await settle(pilot)
            pane = stage.app.live.gpus
            heights.append(pane.size.height)
            assert pane.size.height >= pane.preferred_rows(pane.size.width)
        assert heights[0] == heights[1] < heights[2] == heights[3] == heights[4]


@pytest.mark.parametrize(("size", "count"), [((80, 24), 4), ((100, 30), 8), ((120, 32), 8)])
async def test_every_gpu_has_a_row_before_the_others_get_more_than_they_need(
    size: tuple[int, int], count: int
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        stage.read(scenes.reading(0.0, gpus=count))
        await settle(pilot)
        text = screen_text(stage.app)
        assert "more below" not in text
        assert f"│   {count - 1} " in text
        live = stage.app.live
        assert live.processes.region.bottom <= live.key_bar.region.y
        assert min(live.history.size.height, live.processes.size.height) >= 4


async def test_on_a_tiny_screen_the_machine_is_whole_and_the_rest_follows_below() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 20)) as pilot:
        for second in (0.0, 1.0):
            stage.read(scenes.reading(second, gpus=2))
            await settle(pilot)
        live = stage.app.live
        for pane in (live.gpus, live._cpu):
            assert pane.size.height == pane.preferred_rows(pane.size.width)
        panes = (live.gpus, live._cpu, live.history, live.processes)
        assert [pane.region.y for pane in panes] == sorted(pane.region.y for pane in panes)
        assert all(above.region.bottom <= below.region.y for above, below in pairwise(panes))


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
async def test_the_keys_stay_below_a_maximized_pane_which_fills_the_rest(
    size: tuple[int, int],
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        stage.read(without_gpus(0.0))
        await settle(pilot)
        live = stage.app.live
        for pane in (live.gpus, live._cpu, live.history, live.processes):
            pane.focus()
            await pilot.press("m")
            await settle(pilot)
            assert "m maximize" in screen_text(stage.app)
            assert pane.outer_size == (size[0], size[1] - live.key_bar.size.height)
            await pilot.press("m")
            await settle(pilot)
            assert live.maximized is None


async def test_a_resize_while_a_pane_is_maximized_shares_the_rows_afterwards() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        stage.app.live.gpus.focus()
        await pilot.press("m")
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        await pilot.press("m")
        await settle(pilot)
        pane = stage.app.live.gpus
        assert pane.size.height >= pane.preferred_rows(pane.size.width)


async def test_the_focused_pane_differs_in_its_shape_not_in_color_alone() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        assert "┏" not in screen_text(stage.app)
        stage.app.live.history.focus()
        await settle(pilot)
        assert "┏━ history" in screen_text(stage.app)
        assert screen_text(stage.app).count("┏") == 1
