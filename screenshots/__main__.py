"""Makes the pictures in this folder: `python -m screenshots`, or with names to make only those.

All but `cpu-race` show scripted machines and races in the real application; `cpu-race` is a
real race on the machine that makes it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from textual.pilot import Pilot

from runners.events import Event
from runners.workloads import JobSettings
from screenshots.picture import png_from, svg_of
from screenshots.real import cpu_race
from tests.fakes import past, scenes
from tests.fakes.diagnosing import until_done
from tests.fakes.diagnosis_scene import diagnosis_script
from tests.fakes.live import Stage

FOLDER = Path(__file__).parent
SCENE_LENGTH_S = 150
_TO_HISTORY = ("tab", "tab", "tab")


def main(names: Sequence[str]) -> int:
    """Make the pictures of those names, or all."""
    unknown = set(names) - set(PICTURES)
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    for name in names or PICTURES:
        svg = FOLDER / f"{name}.svg"
        svg.write_text(asyncio.run(PICTURES[name]()), encoding="utf-8")
        png = png_from(svg)
        print(svg.name, png.name if png else "(no PNG: install librsvg2-bin)")
    return 0


def _scene(
    size: tuple[int, int],
    *,
    gpus: int = 1,
    keys: Sequence[str] = ("r",),
    script: Callable[[JobSettings], Sequence[Event]] | None = None,
) -> Callable[[], Coroutine[None, None, str]]:
    async def make() -> str:
        stage = Stage(script=script or scenes.racing_script)
        async with stage.app.run_test(size=size) as pilot:
            driver = scenes.NO_DRIVER if gpus == 0 else None
            for second in range(SCENE_LENGTH_S):
                reading = scenes.reading(float(second), gpus=gpus, driver=driver)
                stage.app.live.add_reading(reading, redraw=False)
            stage.read(scenes.reading(float(SCENE_LENGTH_S), gpus=gpus, driver=driver))
            await _settle(pilot)
            for key in keys:
                await pilot.press(key)
                await _settle(pilot)
            stage.read(scenes.reading(SCENE_LENGTH_S + 1.0, gpus=gpus, driver=driver))
            await _settle(pilot)
            return svg_of(stage.app)

    return make


def _diagnosis(
    size: tuple[int, int], keys: Sequence[str]
) -> Callable[[], Coroutine[None, None, str]]:
    """What limits a race's job, and the gain that a remedy brought."""

    async def make() -> str:
        stage = Stage(script=diagnosis_script())
        async with stage.app.run_test(size=size) as pilot:
            for second in range(SCENE_LENGTH_S):
                stage.app.live.add_reading(scenes.reading(float(second)), redraw=False)
            for key in keys:
                await pilot.press(key)
                await until_done(stage, pilot)
            stage.read(scenes.reading(float(SCENE_LENGTH_S)))
            await _settle(pilot)
            return svg_of(stage.app)

    return make


async def _past() -> str:
    """Past comparisons, one of another machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        for place, labels in enumerate((("cpu", "cuda:0"), ("cpu",), ("cpu", "mps"))):
            past.keep(path, *labels, steady_s=1.0 + place)
        past.keep_foreign(path)
        stage = Stage(history=path)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await past.press(pilot, "h")
            return svg_of(stage.app)


async def _settle(pilot: Pilot[None]) -> None:
    for _ in range(6):
        await pilot.pause()


PICTURES: dict[str, Callable[[], Coroutine[None, None, str]]] = {
    "live-160x48": _scene((160, 48)),
    "live-120x40": _scene((120, 40)),
    "live-80x24": _scene((80, 24)),
    "machine-1-gpu-120x40": _scene((120, 40), keys=()),
    "machine-2-gpus-120x40": _scene((120, 40), gpus=2, keys=()),
    "machine-8-gpus-120x40": _scene((120, 40), gpus=8, keys=()),
    "machine-16-gpus-160x48": _scene((160, 48), gpus=16, keys=()),
    "machine-2-gpus-80x24": _scene((80, 24), gpus=2, keys=()),
    "machine-paused-120x40": _scene((120, 40), keys=("p", *_TO_HISTORY, *("left",) * 20)),
    "start-120x40": _scene((120, 40), gpus=0, keys=()),
    "no-gpu-lane-120x40": _scene((120, 40), gpus=2, script=scenes.failing_script),
    "sweep-120x40": _scene((120, 40), keys=("b",), script=scenes.swept_script),
    "diagnosis-160x48": _diagnosis((160, 48), ("d", "1")),
    "diagnosis-80x24": _diagnosis((80, 24), ("d", "1")),
    "form-120x40": _scene((120, 40), keys=("r", "n")),
    "history-120x40": _past,
    "help-160x48": _scene((160, 48), keys=("r", "question_mark")),
    "cpu-race": cpu_race,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
