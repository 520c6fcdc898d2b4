"""Races of the screen are kept in the history; workers are ready before a race is asked for."""

import re
from pathlib import Path

import pytest

from runners.events import Event
from runners.history.store import History
from runners.presets import PRESETS
from runners.spec import Order, Request
from runners.state import RunStatus
from runners.workloads import JobSettings
from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle
from tests.fakes.looks import look
from tests.fakes.training import epoch, finished_run
from tests.tui.test_app import opening_of
from tui.keys import KEYS
from tui.wiring import Opening

ON_CPU = Request(workloads=("mlp",), devices=("cpu",), epochs=(2,), trials=2)


async def until_over(stage: Stage) -> None:
    """Let the race come to its end; the file is opened in a thread."""
    stage.workers.finish.set()
    assert stage.app.race._task is not None
    await stage.app.race._task


async def test_a_race_is_kept_with_its_request_and_the_machine(tmp_path: Path) -> None:
    stage = Stage(opening_of(ON_CPU), history=tmp_path / "history.sqlite")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await until_over(stage)
        stage.app.action_race()
        await until_over(stage)
    history = History.open(tmp_path / "history.sqlite")
    entries = history.entries()
    assert [entry.workloads for entry in entries] == [("mlp",), ("mlp",)]
    saved = history.load(entries[0].id)
    history.close()
    assert saved.request == ON_CPU
    assert saved.machine is not None
    assert saved.machine["host"]["hostname"] == "gpu-box"
    assert all(run.status is RunStatus.DONE for run in saved.state.runs.values())


async def test_a_stopped_race_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    stage = Stage(opening_of(ON_CPU), history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        while not stage.workers.started:
            await settle(pilot)
        stage.app.action_stop()
        assert stage.app.race._task is not None
        await stage.app.race._task
        history = await stage.app.race.past.open()
        assert history is not None
        saved, recorder = history.resume(history.entries()[0].id)
        stage.workers.started.clear()
        stage.app.resume(saved, recorder)
        await until_over(stage)
        await settle(pilot)
        assert len(stage.workers.started) == 2
        assert stage.app.race.request == ON_CPU
        assert stage.app.race.problem is None


async def test_a_file_that_cannot_be_written_is_told_once_and_stops_no_race(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no folder")
    stage = Stage(opening_of(ON_CPU), history=tmp_path / "file" / "history.sqlite")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await until_over(stage)
        await settle(pilot, 10)
        told = [n.message for n in stage.app._notifications if n.message.startswith("not saved")]
        assert len(told) == 1
        assert "not saved" in screen_text(stage.app)
        assert len(stage.workers.started) == 2


async def test_a_race_stopped_before_the_file_is_open_starts_no_worker(tmp_path: Path) -> None:
    stage = Stage(opening_of(ON_CPU), history=tmp_path / "history.sqlite")
    async with stage.app.run_test(size=(120, 40)):
        stage.app.start_request(ON_CPU)
        stage.app.action_stop()
        assert stage.app.race._task is not None
        await stage.app.race._task
        assert stage.workers.started == []


async def test_workers_are_made_ready_when_the_race_comes_into_view_and_after_a_race() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        assert stage.workers.prepared == []
        await pilot.press("g")
        await settle(pilot)
        assert [job.device for job in stage.workers.prepared] == ["cpu", "cuda:0"]
        stage.workers.prepared.clear()
        await pilot.press("r")
        await settle(pilot)
        assert stage.workers.prepared == []
        await until_over(stage)
        await settle(pilot)
        assert [job.device for job in stage.workers.prepared] == ["cpu", "cuda:0"]
    assert stage.workers.is_closed


async def test_a_request_from_elsewhere_starts_as_it_is() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.start_request(ON_CPU)
        await settle(pilot)
        assert [job.workload for job in stage.workers.started] == ["mlp"]
        await pilot.press("x")
        await settle(pilot)


@pytest.mark.parametrize("size", [(160, 48), (120, 40), (80, 24), (40, 10)])
@pytest.mark.parametrize("number", range(1, 10))
async def test_every_digit_key_starts_its_preset(number: int, size: tuple[int, int]) -> None:
    stage = Stage(script=scenes.sweeping_script)
    async with stage.app.run_test(size=size) as pilot:
        await pilot.press(str(number))
        await settle(pilot, 10)
        assert stage.app.race.request == PRESETS[number - 1].request("cuda:0")
        assert stage.workers.started
        await pilot.press("x")
        await settle(pilot)


async def test_what_a_preset_leaves_out_here_is_said_on_screen_with_the_reason() -> None:
    on_a_cpu = Opening(workload="mlp", needs_gpus=False)
    stage = Stage(on_a_cpu, script=lambda _settings: scenes.start_events(0, accelerator=False))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("6")
        await settle(pilot, 10)
        words = " ".join(screen_text(stage.app).replace("│", " ").split())
        assert "Without an accelerator transformer-50m is left out" in words
        assert "seconds a sample" in words
        (told,) = [note.message for note in stage.app._notifications]
        assert told.startswith("Without an accelerator transformer-50m is left out")
        stage.workers.script = scenes.swept_script
        stage.workers.finish.set()
        await settle(pilot, 40)
        assert "transformer-50m is left out" in screen_text(stage.app)


async def test_the_presets_are_named_where_a_race_can_be_started() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("g")
        await settle(pilot)
        text = screen_text(stage.app)
        for number, preset in enumerate(PRESETS, start=1):
            assert re.search(rf"{number} {preset.name}\s+{re.escape(preset.answers[:40])}", text)
        tooltips = [key.tooltip for key in KEYS]
        assert all(f"{preset.name}: {preset.answers}" in tooltips for preset in PRESETS)


async def test_the_order_asked_for_holds_for_presets() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o", "1")
        await settle(pilot)
        assert stage.app.race.request is not None
        assert stage.app.race.request.order is Order.IN_TURN
        await pilot.press("x")
        await settle(pilot)


async def test_the_first_epoch_of_a_race_is_told_of_from_the_look_before_it() -> None:
    def script(_settings: JobSettings) -> list[Event]:
        return [*finished_run(2.0)[:1], epoch(1, 2.0, started_mono_s=1002.5)]

    stage = Stage(script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(look(1002.0, throttled_s=5.0))
        await settle(pilot)
        stage.app.race.start(ON_CPU)
        while not stage.workers.started:
            await settle(pilot)
        for at_s in range(1003, 1007):
            stage.read(look(float(at_s), throttled_s=6.0))
            await settle(pilot)
        live = stage.app.race.state
        assert live is not None
        assert live.runs_of(0)[0].machine[1].throttled_s == 0.5
        stage.app.action_stop()
        await until_over(stage)


async def test_the_screens_readings_tell_of_the_races_epochs_and_are_kept(tmp_path: Path) -> None:
    def script(_settings: JobSettings) -> list[Event]:
        return [*finished_run(2.0)[:1], epoch(1, 2.0, started_mono_s=1003.0, process_s=3.0)]

    stage = Stage(opening_of(ON_CPU), script=script, history=tmp_path / "history.sqlite")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        while not stage.workers.started:
            await settle(pilot)
        for at_s in range(1002, 1007):
            stage.read(look(float(at_s), cpu_busy_pct=80.0))
            await settle(pilot)
        live = stage.app.race.state
        assert live is not None
        assert live.runs_of(0)[0].machine[1].own_cores_busy == 1.5
        stage.app.action_stop()
        await until_over(stage)
    history = History.open(tmp_path / "history.sqlite")
    saved = history.load(history.entries()[0].id)
    history.close()
    assert saved.state.runs_of(0)[0].machine == live.runs_of(0)[0].machine
    assert saved.readings[0]["host"]["cpu_busy_pct"] == 80.0
