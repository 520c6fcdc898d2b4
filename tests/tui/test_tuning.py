"""The key that tries settings and keeps those that win."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from runners.events import Event, JobDone
from runners.reports.command_line import command_line
from runners.spec import Plan, Request
from runners.state import ComparisonState, RunState, RunStatus
from runners.workloads import JobSettings, Precision, Variant
from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle
from tests.fakes.past import entries, file
from tests.fakes.training import finished_run, replayed, settings
from tui.tuning import tune


def script(settings: JobSettings) -> Sequence[Event]:
    """bf16 gains; nothing else changes a thing."""
    epoch_s = 4.0 if settings.variant is Variant.AS_WRITTEN else 2.0
    epoch_s = 1.0 if settings.precision is Precision.BF16 else epoch_s
    events = scenes.start_events(1, accelerator=True)
    for number in (1, 2, 3):
        wobble = 1 + number / 1000
        events += scenes.epoch_events(number, wobble * epoch_s, phases=scenes.GPU_PHASES)
    return [*events, JobDone(interrupted=False, dropped_events=0)]


def brief(of: JobSettings) -> Sequence[Event]:
    """The same on the CPU."""
    epoch_s = 4.0 if of.variant is Variant.AS_WRITTEN else 2.0
    epoch_s *= 0.5 if of.precision is Precision.BF16 else 1.0
    return finished_run(epoch_s, epoch_s, epoch_s)


async def played(
    plan: Plan, run: Callable[[JobSettings], Sequence[Event]] = brief
) -> ComparisonState:
    """The state of a plan once all its runs are done."""
    runs = [list(run(job.settings)) for _ in range(plan.trials) for job in plan.jobs]
    return replayed(plan, *runs)


async def test_tuning_tells_what_it_keeps_and_the_next_race_has_it() -> None:
    stage = Stage(script=script)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await pilot.press("u")
        await until_tuned(stage)
        await settle(pilot)
        text = screen_text(stage.app)
        assert "Tuning kept bf16: " in text
        assert "x the loop as written (95 % interval" in " ".join(text.replace("│", " ").split())
        assert all(job.device == "cuda:0" for job in stage.workers.started)
        stage.workers.started.clear()
        await pilot.press("r")
        await settle(pilot)
        (job,) = stage.workers.started
        assert (job.variant, job.precision) == (Variant.TUNED, Precision.BF16)
        assert job.epochs == 10


async def until_tuned(stage: Stage) -> None:
    await stage.app.workers.wait_for_complete(
        [worker for worker in stage.app.workers if worker.group == "tune"]
    )


async def test_the_command_names_what_was_asked_for_beside_what_is_kept() -> None:
    asked = Request(
        workloads=("mlp",), devices=("cpu",), batch_sizes=(512,), seed=3, data="generated"
    )
    told, found = await tune(asked, settings(batch_size=512, epochs=5), played)

    command = "racetop compare mlp --devices cpu --variant tuned --batch-size 512"
    command += " --precision bf16 --seed 3 --data generated"
    gain = "4.00x the loop as written (95 % interval 4.00x to 4.00x)"
    assert told == f"Tuning kept bf16: {gain}. r runs it whole: {command}"
    assert found is not None
    assert command_line(found) == command


async def test_a_combination_is_told_as_its_parts() -> None:
    def faster_together(of: JobSettings) -> Sequence[Event]:
        epoch_s = 4.0 * (0.5 if of.precision is Precision.BF16 else 1.0)
        epoch_s *= 0.5 if of.fused is False else 1.0
        return finished_run(epoch_s, epoch_s, epoch_s)

    async def play(plan: Plan) -> ComparisonState:
        return await played(plan, faster_together)

    told, found = await tune(Request(workloads=("mlp",)), settings(), play)

    assert told.startswith("Tuning kept bf16 and plain optimizer: 4.00x the loop as written (")
    assert found is not None
    assert (found.precisions, found.fused) == ((Precision.BF16,), False)


async def test_what_is_known_when_tuning_is_stopped_is_told_as_incomplete() -> None:
    async def stopped(plan: Plan) -> ComparisonState:
        state = await played(plan)
        last = max(state.runs, key=lambda key: (key.trial, key.job))
        runs = {**state.runs, last: RunState(status=RunStatus.STOPPED)}
        return state if plan.trials == 1 else replace(state, runs=MappingProxyType(runs))

    told, found = await tune(Request(workloads=("mlp",)), settings(), stopped)

    assert told.startswith(
        "Tuning was stopped before all was tried. Against the tuned loop: bf16 2.00x (kept), "
        "channels first 1.00x (no gain), plain optimizer 1.00x (no gain); not decided: compile."
    )
    assert "It kept bf16: 4.00x the loop as written (" in told
    assert " r runs it whole: racetop compare mlp" in told
    assert found is not None


async def test_what_tuning_tried_is_in_the_history(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    stage = Stage(script=script, history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("u")
        await until_tuned(stage)
    first, alone = entries(path)[::-1]

    assert (first.runs, first.runs_done, first.status) == (1, 1, "done")
    assert (alone.runs, alone.runs_done, alone.status) == (18, 18, "done")
    with file(path) as kept:
        saved = kept.load(alone.id)
    assert saved.request is None
    assert saved.machine is None
    assert saved.plan.notes == ("brief trials of tuning: each setting alone",)


async def test_what_was_tried_until_a_stop_is_in_the_history_too(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    played = 0

    def until_the_fourth(of: JobSettings) -> Sequence[Event]:
        nonlocal played
        played += 1
        return script(of) if played < 5 else script(of)[:-1]

    stage = Stage(script=until_the_fourth, history=path)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await pilot.press("u")
        await settle(pilot, 20)
        await pilot.press("x")
        await until_tuned(stage)
        await settle(pilot)
        text = " ".join(screen_text(stage.app).replace("│", " ").split())
        assert "Tuning was stopped before all was tried. Nothing is decided" in text
    assert [(entry.runs_done, entry.status) for entry in entries(path)] == [
        (3, "interrupted"),
        (1, "done"),
    ]


async def test_tuning_that_is_stopped_at_once_decides_nothing() -> None:
    stage = Stage(script=lambda settings: script(settings)[:-1])
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("u")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert "A race is running" in [n.message for n in stage.app._notifications][-1]
        await pilot.press("x")
        await stage.app.workers.wait_for_complete(
            [worker for worker in stage.app.workers if worker.group == "tune"]
        )
        told = [n.message for n in stage.app._notifications]
        assert "Tuning was stopped before anything was measured." in told
