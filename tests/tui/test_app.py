import json
import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Digits

from runners.events import ErrorKind, Event, JobFailed
from runners.process_events import LogLine, WorkerStarted
from runners.spec import Order, Request
from runners.workloads import JobSettings, Variant
from sensors.gpu_readings import DriverReading, NvmlState
from sensors.snapshot import snapshot
from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle, usual_script
from tui import charts
from tui.screens.confirm import Confirm
from tui.widgets.rows import RowsWidget
from tui.wiring import Opening

SIZES = [(160, 48), (120, 40), (80, 24), (60, 20), (40, 10), (20, 5), (3, 2)]
STARTS_AT_ONCE = Opening(workload="fashion-cnn", start=True)


def opening_of(request: Request) -> Opening:
    """As if the request had been spelled out on the command line."""
    return Opening(
        workload=request.workloads[0],
        start=True,
        needs_gpus=False,
        request=lambda _workload, _accelerator: request,
    )


async def test_the_screen_is_up_before_the_driver_answers() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "waiting for the NVIDIA driver" in screen_text(stage.app)
        stage.read(scenes.reading(0.0, gpus=0, driver=DriverReading(state=NvmlState.STARTING)))
        await settle(pilot)
        text = screen_text(stage.app)
        assert "waiting for the NVIDIA driver" in text
        assert "16 of 96 cores (cgroup)" in text


async def test_a_machine_without_a_gpu_says_why_and_what_to_do() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=scenes.NO_DRIVER))
        await settle(pilot)
        text = screen_text(stage.app)
        assert "libnvidia-ml.so.1 was not found" in text
        assert "install its" in text


async def test_the_gpu_pane_shows_what_limits_the_clocks() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(7.0))
        await settle(pilot)
        text = screen_text(stage.app)
        for words in ("GPU 0 · NVIDIA H200", "1740/1980 MHz", "at the power limit", "54 °C"):
            assert words in text


async def test_the_default_race_waits_for_the_gpus_and_races_the_cpu_against_one() -> None:
    stage = Stage(STARTS_AT_ONCE)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=DriverReading(state=NvmlState.STARTING)))
        await settle(pilot)
        assert stage.workers.started == []
        stage.read(scenes.reading(1.0))
        await settle(pilot)
        assert [s.device for s in stage.workers.started] == ["cpu", "cuda:0"]


async def test_without_a_gpu_the_default_race_is_as_written_against_tuned() -> None:
    stage = Stage(STARTS_AT_ONCE)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=scenes.NO_DRIVER))
        await settle(pilot)
        assert [s.variant for s in stage.workers.started] == [Variant.AS_WRITTEN, Variant.TUNED]


async def test_a_race_shows_epochs_ratio_verdict_and_its_processes() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        stage.read(scenes.reading(1.0))
        await settle(pilot)
        text = screen_text(stage.app)
        assert stage.app.query_one(Digits).value == "4.00×"
        assert "8.00 s steady" in text
        assert "2.00 s steady" in text
        assert "generated" in text
        assert "racetop worker: cpu" in text
        assert stage.sampler.wanted().own_pids == {
            os.getpid(),
            scenes.CPU_WORKER,
            scenes.ACCELERATOR_WORKER,
        }
        stage.workers.finish.set()


async def test_a_race_that_was_asked_for_starts_without_waiting_for_the_driver() -> None:
    request = Request(workloads=("mlp",), devices=("cpu",), order=Order.TOGETHER, epochs=(3,))
    opening = opening_of(request)
    stage = Stage(opening)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert [(s.workload, s.epochs) for s in stage.workers.started] == [("mlp", 3)]
        assert "the ratio comes" not in screen_text(stage.app)


async def test_a_second_race_is_refused_while_one_runs() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert len(stage.workers.started) == 2
        assert "A race is running" in [n.message for n in stage.app._notifications][-1]


async def test_stopping_keeps_what_is_finished() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert stage.workers.stopped == 2
        text = screen_text(stage.app)
        assert "stopped" in text
        assert "8.00 s steady" in text


async def test_quitting_asks_while_a_race_runs_and_stops_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(stage.app.screen, Confirm)
        await pilot.press("n")
        await settle(pilot)
        assert stage.workers.stopped == 0
        await pilot.press("q")
        await settle(pilot)
        await pilot.press("y")
        await settle(pilot)
    assert stage.workers.stopped == 2
    assert not stage.sampler.is_running


async def test_interrupting_leaves_as_quitting_does() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert not stage.app.is_running


async def test_quitting_asks_nothing_where_nothing_runs() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await settle(pilot)
        assert not stage.app.is_running


async def test_a_failed_lane_says_why_and_the_other_goes_on() -> None:
    def script(settings: JobSettings) -> Sequence[Event]:
        if settings.device == "cpu":
            return usual_script(settings)
        message = "cuda:0 was asked for, but this torch finds no CUDA device."
        return [
            WorkerStarted(pid=7, mono_s=1000.0),
            JobFailed(error=ErrorKind.DEVICE_MISSING, message=message, remedy="Run the doctor."),
        ]

    stage = Stage(script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        text = screen_text(stage.app)
        assert "but this torch finds no" in text
        assert "Run the doctor." in text
        assert "8.00 s steady" in text


HOSTILE = "[/x] [bold]\x1b[2J\x1b]0;title\x07 \x9b31m [@click=app.quit]"


async def test_text_that_is_not_ours_acts_neither_as_markup_nor_as_terminal_control() -> None:
    def script(settings: JobSettings) -> Sequence[Event]:
        del settings
        return [
            WorkerStarted(pid=7, mono_s=1000.0),
            LogLine(stream="stderr", text=HOSTILE),
            JobFailed(error=ErrorKind.EXCEPTION, message=HOSTILE, remedy=HOSTILE),
        ]

    stage = Stage(script=script)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        text = screen_text(stage.app)
        assert "[/x] [bold]" in text
        assert not set("\x1b\x07\x9b") & set(text)
        assert "\x1b" not in stage.app.export_screenshot()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gpus", [0, 1, 2, 8, 16])
async def test_no_size_and_no_number_of_gpus_breaks_the_screen(
    size: tuple[int, int], gpus: int
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        driver = scenes.NO_DRIVER if gpus == 0 else None
        stage.read(scenes.reading(7.0, gpus=gpus, driver=driver))
        await pilot.press("r")
        await settle(pilot)
        for key in ("pagedown", "tab", "m", "m", "pageup"):
            await pilot.press(key)
        await settle(pilot)
        assert stage.app.live.maximized is None
        panes = [pane for pane in stage.app.live.query(".pane") if pane.region.area]
        for one, other in combinations(panes, 2):
            assert not one.region.overlaps(other.region), (one, other)


async def test_a_resize_lays_everything_out_again() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        stage.read(scenes.reading(7.0))
        await pilot.press("r")
        await settle(pilot)
        for size in (*SIZES, (120, 40)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        shown = [pane for pane in stage.app.live.query(RowsWidget) if pane.size.area]
        assert len(shown) > 6
        for pane in shown:
            assert all(strip.cell_length == pane.size.width for strip in pane._strips)
        assert "2.00 s steady" in screen_text(stage.app)


async def test_a_sweep_of_many_jobs_becomes_a_table() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("b")
        await settle(pilot)
        text = screen_text(stage.app)
        for batch in (25, 50, 100, 200, 400):
            assert f"batch {batch}" in text
        assert sum("batch" in r and "waiting" in r for r in text.splitlines()) == 4
        stage.workers.finish.set()


async def test_pausing_freezes_the_machine_but_not_its_history() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press("p")
        await settle(pilot)
        before = screen_text(stage.app)
        assert "paused" in before
        for second in (5.0, 6.0, 7.0):
            stage.read(scenes.reading(second))
            await settle(pilot)
        assert screen_text(stage.app) == before
        await pilot.press("space")
        stage.read(scenes.reading(8.0))
        await settle(pilot)
        assert len(stage.app.live.gpus._busy) == 5


async def test_the_interval_steps_and_stays_in_its_range() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        for _ in range(6):
            await pilot.press("minus")
        assert stage.sampler.interval_s == 10.0
        for _ in range(9):
            await pilot.press("plus")
        assert stage.sampler.interval_s == 0.5
        assert "every 0.5 s" in screen_text(stage.app)


async def test_the_order_key_changes_the_next_race() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o")
        await pilot.press("r")
        await settle(pilot)
        assert len(stage.workers.started) == 1
        stage.workers.finish.set()
        await settle(pilot)
        assert len(stage.workers.started) == 2


def texts_by_suffix(folder: Path) -> dict[str, str]:
    return {path.suffix: path.read_text() for path in folder.iterdir()}


async def test_exporting_writes_the_race_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await pilot.press("r")
        await settle(pilot)
        stage.read(scenes.reading(5.0))
        await pilot.press("e")
        await stage.app.workers.wait_for_complete(
            [worker for worker in stage.app.workers if worker.group == "export"]
        )
    written = texts_by_suffix(tmp_path)
    assert set(written) == {".json", ".csv", ".md", ".html"}
    document = json.loads(written[".json"])
    assert document["schema"] == "racetop.comparison/1"
    assert [job["label"] for job in document["jobs"]] == ["cpu", "cuda:0"]
    at_start, later = (snapshot(scenes.reading(at_s))["host"] for at_s in (0.0, 5.0))
    assert document["machine"]["host"] == at_start != later
    assert document["command"].startswith("racetop compare fashion-cnn --devices cpu,cuda:0")


async def test_every_theme_draws_every_pane() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(7.0))
        await pilot.press("r")
        await settle(pilot)
        seen = set()
        for _ in range(7):
            await pilot.press("t")
            await settle(pilot)
            seen.add(stage.app.theme)
            assert "1740/1980 MHz" in screen_text(stage.app)
        assert len(seen) == 7


async def test_an_unknown_data_directory_is_said_on_screen() -> None:
    request = Request(workloads=("mlp",), data="/no/such/folder")
    opening = opening_of(request)
    stage = Stage(opening)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert any("/no/such/folder" in n.message for n in stage.app._notifications)
        assert stage.workers.started == []


async def test_the_chart_is_drawn_on_a_new_epoch_and_never_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[int] = []
    draw = charts.chart

    def counted_draw(*arguments: Any, **options: Any) -> str:
        drawn.append(1)
        return draw(*arguments, **options)

    monkeypatch.setattr(charts, "chart", counted_draw)
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        assert drawn
        drawn.clear()
        for second in range(5):
            stage.read(scenes.reading(float(second)))
            await settle(pilot, 1)
        assert drawn == []


async def test_counters_of_no_gpu_are_not_promised() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=scenes.NO_DRIVER))
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert "There is no GPU here" in "".join(n.message for n in stage.app._notifications)
