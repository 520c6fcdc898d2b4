"""Order, cursor, tree and following in the process table."""

import pytest

from tests.fakes.process_table import (
    GIB,
    THREE,
    notices,
    on_gpu,
    pids_of,
    press,
    process,
    reading,
    rows_of,
    selected_pid,
    show,
    table_of,
    title_of,
)
from tui.processes.columns import COLUMNS


async def test_gpu_processes_come_first_by_their_memory_and_the_title_says_so() -> None:
    async with table_of(*reversed(THREE)) as (_, app):
        assert pids_of(app) == [30, 20, 10]
        assert title_of(app) == "processes · by GPU memory ▼"
        assert "GPU MEM▼" in rows_of(app.table)[0]


async def test_without_gpus_the_busiest_comes_first() -> None:
    async with table_of() as (pilot, app):
        app.table.add(reading(process(1, cpu_pct=1.0), process(2, cpu_pct=2.0), gpus=0))
        app.table.redraw()
        await pilot.pause()
        assert pids_of(app) == [2, 1]
        assert "GPU" not in "".join(rows_of(app.table))
        assert title_of(app) == "processes · by CPU ▼"


@pytest.mark.parametrize("key", ["s", "right", "f6"])
async def test_a_key_sorts_by_the_next_column_and_another_by_the_one_before(key: str) -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, key)
        assert title_of(app) == "processes · by share of GPU memory ▼"
        await press(pilot, "left")
        assert title_of(app) == "processes · by GPU memory ▼"


@pytest.mark.parametrize("width", [80, 200])
async def test_sorting_goes_round_through_all_columns_and_shows_each(width: int) -> None:
    async with table_of(*THREE, size=(width, 20)) as (pilot, app):
        seen = []
        for _ in range(len(COLUMNS)):
            await press(pilot, "s")
            seen.append(title_of(app))
            assert any(mark in rows_of(app.table)[0] for mark in "▼▲")
        assert len(set(seen)) == sum(not column.once_used for column in COLUMNS)


async def test_the_order_is_inverted() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "i")
        assert pids_of(app) == [20, 30, 10]
        assert title_of(app) == "processes · by GPU memory ▲"


async def test_the_cursor_moves_and_stays_inside() -> None:
    many = [process(pid, cpu_pct=float(pid)) for pid in range(100, 140)]
    async with table_of(*many, size=(100, 13)) as (pilot, app):
        room = app.table.size.height - 1
        steps = [
            ("up", 0), ("down", 1), ("down", 2), ("up", 1), ("pagedown", 1 + room),
            ("end", 39), ("pagedown", 39), ("pageup", 39 - room), ("home", 0), ("pageup", 0),
        ]  # fmt: skip
        for key, place in steps:
            await press(pilot, key)
            assert selected_pid(app) == 139 - place, key
            cursor = [row for row in rows_of(app.table) if row.startswith("▸")]
            assert [int(row[2:].split()[0]) for row in cursor] == [139 - place]


async def test_what_is_out_of_sight_is_counted() -> None:
    many = [process(pid, cpu_pct=float(pid)) for pid in range(100, 140)]
    async with table_of(*many, size=(100, 13)) as (pilot, app):
        shown = app.table.size.height - 1
        assert rows_of(app.table)[0].endswith(f"↓ {40 - shown} more")
        await press(pilot, "end")
        assert rows_of(app.table)[0].endswith(f"↑ {40 - shown} more")
        await press(pilot, "home", *["down"] * shown)
        assert rows_of(app.table)[0].endswith(f"↑ 1  ↓ {39 - shown} more")


@pytest.mark.parametrize("key", ["y", "f5"])
async def test_the_tree_puts_children_below_their_parents(key: str) -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, key)
        assert "└─ loader" in rows_of(app.table)[3]
        assert title_of(app).endswith("tree")
        await press(pilot, key)
        assert "└─" not in "".join(rows_of(app.table))


async def test_following_stays_with_the_process_until_the_cursor_is_moved() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "down", "f")
        assert title_of(app).endswith("following 20")
        assert app.table.followed_pid == 20
        show(app, on_gpu(20, gpu_memory_bytes=9 * GIB), *THREE[::2])
        assert pids_of(app) == [20, 30, 10]
        assert selected_pid(app) == 20
        await press(pilot, "down")
        assert "following" not in title_of(app)
        assert selected_pid(app) == 30


async def test_following_the_second_gpu_of_a_process_stays_on_that_row() -> None:
    rows = [on_gpu(5, gpu, gpu_memory_bytes=(gpu + 1) * GIB) for gpu in (0, 1)]
    async with table_of(*rows) as (pilot, app):
        await press(pilot, "down", "f", "i")
        assert app.table.selected == rows[0]


async def test_a_followed_process_that_ends_is_said_and_let_go() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "f")
        show(app, *THREE[1:])
        await pilot.pause()
        assert app.table.followed_pid is None
        assert any("Process 30 has ended" in text for text in notices(app))


async def test_without_following_the_cursor_keeps_its_row() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "down", "i")
        assert selected_pid(app) == 30
        show(app)
        assert app.table.selected is None
        show(app, THREE[0])
        assert selected_pid(app) == 30


async def test_all_processes_are_asked_for_and_no_longer() -> None:
    async with table_of(*THREE) as (pilot, app):
        await press(pilot, "a")
        assert title_of(app).endswith("all")
        await press(pilot, "a")
        assert [getattr(message, "wanted", None) for message in app.asked] == [True, False]
