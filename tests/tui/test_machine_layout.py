"""Where the panes of the machine view stand: beside each other, never over each other."""

import random
from itertools import combinations

import pytest
from textual.widget import Widget

from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle
from tui.screens.live import LiveScreen

WIDTHS = (24, 40, 60, 69, 70, 80, 99, 100, 120, 137, 160, 220)
HEIGHTS = (8, 12, 17, 18, 24, 30, 33, 34, 40, 45, 46, 60)
USUAL_SIZES = ((80, 24), (120, 40), (160, 48), (60, 20))


def panes_of(live: LiveScreen) -> tuple[Widget, ...]:
    return (live.top_line, live.gpus, live._cpu, live.history, live.processes, live.key_bar)


def check_layout(live: LiveScreen) -> None:
    """Panes are disjoint and whole; the rows that do not fit are reached by scrolling."""
    body, screen = live._body, live.region
    scrolled = body.virtual_size.height - body.region.height
    reach = body.region.grow((0, 0, max(0, scrolled), 0))
    assert body.region.bottom <= live.key_bar.region.y
    assert live.key_bar.region.bottom == screen.bottom
    for pane in panes_of(live):
        region = pane.region
        assert region.area, pane
        inside = screen if pane.parent is live else reach
        assert inside.contains_region(region), (pane, region, inside)
    for one, other in combinations(panes_of(live), 2):
        if {one, other} & {live.top_line, live.key_bar} and scrolled > 0:
            continue  # What is scrolled away is cut off where the body ends.
        assert not one.region.overlaps(other.region), (one, one.region, other, other.region)
    if screen.width >= 70 and screen.height >= 24:
        assert scrolled <= 0


@pytest.mark.parametrize("gpus", range(17))
async def test_at_any_size_the_panes_stand_apart_and_above_the_keys(gpus: int) -> None:
    chance = random.Random(gpus)
    sizes = [*USUAL_SIZES, *zip(chance.sample(WIDTHS, 5), chance.sample(HEIGHTS, 5), strict=True)]
    stage = Stage()
    async with stage.app.run_test(size=sizes[0]) as pilot:
        driver = None if gpus else scenes.NO_DRIVER
        for size in sizes:
            await pilot.resize_terminal(*size)
            stage.read(scenes.reading(7.0, gpus=gpus, driver=driver))
            await settle(pilot, 2)
            check_layout(stage.app.live)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("gpus", [1, 2, 4, 5, 8, 12, 16])
async def test_every_row_about_the_selected_gpu_is_reached_in_the_maximized_pane(
    size: tuple[int, int], gpus: int
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        for second in (0.0, 7.0):
            stage.read(scenes.reading(second, gpus=gpus))
        pane = stage.app.live.gpus
        pane.focus()
        await pilot.press("m")
        await settle(pilot)
        detail = pane._detail(pane._place, pane.palette, pane.size.width, gauges=gpus == 1)
        seen = set()
        for _ in range(4):
            seen |= {strip.text.rstrip() for strip in pane._strips}
            await pilot.press("pagedown")
        for line in detail:
            assert line.strip(pane.size.width).text.rstrip() in seen


@pytest.mark.parametrize("size", [(40, 10), (60, 20)])
async def test_where_panes_follow_each_other_each_is_reached_by_scrolling(
    size: tuple[int, int],
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        stage.read(scenes.reading(7.0, gpus=16))
        await settle(pilot)
        seen = screen_text(stage.app)
        for _ in range(12):
            await pilot.press("pagedown")
            await pilot.pause()
            seen += screen_text(stage.app)
        for words in ("16 GPUs", "CPU · ", "history", "processes"):
            assert words in seen
