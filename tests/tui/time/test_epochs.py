"""The table of epochs: what it tells, what it leaves out, where it looks."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from runners.events import Event
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved
from runners.state import RunState, apply_to_run
from runners.workloads import JobSettings
from tests.fakes.diagnosis_scene import epoch_finished, machine
from tests.fakes.history_pane import PALETTE, texts
from tests.fakes.training import settings
from tui.widgets.time.epoch_columns import COLUMNS, KEPT_FIRST, Row, columns_for
from tui.widgets.time.epochs import EpochsPane

GPU_JOB = settings(workload="fashion-cnn", device="cuda:0", train_samples=10_000)
CPU_JOB = replace(GPU_JOB, device="cpu")


def run_of(job: JobSettings, epochs: int, *, observed: bool = True) -> RunState:
    run = RunState()
    for number in range(1, epochs + 1):
        finished = epoch_finished(job, number)
        events: list[Event] = [finished]
        if observed:
            seen = machine(number, job, finished.epoch_s)
            events.append(EpochObserved(epoch=number, machine=seen))
        for event in events:
            run = apply_to_run(run, event)
    return run


def pane_of(
    run: RunState,
    *,
    on_cpu: bool = False,
    jobs: int = 1,
    take_next_job: Callable[[int], None] = lambda _step: None,
) -> EpochsPane:
    pane = EpochsPane(take_next_job)
    pane.show("cuda:0", run, unit="epoch", on_cpu=on_cpu, jobs=jobs)
    return pane


def rows(run: RunState, width: int, *, on_cpu: bool = False, height: int = 20) -> list[str]:
    pane = pane_of(run, on_cpu=on_cpu)
    return [row.rstrip() for row in texts(pane.lines(PALETTE, width, height), width)]


def test_every_column_has_its_place_in_the_order_of_keeping() -> None:
    assert sorted(KEPT_FIRST) == sorted(column.title for column in COLUMNS)


def test_an_epoch_has_its_time_its_phases_and_its_steps() -> None:
    head, _, second, _ = rows(run_of(GPU_JOB, 3, observed=False), 80)
    assert head.split()[:8] == ["epoch", "time", "samples/s", "data", "copy", "fwd", "bwd", "opt"]
    assert second.split()[:5] == ["2", "781", "ms", "12,800", "86%"]


def test_with_all_the_room_everything_the_machine_did_is_there() -> None:
    head, first, second, _ = rows(run_of(GPU_JOB, 3), 240)
    for title in ("W", "J/sample", "°C", "MHz", "limits", "own cores", "quota s", "psi io", "read"):
        assert title in head
    assert "hw-thermal 1.0 s" in first
    assert "31" in second
    assert "14.8 mJ" in second
    assert "none" in second


def test_an_epoch_slowed_by_heat_says_so_beside_itself() -> None:
    _, first, second, _ = rows(run_of(GPU_JOB, 3), 120)
    assert first.endswith("◀ slowed by hw-thermal")
    assert "◀" not in second
    words = "◀ slowed by hw-thermal for 1.0 of 1.2 s, clock 1,410 of 1,980 MHz"
    assert rows(run_of(GPU_JOB, 3), 320)[1].endswith(words)


@pytest.mark.parametrize("width", [56, 76, 116, 156, 240])
def test_rows_are_as_wide_as_their_columns_and_the_first_ones_stay(width: int) -> None:
    head, *others = rows(run_of(GPU_JOB, 3), width)
    assert head.split()[0] == "epoch"
    assert "time" in head
    assert all(len(row) <= width for row in others)
    assert not [row for row in others if row.endswith("…")]


def test_what_an_epoch_took_comes_before_what_slowed_it() -> None:
    head, first, *_ = rows(run_of(GPU_JOB, 3), 36)
    assert head.split() == ["epoch", "time", "samples/s"]
    assert first.endswith("◀ slowed…")


def test_a_job_on_the_cpu_has_no_columns_of_a_gpu() -> None:
    head, *_ = rows(run_of(CPU_JOB, 3), 240, on_cpu=True)
    for title in ("copy", "GPU %", "MHz", "limits"):
        assert title not in head
    assert "own cores" in head


def test_what_nothing_tells_is_left_out_and_one_gap_among_figures_is_named() -> None:
    run = run_of(GPU_JOB, 3)
    blind = {number: replace(seen, power_w=None) for number, seen in run.machine.items()}
    assert "W" not in rows(replace(run, machine=blind), 240)[0].split()
    one = {**run.machine, 2: replace(run.machine[2], power_w=None)}
    shown = rows(replace(run, machine=one), 240)
    assert "W" in shown[0].split()
    assert "n/a" in shown[2]
    assert "n/a" not in shown[1]


def test_an_epoch_nobody_looked_at_yet_is_unknown_and_not_nothing() -> None:
    run = run_of(GPU_JOB, 3)
    late = replace(run, machine={1: run.machine[1]})
    shown = rows(late, 240)
    assert "n/a" in shown[3]
    assert " 0 " not in shown[3]


def test_columns_that_have_no_room_are_counted() -> None:
    row = Row(epoch_finished(GPU_JOB, 1), machine(1, GPU_JOB, 1.0))
    kept, hidden = columns_for([row], 40, on_cpu=False)
    assert [column.title for column in kept] == ["epoch", "time", "samples/s", "data", "GPU %"]
    assert hidden == len(COLUMNS) - len(kept)
    assert columns_for([row], 400, on_cpu=False)[1] == 0


def test_an_energy_without_a_source_is_unknown() -> None:
    row = Row(epoch_finished(GPU_JOB, 1), EpochMachine(looks=1))
    energy = next(column for column in COLUMNS if column.title == "J/sample")
    assert energy.text(row) is None


class OneTable(App[None]):
    """The table alone."""

    CSS = ".pane { height: 6; border: round; }"

    def __init__(self, pane: EpochsPane) -> None:
        super().__init__()
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane

    def numbers(self) -> list[str]:
        lines = [self.pane.render_line(y).text for y in range(1, self.pane.size.height)]
        return [line.split()[0] for line in lines]


async def test_the_newest_epoch_is_in_sight_until_keys_look_elsewhere() -> None:
    app = OneTable(pane_of(run_of(GPU_JOB, 8), jobs=2))
    async with app.run_test(size=(100, 20)) as pilot:
        app.pane.focus()
        await pilot.pause()
        assert app.numbers() == ["6", "7", "8"]
        await pilot.press("up", "up")
        assert app.numbers() == ["4", "5", "6"]
        app.pane.show("cuda:0", run_of(GPU_JOB, 9), unit="epoch", on_cpu=False, jobs=2)
        await pilot.pause()
        assert app.numbers() == ["4", "5", "6"]
        assert str(app.pane.border_subtitle).startswith("4-6 of 9 ↑↓ · ←→ other job")
        await pilot.press("end")
        app.pane.show("cuda:0", run_of(GPU_JOB, 10), unit="epoch", on_cpu=False, jobs=2)
        await pilot.pause()
        assert app.numbers() == ["8", "9", "10"]
        await pilot.press("home")
        assert app.numbers() == ["1", "2", "3"]


async def test_which_rows_and_columns_are_in_sight_is_told_anew_after_a_change_of_size() -> None:
    app = OneTable(pane_of(run_of(GPU_JOB, 8)))
    async with app.run_test(size=(100, 20)) as pilot:
        told = []
        for width in (100, 160, 100):
            await pilot.resize_terminal(width, 20)
            await pilot.pause()
            told.append(str(app.pane.border_subtitle))
        assert told[0] == told[2] != told[1]
        assert told[0].startswith("6-8 of 8 ↑↓ · ")
        assert told[0].endswith(" more columns in a wider window")


async def test_left_and_right_take_another_job() -> None:
    asked: list[int] = []
    app = OneTable(pane_of(run_of(GPU_JOB, 2), jobs=2, take_next_job=asked.append))
    async with app.run_test(size=(100, 20)) as pilot:
        app.pane.focus()
        await pilot.press("right", "left")
        assert asked == [1, -1]
