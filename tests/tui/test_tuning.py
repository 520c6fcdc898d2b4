"""The key that tries settings and keeps those that win."""

from collections.abc import Sequence

from runners.events import Event, JobDone
from runners.workloads import JobSettings, Precision, Variant
from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle


def script(settings: JobSettings) -> Sequence[Event]:
    """bf16 gains; nothing else changes a thing."""
    epoch_s = 4.0 if settings.variant is Variant.AS_WRITTEN else 2.0
    epoch_s = 1.0 if settings.precision is Precision.BF16 else epoch_s
    events = scenes.start_events(1, accelerator=True)
    for number in (1, 2, 3):
        wobble = 1 + number / 1000
        events += scenes.epoch_events(number, wobble * epoch_s, phases=scenes.GPU_PHASES)
    return [*events, JobDone(interrupted=False, dropped_events=0)]


async def test_tuning_tells_what_it_keeps_and_the_next_race_has_it() -> None:
    stage = Stage(script=script)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await pilot.press("u")
        await stage.app.workers.wait_for_complete(
            [worker for worker in stage.app.workers if worker.group == "tune"]
        )
        await settle(pilot)
        text = screen_text(stage.app)
        assert "Tuning kept bf16: " in text
        assert "x the loop as written." in text
        assert all(job.device == "cuda:0" for job in stage.workers.started)
        stage.workers.started.clear()
        await pilot.press("r")
        await settle(pilot)
        (job,) = stage.workers.started
        assert (job.variant, job.precision) == (Variant.TUNED, Precision.BF16)
        assert job.epochs == 10


async def test_tuning_that_is_stopped_decides_nothing() -> None:
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
        assert any("nothing is decided" in n.message for n in stage.app._notifications)
