"""Which processes the table lists."""

from tests.fakes.process_table import (
    THREE,
    pids_of,
    press,
    process,
    rows_of,
    selected_pid,
    table_of,
    title_of,
)


async def test_typing_a_filter_chooses_at_once_and_enter_keeps_it() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "slash", *"user:bo")
        assert pids_of(app) == [20]
        assert title_of(app).endswith("filter 'user:bo' 1 of 3")
        await press(pilot, "enter")
        assert app.focused is app.table
        assert pids_of(app) == [20]
        await press(pilot, "f4", "backspace", "backspace", "enter")
        assert pids_of(app) == [30, 20, 10]


async def test_escape_clears_a_filter_while_typing_and_later() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "slash", *"load", "escape")
        assert pids_of(app) == [30, 20, 10]
        assert app.focused is app.table
        await press(pilot, "slash", *"load", "enter", "escape")
        assert title_of(app) == "processes · by GPU memory ▼"


async def test_letters_typed_into_the_filter_are_nobody_elses_keys() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "slash", *"qx")
        assert app.noted == []
        await press(pilot, "escape", "q")
        assert app.noted == ["q"]


async def test_a_filter_takes_any_character() -> None:
    odd = process(7, command="[/x] [bold]模型 --lr=1e-4")
    async with table_of(*THREE, odd) as (pilot, app):
        await press(pilot, "slash", *"[/x]模型")
        assert pids_of(app) == []
        assert "no process matches" in rows_of(app.table)[1]
        await press(pilot, "backspace", "backspace", "space", *"模型")
        assert pids_of(app) == [7]
        assert "filter '[/x] 模型' 1 of 4" in title_of(app)
        for key in ("home", "delete", "ctrl+k", "backslash", "apostrophe", "tab", "slash"):
            await press(pilot, key)
        assert "filter '\\'' 0 of 4" in title_of(app)


async def test_a_filter_is_opened_and_closed_as_fast_as_keys_come() -> None:
    async with table_of(*THREE) as (pilot, app):
        for _ in range(5):
            await pilot.press("slash", "1", "enter", "f4", "0", "escape", "escape")
        await pilot.pause()
        assert pids_of(app) == [30, 20, 10]
        assert len(app.table.children) == 0


async def test_the_cursor_can_move_while_a_filter_is_typed() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "slash", *"train", "down")
        assert selected_pid(app) == 20


async def test_a_key_lists_only_the_processes_of_one_user_or_all() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "u")
        assert pids_of(app) == [30, 10]
        await press(pilot, "u")
        assert pids_of(app) == [30, 20, 10]
