"""Drawing asks nobody: no file, no program, whatever is on the screen."""

import builtins
import io
import os
import subprocess
from typing import Any

import pytest

from tests.fakes import scenes
from tests.fakes.live import Stage, settle
from tui.widgets.rows import RowsWidget


@pytest.mark.parametrize(("key", "least"), [("r", 9), ("b", 8)])
async def test_no_pane_opens_a_file_or_starts_a_program_to_draw_itself(
    key: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("drawing must not wait for the system")

    stage = Stage()
    async with stage.app.run_test(size=(160, 48)) as pilot:
        for second in (0.0, 7.0):
            stage.read(scenes.reading(second, gpus=4))
        await pilot.press(key)
        await settle(pilot)
        panes = list(stage.app.live.query(RowsWidget))
        assert len(panes) >= least
        with monkeypatch.context() as patch:
            patch.setattr(builtins, "open", forbidden)
            patch.setattr(io, "open", forbidden)
            patch.setattr(subprocess, "Popen", forbidden)
            for name in ("open", "stat", "lstat", "listdir", "scandir", "statvfs", "fork"):
                patch.setattr(os, name, forbidden)
            drawn = [pane.lines(pane.palette, 100, 20) for pane in panes]
        assert sum(map(bool, drawn)) >= least
        stage.workers.finish.set()
