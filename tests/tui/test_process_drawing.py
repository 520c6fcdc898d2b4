"""How the process table looks, at any size, and what it costs."""

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len

from sensors.readings import ProcessReading
from tests.fakes import scenes
from tests.fakes.process_table import (
    THREE,
    reading,
    rows_of,
    show,
    table_of,
)
from tests.tui.test_machine_sizes import cut_numbers, numbers_of
from tui.processes.columns import COLUMNS
from tui.theme import Palette
from tui.widgets.process_table import ProcessTable

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})


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


async def test_what_is_ours_is_marked_with_a_sign_and_its_name() -> None:
    async with table_of(*THREE) as (_, app):
        app.table.mark({20: "racetop worker: cuda:0"})
        show(app, *THREE)
        row = rows_of(app.table)[2]
        assert row.startswith(" ●")
        assert "racetop worker: cuda:0" in row
        assert sum("●" in row for row in rows_of(app.table)) == 1


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


@pytest.mark.parametrize("width", range(20, 201, 9))
def test_any_size_is_filled_exactly_and_no_number_is_cut_without_a_mark(width: int) -> None:
    dice = random.Random(width)
    processes = [chance_process(dice, pid) for pid in range(dice.randrange(60))]
    table = bare_table(processes)
    known = known_numbers(processes)
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
                assert cut_numbers(text, known) == [], text


def known_numbers(processes: Sequence[ProcessReading]) -> set[str]:
    """All numbers that may stand in the table: of times also days, of memory also percents."""
    times_s = [process.cpu_time_s or 0.0 for process in processes]
    times_s += [scenes.EPOCH_START_S - (process.started_at_s or 0.0) for process in processes]
    days = [time_s // 86400 for time_s in times_s]
    total_bytes = scenes.host(0.0).memory_total_bytes or 1
    shares = [100 * (process.memory_bytes or 0) / total_bytes for process in processes]
    return numbers_of((processes, times_s, days, shares, range(61)))


def test_cells_stand_below_their_heads() -> None:
    dice = random.Random(1)
    processes = [chance_process(dice, pid) for pid in range(1, 40)]
    table = bare_table(processes)
    for width in (60, 76, 116, 156, 196):
        columns = table._columns(width)
        for line in table.lines(PALETTE, width, 41)[1:]:
            pieces = [cell_len(segment.text) for segment in line.strip(width)]
            assert pieces[: len(columns)] == [2, *(column.width + 1 for column in columns[:-1])]
