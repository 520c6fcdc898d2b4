import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

import pytest
from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from sensors.readings import ProcessReading, Reading
from tests.fakes import scenes
from tui.processes.columns import COLUMNS
from tui.processes.keys import KEYS
from tui.theme import Palette
from tui.widgets.process_table import ProcessTable

GIB = 1024**3
PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})


class TableApp(App[None]):
    """Only the table, and what it asked for."""

    CSS = ".pane { border: round $border; padding: 0 1; } #processes { height: 100%; }"
    BINDINGS: ClassVar = [("q", "note('q')", "quit"), ("x", "note('x')", "stop")]

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self.table = ProcessTable(
            id="processes", wall_clock=lambda: scenes.EPOCH_START_S, read_only=read_only
        )
        self.asked: list[Message] = []
        self.noted: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    @on(ProcessTable.AllWanted)
    @on(ProcessTable.SignalAsked)
    @on(ProcessTable.DetailsAsked)
    def _note_message(self, message: Message) -> None:
        self.asked.append(message)

    def action_note(self, key: str) -> None:
        self.noted.append(key)


def reading(*processes: ProcessReading, gpus: int = 1) -> Reading:
    return replace(scenes.reading(0.0, gpus=gpus), processes=processes)


def process(pid: int, **fields: object) -> ProcessReading:
    known = ProcessReading(
        pid=pid, user="ana", command=f"python train-{pid}.py", started_at_s=scenes.EPOCH_START_S
    )
    return replace(known, **fields)  # type: ignore[arg-type]


def on_gpu(pid: int, gpu: int = 0, **fields: object) -> ProcessReading:
    return process(pid, gpu_uuid=f"GPU-{gpu}", gpu_index=gpu, **fields)


THREE = (
    on_gpu(30, gpu_memory_bytes=3 * GIB, cpu_pct=1.0),
    on_gpu(20, gpu_memory_bytes=2 * GIB, cpu_pct=2.0, user="bo"),
    process(10, cpu_pct=3.0, parent_pid=20, command="loader"),
)


@asynccontextmanager
async def table_of(
    *processes: ProcessReading,
    size: tuple[int, int] = (120, 20),
    read_only: bool = False,
) -> AsyncIterator[tuple[Pilot[None], TableApp]]:
    app = TableApp(read_only=read_only)
    async with app.run_test(size=size) as pilot:
        app.table.focus()
        show(app, *processes)
        await pilot.pause()
        yield pilot, app


def show(app: TableApp, *processes: ProcessReading) -> None:
    app.table.add(reading(*processes))
    app.table.redraw()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def rows_of(table: ProcessTable) -> list[str]:
    return ["".join(segment.text for segment in strip) for strip in table._strips]


def pids_of(app: TableApp) -> list[int]:
    texts = (row[2:].split() for row in rows_of(app.table)[1:])
    return [int(words[0]) for words in texts if words and words[0].isdecimal()]


def title_of(app: TableApp) -> str:
    return app.table._title


def notices(app: TableApp) -> list[str]:
    return [notice.message for notice in app._notifications]


def selected_pid(app: TableApp) -> int:
    assert app.table.selected is not None
    return app.table.selected.pid


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
        assert title_of(app) == "processes · by GPU busy ▼"
        await press(pilot, "left")
        assert title_of(app) == "processes · by GPU memory ▼"


async def test_sorting_goes_round_through_all_columns_on_screen() -> None:
    async with table_of(*THREE, size=(200, 20)) as (pilot, app):
        seen = []
        for _ in range(len(COLUMNS)):
            await press(pilot, "s")
            seen.append(title_of(app))
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


async def test_what_is_ours_is_marked_with_a_sign_and_its_name() -> None:
    async with table_of(*THREE) as (_, app):
        app.table.mark({20: "racetop worker: cuda:0"})
        show(app, *THREE)
        row = rows_of(app.table)[2]
        assert row.startswith(" ●")
        assert "racetop worker: cuda:0" in row
        assert sum("●" in row for row in rows_of(app.table)) == 1


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


async def test_the_selected_row_differs_without_color_and_is_highlighted_only_with_the_focus() -> (
    None
):
    def highlighted(table: ProcessTable) -> list[int]:
        return [
            number
            for number, strip in enumerate(table._strips)
            if all(segment.style and segment.style.reverse for segment in strip)
        ]

    async with table_of(*THREE) as (pilot, app):
        assert highlighted(app.table) == [1]
        app.set_focus(None)
        await pilot.pause()
        assert highlighted(app.table) == []
        assert rows_of(app.table)[1].startswith("▸")


async def test_a_reading_that_looks_the_same_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with table_of(*THREE) as (pilot, app):
        sent: list[Sequence[object]] = []
        monkeypatch.setattr(app.table, "refresh", lambda *regions, **_: sent.append(regions))
        show(app, *(replace(each, cpu_pct=(each.cpu_pct or 0) + 0.1) for each in THREE))
        assert sent == []
        show(app, replace(THREE[0], cpu_pct=77.0), *THREE[1:])
        (regions,) = sent
        assert len(regions) == 1
        await pilot.pause()


def test_the_table_does_not_make_the_first_frame_wait_for_what_only_signals_need() -> None:
    code = "import sys, tui.widgets.process_table; sys.exit('psutil' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def bare_table(processes: Sequence[ProcessReading]) -> ProcessTable:
    table = ProcessTable(wall_clock=lambda: scenes.EPOCH_START_S)
    table.add(reading(*processes))
    table.redraw()
    return table


def chance_process(dice: random.Random, pid: int) -> ProcessReading:
    def maybe(make: Callable[[], object]) -> object:
        return make() if dice.random() < 0.8 else None

    fields: dict[str, object] = {
        "user": maybe(lambda: dice.choice(["root", "模型", "a-very-long-name"])),
        "gpu_memory_bytes": maybe(lambda: dice.randrange(2**41)),
        "gpu_busy_pct": maybe(lambda: dice.uniform(0, 100)),
        "gpu_use": maybe(lambda: dice.choice(["C", "G", "C+G"])),
        "encoder_pct": maybe(lambda: dice.uniform(0, 100)),
        "mig_gpu_instance": maybe(lambda: dice.randrange(1, 15)),
        "cpu_pct": maybe(lambda: dice.uniform(0, 20_000)),
        "cpu_time_s": maybe(lambda: dice.uniform(0, 1e8)),
        "memory_bytes": maybe(lambda: dice.randrange(2**42)),
        "threads": maybe(lambda: dice.randrange(99_999)),
        "state": maybe(lambda: dice.choice("RSDTZ")),
        "started_at_s": maybe(lambda: dice.uniform(0, scenes.EPOCH_START_S)),
        "container": maybe(lambda: "lab\x1b[2J"),
        "command": maybe(lambda: "python\tжюф.py \u202e[/x] " * dice.randrange(1, 9)),
        "parent_pid": maybe(lambda: dice.randrange(60)),
    }
    gpu = maybe(lambda: dice.randrange(16))
    if gpu is not None:
        fields |= {"gpu_index": gpu, "gpu_uuid": f"GPU-{gpu}"}
    return ProcessReading(pid=pid, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", range(20, 201, 9))
def test_any_size_is_filled_exactly_and_no_number_is_cut_without_a_mark(width: int) -> None:
    dice = random.Random(width)
    processes = [chance_process(dice, pid) for pid in range(dice.randrange(60))]
    table = bare_table(processes)
    for step in range(12):
        if step:
            dice.choice([table.action_invert, table.action_tree])()
            table._order = None if step % 3 else table.order.by(dice.choice(COLUMNS).key)
            table.redraw()
        for height in range(1, 41):
            lines = table.lines(PALETTE, width, height)
            assert len(lines) <= height
            assert all(line.strip(width).cell_length == width for line in lines)
            for line in lines[1:]:
                assert line.width == width or not processes
                text = "".join(segment.text for segment in line.strip(width))
                assert cell_len(text) == width
                assert not set("\x1b\t\u202e") & set(text)


def test_cells_stand_below_their_heads() -> None:
    dice = random.Random(1)
    processes = [chance_process(dice, pid) for pid in range(1, 40)]
    table = bare_table(processes)
    for width in (60, 76, 116, 156, 196):
        columns = table._columns(width)
        for line in table.lines(PALETTE, width, 41)[1:]:
            pieces = [cell_len(segment.text) for segment in line.strip(width)]
            assert pieces[: len(columns)] == [2, *(column.width + 1 for column in columns[:-1])]
