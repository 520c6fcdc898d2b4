"""What the process table asks others to do, by keys and by the mouse."""

import pytest

from sensors.readings import ProcessReading
from tests.fakes.process_table import (
    THREE,
    notices,
    on_gpu,
    press,
    process,
    reading,
    rows_of,
    selected_pid,
    show,
    table_of,
    title_of,
)
from tui.processes.keys import KEYS
from tui.widgets.process_table import ProcessTable


@pytest.mark.parametrize("key", ["k", "f9"])
async def test_a_signal_is_asked_for_the_process_under_the_cursor(key: str) -> None:
    async with table_of(*THREE) as (pilot, app):
        app.table.mark({20: "racetop worker: cuda:0"})
        show(app, *THREE)
        await press(pilot, key, "down", key)
        first, second = app.asked
        assert isinstance(first, ProcessTable.SignalAsked)
        assert isinstance(second, ProcessTable.SignalAsked)
        assert (first.process, first.own) == (THREE[0], None)
        assert (second.process, second.own) == (THREE[1], "racetop worker: cuda:0")


async def test_read_only_answers_with_the_reason_and_offers_no_signals() -> None:
    async with table_of(*THREE, read_only=True) as (pilot, app):
        await press(pilot, "k")
        assert app.asked == []
        assert notices(app) == ["Signals are switched off by --read-only."]
        assert "signal" not in str(app.table.border_subtitle)
    async with table_of(*THREE) as (_, app):
        assert "k signal" in str(app.table.border_subtitle)


async def test_a_process_that_cannot_be_signalled_is_refused_before_any_question() -> None:
    hidden = ProcessReading(pid=77, gpu_index=0, gpu_uuid="GPU-0")
    async with table_of(hidden) as (pilot, app):
        await press(pilot, "k")
        assert app.asked == []
        assert "Process 77" in notices(app)[0]
        assert "not visible from here" in rows_of(app.table)[1]


async def test_enter_asks_for_the_page_of_a_process_with_all_its_gpus() -> None:
    rows = (on_gpu(5, 0), on_gpu(6, 0), on_gpu(5, 1))
    async with table_of(*rows) as (pilot, app):
        await press(pilot, "enter")
        (message,) = app.asked
        assert isinstance(message, ProcessTable.DetailsAsked)
        assert message.rows == (rows[0], rows[2])


async def test_while_paused_keys_mean_the_rows_on_the_screen() -> None:
    async with table_of(*THREE) as (pilot, app):
        app.table.add(reading(process(99)))
        await press(pilot, "down", "enter", "k")
        details, asked = app.asked
        assert isinstance(details, ProcessTable.DetailsAsked)
        assert isinstance(asked, ProcessTable.SignalAsked)
        assert details.rows == (asked.process,) == (THREE[1],)


async def test_keys_do_nothing_where_there_is_no_process() -> None:
    async with table_of() as (pilot, app):
        for binding in KEYS:
            for key in binding.key.split(","):
                await press(pilot, key)
        assert not any(isinstance(m, ProcessTable.SignalAsked) for m in app.asked)
        assert not any(isinstance(m, ProcessTable.DetailsAsked) for m in app.asked)


async def test_a_click_on_a_head_sorts_and_a_second_one_inverts() -> None:
    async with table_of(*THREE) as (pilot, app):
        cpu = rows_of(app.table)[0].index("CPU %")
        for mark in ("▼", "▲"):
            await pilot.click("#processes", offset=(cpu + 2, 1))
            await pilot.pause()
            assert title_of(app) == f"processes · by CPU {mark}"


async def test_a_click_selects_a_row_and_a_double_click_opens_it() -> None:
    async with table_of(*THREE) as (pilot, app):
        await pilot.click("#processes", offset=(10, 3))
        assert selected_pid(app) == 20
        await pilot.click("#processes", offset=(10, 9))
        assert selected_pid(app) == 20
        await pilot.click("#processes", offset=(10, 4), times=2)
        await pilot.pause()
        (message,) = app.asked
        assert isinstance(message, ProcessTable.DetailsAsked)
        assert message.rows == (THREE[2],)
