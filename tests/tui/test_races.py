"""How races begin, follow each other and end on the screen; each test a fault once found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from runners.events import DeviceReady, Event
from runners.planning import default_request
from runners.spec import Order, Request
from runners.workloads import JobSettings, Variant
from sensors.gpu_readings import DriverReading, NvmlState
from sensors.readings import Problem
from tests.fakes import gpus, scenes
from tests.fakes.live import Stage, screen_text, settle, usual_script
from tests.tui.test_app import HOSTILE
from tui.screens.confirm import Confirm
from tui.widgets.job_card import JobCard
from tui.widgets.verdict import VerdictPane
from tui.widgets.worker_log import WorkerLog
from tui.wiring import Opening

STARTING = DriverReading(state=NvmlState.STARTING)
WAITS = Opening(workload="fashion-cnn", start=True)


async def test_the_result_has_its_rows_on_a_tiny_screen_too() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(40, 10)) as pilot:
        await pilot.press("r")
        await settle(pilot, 10)
        stage.workers.finish.set()
        await settle(pilot, 10)
        verdict, middle = stage.app.query_one(VerdictPane), stage.app.live.race.middle
        assert verdict.size.height > 3
        assert middle.region.contains_region(verdict.region)


async def test_the_log_gives_its_room_to_the_result_unless_a_job_failed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        verdict = stage.app.query_one(VerdictPane)

        def shows_log() -> bool:
            return stage.app.query_one(WorkerLog).display

        await pilot.press("r")
        await settle(pilot, 10)
        assert shows_log()
        rows = verdict.size.height
        stage.workers.finish.set()
        await settle(pilot, 10)
        assert not shows_log()
        assert verdict.size.height > rows
        stage.workers.script = scenes.failing_script
        await pilot.press("r")
        await settle(pilot, 10)
        assert shows_log()
        assert verdict.size.height == rows


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def test_no_name_of_the_machine_acts_as_markup_or_terminal_control() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        reading = scenes.reading(0.0)
        process = replace(reading.processes[0], user=HOSTILE, command=HOSTILE)
        stage.read(
            replace(
                reading,
                host=replace(reading.host, hostname=HOSTILE, cpu_name=HOSTILE),
                driver=replace(reading.driver, driver_version=HOSTILE, cuda_version=HOSTILE),
                gpus=(replace(reading.gpus[0], name=HOSTILE),),
                processes=(process,),
                problems=(Problem(source="nvml", what=HOSTILE, remedy=HOSTILE),),
            )
        )
        await settle(pilot)
        text = screen_text(stage.app)
        assert "GPU 0 · [/x] [bold]" in text
        assert not set("\x1b\x07\x9b") & set(text)


async def test_a_driver_that_never_answers_does_not_hold_the_race_up_for_ever() -> None:
    stage = Stage(WAITS)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        late = Problem(source="nvml", what="The driver has not answered for 29 s.")
        for second in (0.0, 29.0):
            reading = scenes.reading(second, gpus=0, driver=STARTING)
            stage.read(replace(reading, problems=(late,)))
            await settle(pilot)
        assert stage.workers.started == []
        assert "The driver has not answered for 29 s." in screen_text(stage.app)
        assert "as soon as the NVIDIA driver" in screen_text(stage.app)
        stage.read(scenes.reading(31.0, gpus=0, driver=STARTING))
        await settle(pilot)
        assert [s.variant for s in stage.workers.started] == [Variant.AS_WRITTEN, Variant.TUNED]


async def test_a_key_while_the_driver_starts_replaces_the_opening_race() -> None:
    stage = Stage(WAITS)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=STARTING))
        await settle(pilot)
        await press(pilot, "1")
        assert stage.workers.started == []
        stage.read(scenes.reading(1.0))
        await settle(pilot)
        assert [(s.workload, s.device) for s in stage.workers.started] == [
            ("mlp", "cpu"),
            ("mlp", "cuda:0"),
        ]


async def test_pressing_race_twice_at_once_keeps_one_race_with_its_cards() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.action_race()
        await asyncio.sleep(0)
        stage.app.action_race()
        await settle(pilot)
        assert len(stage.workers.started) == 2
        assert len(stage.app.live.query(JobCard)) == 2


async def test_interrupting_again_while_asked_leaves() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r", "ctrl+c")
        assert isinstance(stage.app.screen, Confirm)
        await press(pilot, "ctrl+c")
        assert not stage.app.is_running
    assert stage.workers.stopped == 2


async def test_leaving_ends_where_one_lane_is_done_and_the_other_runs() -> None:
    stage = Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r", "q", "y")
        assert not stage.app.is_running
    assert stage.workers.stopped == 1


async def test_a_race_begun_over_a_maximized_card_shows_all_panes() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r")
        stage.workers.finish.set()
        await settle(pilot)
        stage.app.live.query(JobCard).first().focus()
        await press(pilot, "m", "r")
        assert stage.app.live.maximized is None
        assert "steady" in screen_text(stage.app)


async def test_a_sweep_does_not_leak_into_the_next_keys() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.workers.finish.set()
        await press(pilot, "b")
        await settle(pilot, 20)
        stage.workers.started.clear()
        await press(pilot, "v")
        assert [s.batch_size for s in stage.workers.started] == [100, 100]


async def test_the_order_asked_for_holds_for_the_opening_race_and_for_variants() -> None:
    in_turn = replace(default_request("fashion-cnn", "cuda:0"), order=Order.IN_TURN)

    def request(_workload: str, _accelerator: str | None) -> Request:
        return in_turn

    opening = Opening(workload="fashion-cnn", start=True, needs_gpus=False, request=request)
    stage = Stage(opening)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert len(stage.workers.started) == 1
        await press(pilot, "x")
        await settle(pilot)
        stage.workers.started.clear()
        await press(pilot, "v")
        assert len(stage.workers.started) == 1


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_remedy_of_a_failed_lane_is_told_whole(size: tuple[int, int]) -> None:
    stage = Stage(script=scenes.failing_script)
    async with stage.app.run_test(size=size) as pilot:
        await press(pilot, "r")
        told = [n.message for n in stage.app._notifications if n.severity == "error"]
        assert len(told) == 1
        assert told[0].endswith("pip install --force-reinstall torch torchvision")
        stage.read(scenes.reading(1.0))
        await settle(pilot)
        assert len([n for n in stage.app._notifications if n.severity == "error"]) == 1
        assert "no ratio" in screen_text(stage.app)


async def test_a_sweep_keeps_its_ratio_where_columns_are_few() -> None:
    stage = Stage(script=scenes.sweeping_script)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        stage.workers.finish.set()
        await press(pilot, "b")
        await settle(pilot, 20)
        text = screen_text(stage.app)
        assert "speed" in text
        assert "×" in text


def on_a_known_gpu(settings: JobSettings) -> Sequence[Event]:
    """The usual script; the accelerator is told by its identity."""
    uuid = gpus.lost(0).uuid if settings.device != "cpu" else None
    return [
        replace(event, device_uuid=uuid) if isinstance(event, DeviceReady) else event
        for event in usual_script(settings)
    ]


@pytest.mark.parametrize("key", ["r", "b"])
async def test_a_job_whose_gpu_is_lost_says_so_with_the_remedy(key: str) -> None:
    stage = Stage(script=on_a_known_gpu)
    async with stage.app.run_test(size=(140, 48)) as pilot:
        stage.read(scenes.reading(0.0))
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        for second, cards in enumerate(([gpus.gpu(0, 1.0)], [gpus.lost(0)]), start=1):
            stage.read(scenes.reading(float(second), cards=cards))
            await settle(pilot)
            text = screen_text(stage.app)
            assert text.count("its GPU is lost: press x") == second - 1
        assert "reset it or reboot" in text or key == "b"  # A row of the table has no room.
        stage.workers.finish.set()
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert "press x" not in screen_text(stage.app)


async def test_a_key_that_can_do_nothing_says_so() -> None:
    stage = Stage(Opening(workload="matmul"))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.know_accelerator(None)
        await press(pilot, "x", "w")
        said = [note.message for note in stage.app._notifications]
        assert any("No race is running" in message for message in said)
        assert any("matmul loads no data" in message for message in said)
        assert stage.app.race.state is None
