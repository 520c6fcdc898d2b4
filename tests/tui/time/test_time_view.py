"""The view of where the time goes: the keys that fill it, and what stays in it."""

from dataclasses import replace

from runners.planning import default_request
from runners.spec import Request
from runners.workloads import Probe, Variant
from sensors.gpu_readings import DriverReading, NvmlState
from tests.fakes import scenes
from tests.fakes.diagnoses import SAY_SO, diagnosis
from tests.fakes.diagnosing import (
    CPU_ONLY,
    diagnosed,
    on_the_cpu,
    told,
    until_done,
    until_quiet,
    words_of,
)
from tests.fakes.diagnosis_scene import diagnosis_script
from tests.fakes.live import Stage, settle
from tui.screens.live import View
from tui.wiring import Opening


async def test_before_any_race_the_key_diagnoses_the_workload_of_the_opening() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        text = await diagnosed(stage, pilot)
        assert stage.app.live.view is View.TIME
        first = stage.workers.started[0]
        assert (first.workload, first.device) == ("fashion-cnn", "cuda:0")
        assert {job.probe for job in stage.workers.started} == set(Probe)
        assert "pipeline · cuda:0 · fashion-cnn · as-written · batch 100 · 0 workers" in text
        assert "diagnosis · input-bound" in text
        assert "LOADER ◀ narrow" in text
        assert "13,695 samples/s" in text
        assert "2.18 GB/s" in text
        assert "predicted" in text
        assert "not tried yet" in text
        assert not stage.app.race.is_running


async def test_its_panes_are_made_when_they_are_first_looked_at() -> None:
    stage = Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await settle(pilot)
        assert not stage.app.live.query("#pipeline, #time-middle, #epochs")
        await pilot.press("g")
        await settle(pilot)
        assert len(stage.app.live.query("#pipeline, #time-middle, #epochs")) == 3


async def test_while_it_runs_what_is_known_so_far_is_there_and_stays_after_a_stop() -> None:
    stage = Stage(script=diagnosis_script(stops_at=4))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d")
        await until_quiet(stage, pilot)
        text = words_of(stage)
        assert "LOADER ▸ measuring" in text
        assert "waits for its turn" in text
        assert "2 of at most 42 done" in text
        assert "x stops" in text
        await pilot.press("x")
        await until_done(stage, pilot)
        text = words_of(stage)
        assert "stopped early · d starts again" in text
        assert "▸" not in text
        assert "111,111 samples/s" in text
        assert "not measured" in text
        assert "as written ✓■■■■■■ 12,488" in text


async def test_stopped_within_the_first_look_it_says_that_nothing_is_known() -> None:
    stage = Stage(script=diagnosis_script(stops_at=1))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d")
        await until_quiet(stage, pilot)
        assert "A first look at the speed" in words_of(stage)
        await pilot.press("x")
        await until_done(stage, pilot)
        assert "The runs ended before they told anything" in words_of(stage)
        assert len(stage.workers.started) == 1


async def test_a_first_look_that_fails_leaves_its_reason_and_its_remedy_in_sight() -> None:
    stage = Stage(script=lambda settings: scenes.failing_script(replace(settings, device="cuda:0")))
    async with stage.app.run_test(size=(90, 60)) as pilot:
        text = await diagnosed(stage, pilot)
        assert "The runs ended before they told anything. d starts again. All jobs failed: " in text
        assert "pip install --force-reinstall torch torchvision" in text
        assert text.count("not measured") == 3


async def test_a_race_of_several_trials_says_which_of_them_is_shown() -> None:
    def three_trials(workload: str, _accelerator: str | None) -> Request:
        return replace(default_request(workload, "cuda:0"), trials=3)

    opening = Opening(workload="fashion-cnn", needs_gpus=False, request=three_trials)
    stage = Stage(opening)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r", "g")
        await settle(pilot)
        text = words_of(stage)
        assert "batch 100 · 0 workers · trial 1/3" in text
        assert "epochs · cuda:0 · trial 1/3" in text


async def test_choosing_lines_of_the_history_there_does_not_leave_the_view() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        stage.app.live.show_view(View.TIME)
        await settle(pilot)
        await pilot.press("l", "escape")
        await settle(pilot)
        assert stage.app.live.view is View.TIME


async def test_a_key_about_processes_leads_to_a_view_that_lists_them() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0))
        stage.app.live.show_view(View.TIME)
        await settle(pilot)
        await pilot.press("slash", "d", "o", "c", "k")
        await settle(pilot)
        assert stage.app.live.view is View.MACHINE
        assert "filter 'dock'" in words_of(stage)


async def test_a_digit_tries_a_remedy_and_shows_what_it_gained_beside_what_it_should() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        before = len(stage.workers.started)
        await pilot.press("1")
        await until_done(stage, pilot)
        tried = stage.workers.started[before:]
        assert {job.variant for job in tried} == {Variant.AS_WRITTEN, Variant.TUNED}
        assert len(tried) == 6
        text = words_of(stage)
        assert "predicted 9.23× · measured 8.95× (8.77 to 9.21×)" in text
        assert "with the remedy ✓✓✓" in text
        assert "LOADER ◀ narrow" in text
        assert "not tried yet" in text  # The other one.


async def test_elsewhere_digits_start_presets() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        before = len(stage.workers.started)
        await pilot.press("g", "1")
        await settle(pilot)
        assert {job.workload for job in stage.workers.started[before:]} == {"mlp"}
        assert stage.app.live.view is View.RACE


async def test_without_a_diagnosis_a_digit_says_so() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.live.show_view(View.TIME)
        await pilot.press("1")
        await settle(pilot)
        assert stage.workers.started == []
        assert told(stage) == [
            "There is no diagnosis yet whose remedies could be tried; d starts one."
        ]


async def test_what_racetop_cannot_change_is_said_in_words_and_not_tried() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await diagnosed(stage, pilot)
        finding = stage.app._diagnoses.finding
        assert finding is not None
        stage.app._diagnoses.finding = replace(finding, diagnosis=diagnosis())
        stage.app.show_race()
        await settle(pilot)
        assert "gain not known · cannot be tried from here" in words_of(stage)
        before = len(stage.workers.started)
        await pilot.press("2")
        await settle(pilot)
        assert len(stage.workers.started) == before
        assert told(stage) == [f"This cannot be tried from here: {SAY_SO.what}."]
        await pilot.press("3")
        await settle(pilot)
        assert told(stage)[-1] == "The diagnosis has no remedy 3."


async def test_the_verdict_is_told_where_another_view_is_in_sight_and_nowhere_twice() -> None:
    stage = Stage(script=diagnosis_script(stops_at=4))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d")
        await until_quiet(stage, pilot)
        await pilot.press("g")
        stage.workers.finish.set()
        await until_done(stage, pilot)
        assert stage.app.live.view is View.MACHINE
        (words,) = told(stage)
        assert words.startswith("cuda:0 is input-bound: ")
        await pilot.press("g")
        await settle(pilot)
        assert "g shows what that rests on" in words_of(stage)


async def test_what_a_remedy_gained_is_told_there_too() -> None:
    stage = Stage(script=diagnosis_script(stops_at=21))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        await pilot.press("1")
        await until_quiet(stage, pilot)
        assert "trying …" in words_of(stage)
        await pilot.press("g")
        stage.workers.finish.set()
        await until_done(stage, pilot)
        (words,) = told(stage)
        assert words.startswith("keep the samples in memory, cut batches by indexing: measured 8.9")


async def test_once_it_is_over_workers_are_ready_for_the_next_race() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        assert [job.device for job in stage.workers.prepared] == ["cpu", "cuda:0"]


async def test_in_sight_it_needs_no_toast() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        assert told(stage) == []


async def test_a_race_without_a_diagnosis_shows_its_own_speed_phases_and_epochs() -> None:
    stage = Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r", "g")
        await settle(pilot)
        text = words_of(stage)
        assert text.count("d measures it") == 3
        assert "32,638/s" in text
        assert "data 71% copy 2% fwd 8%" in text
        assert "epochs · cuda:0" in text
        assert "9 1.84 s 32,638" in text
        assert "d finds out which part limits cuda:0 · fashion-cnn" in text


async def test_left_and_right_take_another_job_and_d_diagnoses_that_one() -> None:
    stage = Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r", "g")
        await settle(pilot)
        stage.app.live.time.epochs.focus()
        await pilot.press("right")
        await settle(pilot)
        text = words_of(stage)
        assert "pipeline · cpu" in text
        assert "epochs · cpu" in text
        assert "22,220/s" not in text
        await pilot.press("x")
        await settle(pilot)
        stage.workers.script = diagnosis_script()
        stage.workers.started.clear()
        await diagnosed(stage, pilot)
        assert {job.device for job in stage.workers.started} == {"cpu"}


async def test_a_job_of_a_sweep_is_diagnosed_with_its_own_settings() -> None:
    stage = Stage(script=scenes.sweeping_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.workers.finish.set()
        await pilot.press("b")
        await until_quiet(stage, pilot)
        await pilot.press("g")
        stage.app.live.time.epochs.focus()
        await pilot.press("right")
        await settle(pilot)
        stage.workers.script = diagnosis_script()
        stage.workers.started.clear()
        text = await diagnosed(stage, pilot)
        assert stage.workers.started[0].batch_size == 50
        assert "batch 50" in text


async def test_another_race_takes_the_place_of_a_diagnosis() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        stage.workers.script = scenes.racing_script
        await pilot.press("r", "g")
        await settle(pilot)
        text = words_of(stage)
        assert "input-bound" not in text
        assert "d measures it" in text


async def test_a_second_d_does_the_same_again() -> None:
    stage = Stage(CPU_ONLY, script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        looks = [stage.workers.started[0]]
        stage.workers.started.clear()
        await diagnosed(stage, pilot)
        assert stage.workers.started[:1] == looks


async def test_on_a_cpu_nothing_is_copied_and_said_so() -> None:
    stage = Stage(CPU_ONLY, script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        text = await diagnosed(stage, pilot)
        assert "no copies on a CPU" in text
        assert "cpu is input-bound" in text
        assert "GPU %" not in text
        assert "own cores" in text


async def test_a_probe_that_fails_says_so_in_its_box_and_in_its_row() -> None:
    stage = Stage(CPU_ONLY, script=diagnosis_script(fails=Probe.LOADER))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        text = await diagnosed(stage, pilot)
        assert "its run failed" in text
        assert "loader alone ✗" in text
        assert "ideal ✓✓✓" in text


async def test_a_workload_without_input_is_refused_in_words() -> None:
    stage = Stage(Opening(workload="matmul", needs_gpus=False, request=on_the_cpu))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        assert stage.workers.started == []
        assert ["there is no pipeline to diagnose" in words for words in told(stage)] == [True]
        await pilot.press("r")
        await settle(pilot)
        assert stage.workers.started


async def test_beside_a_race_nothing_is_diagnosed_but_the_view_comes() -> None:
    stage = Stage(script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r", "d")
        await settle(pilot)
        assert stage.app.live.view is View.TIME
        assert told(stage) == ["A race is running; x stops it."]
        assert len(stage.workers.started) == 2


async def test_a_diagnosis_waits_for_the_driver_in_its_view() -> None:
    starting = DriverReading(state=NvmlState.STARTING)
    stage = Stage(Opening(workload="fashion-cnn"), script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.read(scenes.reading(0.0, gpus=0, driver=starting))
        await pilot.press("d")
        await settle(pilot)
        assert "The diagnosis starts as soon as the NVIDIA driver has answered." in words_of(stage)
        stage.read(scenes.reading(1.0))
        await settle(pilot)
        await until_done(stage, pilot)
        assert "diagnosis · input-bound" in words_of(stage)
