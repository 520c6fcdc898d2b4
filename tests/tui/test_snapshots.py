"""How the screen looks, compared as pictures. Read the report before updating them.

Made with the versions of Textual and Rich that the `dev` extra pins:
`pytest tests/tui/test_snapshots.py --snapshot-update`.
"""

import asyncio
import contextlib
import warnings
from collections.abc import Awaitable, Callable, Sequence

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from runners.events import Event
from runners.workloads import JobSettings
from tests.fakes import scenes
from tests.fakes.diagnosing import until_done
from tests.fakes.diagnosis_scene import diagnosis_script
from tests.fakes.live import Stage


@pytest.fixture(autouse=True)
def _no_loop_left_over() -> None:
    """Close the loop that the asynchronous tests leave set: these tests run their own."""
    with warnings.catch_warnings(), contextlib.suppress(RuntimeError):
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.get_event_loop_policy().get_event_loop().close()
    asyncio.set_event_loop(None)


SnapCompare = Callable[..., bool]
SECONDS = 150


def scene(
    stage: Stage, *, gpus: int, keys: Sequence[str]
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Plays a scene up to its last reading, keys pressed before it."""
    driver = scenes.NO_DRIVER if gpus == 0 else None

    async def run_before(pilot: Pilot[None]) -> None:
        for second in range(SECONDS):
            reading = scenes.reading(float(second), gpus=gpus, driver=driver)
            stage.app.live.add_reading(reading, redraw=False)
        stage.read(scenes.reading(SECONDS, gpus=gpus, driver=driver))
        for key in ("", *keys, ""):
            if key:
                await pilot.press(key)
            for _ in range(5):
                await pilot.pause()
            stage.read(scenes.reading(SECONDS, gpus=gpus, driver=driver))
        for editor in pilot.app.screen.query(Input):
            editor.cursor_blink = False
            editor._pause_blink(visible=True)
        for _ in range(5):
            await pilot.pause()

    return run_before


@pytest.mark.parametrize(
    ("size", "gpus", "keys", "script"),
    [
        pytest.param((160, 48), 1, "r", scenes.racing_script, id="race-160x48"),
        pytest.param((120, 40), 1, "r", scenes.racing_script, id="race-120x40"),
        pytest.param((80, 24), 1, "r", scenes.racing_script, id="race-80x24"),
        pytest.param((40, 10), 1, "r", scenes.racing_script, id="race-40x10"),
        pytest.param((120, 40), 0, "", scenes.racing_script, id="start-without-gpu"),
        pytest.param((120, 40), 2, "r", scenes.failing_script, id="failed-lane"),
        pytest.param((120, 40), 1, "b", scenes.sweeping_script, id="sweep"),
        pytest.param((120, 40), 1, "n", scenes.racing_script, id="form"),
        pytest.param((120, 40), 1, "", scenes.racing_script, id="machine-1-gpu"),
        pytest.param((120, 40), 2, "]", scenes.racing_script, id="machine-2-gpus-second-selected"),
        pytest.param((120, 40), 8, "", scenes.racing_script, id="machine-8-gpus"),
        pytest.param((160, 48), 16, "", scenes.racing_script, id="machine-16-gpus-160x48"),
        pytest.param((80, 24), 4, "", scenes.racing_script, id="machine-4-gpus-80x24"),
        pytest.param((120, 40), 1, "p", scenes.racing_script, id="machine-paused"),
        pytest.param((120, 40), 16, "r", scenes.racing_script, id="race-beside-16-gpus"),
        pytest.param((120, 40), 1, "rtt", scenes.racing_script, id="light-theme"),
        pytest.param((120, 40), 1, "rt", scenes.racing_script, id="terminal-colors"),
        pytest.param((80, 24), 1, "rq", scenes.racing_script, id="question-before-quitting"),
    ],
)
def test_the_screen_looks_as_it_did(
    snap_compare: SnapCompare,
    size: tuple[int, int],
    gpus: int,
    keys: Sequence[str],
    script: Callable[[JobSettings], Sequence[Event]],
) -> None:
    stage = Stage(script=script)
    assert snap_compare(
        stage.app, terminal_size=size, run_before=scene(stage, gpus=gpus, keys=keys)
    )


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])
def test_a_diagnosis_looks_as_it_did(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    stage = Stage(script=diagnosis_script())

    async def diagnose(pilot: Pilot[None]) -> None:
        for second in range(SECONDS):
            stage.app.live.add_reading(scenes.reading(float(second)), redraw=False)
        for key in ("d", "1"):
            await pilot.press(key)
            await until_done(stage, pilot)
        stage.read(scenes.reading(SECONDS))
        for _ in range(5):
            await pilot.pause()

    assert snap_compare(stage.app, terminal_size=size, run_before=diagnose)
