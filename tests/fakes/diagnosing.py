"""The screen while it diagnoses: what to press, what to wait for, what it says."""

from __future__ import annotations

from textual.pilot import Pilot

from runners.planning import default_request
from runners.spec import Request
from tests.fakes.live import Stage, screen_text, settle
from tui.wiring import Opening


def on_the_cpu(workload: str, _accelerator: str | None) -> Request:
    return default_request(workload, None)


CPU_ONLY = Opening(workload="fashion-cnn", needs_gpus=False, request=on_the_cpu)


async def until_done(stage: Stage, pilot: Pilot[None]) -> None:
    """Wait for the diagnosis, or the trial of a remedy, to end."""
    await stage.app.workers.wait_for_complete(
        [worker for worker in stage.app.workers if worker.group == "diagnose"]
    )
    await settle(pilot)


async def until_quiet(stage: Stage, pilot: Pilot[None]) -> None:
    """Wait until no further run starts: all are over, or one is scripted to stay under way."""
    before = -1
    while before != len(stage.workers.started):
        before = len(stage.workers.started)
        await settle(pilot, 10)


async def diagnosed(stage: Stage, pilot: Pilot[None]) -> str:
    """What is on the screen once `d` was pressed and all is done."""
    await pilot.press("d")
    await until_done(stage, pilot)
    return words_of(stage)


def words_of(stage: Stage) -> str:
    """What is on the screen, words only."""
    return " ".join(screen_text(stage.app).replace("│", " ").split())


def told(stage: Stage) -> list[str]:
    return [note.message for note in stage.app._notifications]
