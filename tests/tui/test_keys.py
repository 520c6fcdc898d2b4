"""Keys, and where a user finds them."""

import pytest
from textual.command import CommandPalette
from textual.widgets import HelpPanel

from runners.presets import PRESETS
from tests.fakes.live import Stage, screen_text, settle
from tui.keys import IN_MACHINE_VIEW, IN_RACE_VIEW, IN_TIME_VIEW, KEYS, REMEDIES
from tui.screens.live import View


async def test_the_help_panel_opens_and_closes_and_lists_keys() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await pilot.press("question_mark")
        await settle(pilot)
        assert stage.app.live.query(HelpPanel)
        await pilot.press("question_mark")
        await settle(pilot)
        assert not stage.app.live.query(HelpPanel)


@pytest.mark.parametrize("width", [160, 120, 80])
@pytest.mark.parametrize("view", View)
async def test_every_key_of_a_view_is_in_its_footer(width: int, view: View) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(width, 40)) as pilot:
        stage.app.live.show_view(view)
        await settle(pilot)
        keys = {
            View.MACHINE: IN_MACHINE_VIEW,
            View.RACE: IN_RACE_VIEW,
            View.TIME: IN_TIME_VIEW,
        }[view]
        text = screen_text(stage.app)
        assert [key.description for key in keys if key.show and key.description not in text] == []


def test_every_key_is_in_the_footer_of_some_view() -> None:
    shown = {*IN_RACE_VIEW, *IN_MACHINE_VIEW, *IN_TIME_VIEW}
    assert [key.key for key in KEYS if key.show and key not in shown] == []


def test_no_key_means_two_things() -> None:
    keys = [key for binding in KEYS for key in binding.key.split(",")]
    assert sorted(keys) == sorted(set(keys))


async def test_every_key_is_in_the_palette() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)):
        commands = {c.title for c in stage.app.get_system_commands(stage.app.screen)}
        assert all(binding.tooltip in commands for binding in KEYS if binding.show)
        assert all(binding.tooltip in commands for binding in REMEDIES)


async def test_where_the_time_goes_is_in_view_the_help_tells_what_digits_do_there() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        stage.app.live.show_view(View.TIME)
        await pilot.press("question_mark")
        await settle(pilot)
        text = screen_text(stage.app)
        assert "1 remedy Apply remedy 1" in text
        assert "2 preset" not in text
        assert "4 preset" in text


async def test_every_preset_is_in_the_palette_and_in_the_help_by_its_own_key() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        told = {c.title: c.help for c in stage.app.get_system_commands(stage.app.screen)}
        for number, preset in enumerate(PRESETS, start=1):
            assert told[f"{preset.name}: {preset.answers}"] == f"Key: {number}"
        await pilot.press("question_mark")
        await settle(pilot)
        assert "2 preset fashion-cnn: Why" in screen_text(stage.app)


async def test_a_click_on_the_presets_shows_which_there_are() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.click("#key-bar", offset=(12, 0))
        await settle(pilot)
        assert isinstance(stage.app.screen, CommandPalette)
        assert not stage.workers.started


async def test_every_key_has_an_action_that_exists() -> None:
    stage = Stage()
    for binding in KEYS:
        name = binding.action.partition("(")[0]
        assert callable(getattr(stage.app, f"action_{name}"))


async def test_a_key_bar_click_does_what_the_key_does() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.click("#key-bar", offset=(2, 0))
        await settle(pilot)
        assert len(stage.workers.started) == 2
