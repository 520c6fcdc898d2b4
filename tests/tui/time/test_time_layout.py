"""The view of where the time goes at all sizes, and what of it is shown of the past."""

from pathlib import Path

import pytest

from runners.state import ComparisonState
from tests.fakes import past, scenes
from tests.fakes.diagnoses import WHOLE
from tests.fakes.diagnosing import diagnosed, until_done, until_quiet, words_of
from tests.fakes.diagnosis_scene import diagnosis_script
from tests.fakes.live import Stage, screen_text, settle
from tests.fakes.training import plan
from tui.finding import Finding
from tui.screens.live import View


@pytest.mark.parametrize("size", [(160, 48), (120, 40), (80, 24), (40, 10)])
async def test_all_of_it_is_reachable_at_any_size(size: tuple[int, int]) -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=size) as pilot:
        stage.read(scenes.reading(0.0))
        await diagnosed(stage, pilot)
        live = stage.app.live
        seen = ""
        for _ in range(12):
            seen += screen_text(stage.app)
            await pilot.press("pagedown")
            await settle(pilot)
        for words in ("pipeline", "diagnosis", "runs", "epochs", "history"):
            assert words in seen
        for pane in (live.time.pipeline, live.time.middle, live.time.epochs, live.history):
            assert pane.size.width <= size[0]
            assert pane.size.height >= 2


async def test_what_to_change_needs_no_scrolling_in_the_smallest_common_window() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(80, 24)) as pilot:
        text = await diagnosed(stage, pilot)
        assert "cuda:0 is input-bound" in text
        assert "1 keep the samples in memory, cut batches by indexing" in text
        assert "2 feed it by 8 loader processes" in text
        assert "predicted at most 7.88× · not tried yet" in text


async def test_the_picture_folds_and_unfolds_with_the_window() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        assert "━▶" in screen_text(stage.app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        text = screen_text(stage.app)
        assert "━▶" not in text
        assert "◀ narrow" in text
        assert "12,367/s · as it is" in text
        await pilot.resize_terminal(160, 48)
        await settle(pilot)
        assert "━▶" in screen_text(stage.app)


async def test_a_pane_of_it_can_be_looked_at_alone_while_runs_go_on() -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        assert "more rows of evidence: Tab to this pane, then m" in words_of(stage)
        stage.app.live.time.middle.children[0].focus()
        await pilot.press("m")
        await settle(pilot)
        text = words_of(stage)
        assert "more rows of evidence" not in text
        assert "what that rests on" in text
        assert "pipeline" not in text


async def test_a_diagnosis_of_the_past_is_shown_as_one_with_the_commands_of_its_remedies(
    tmp_path: Path,
) -> None:
    stage = Stage(script=diagnosis_script(), history=tmp_path / "h.sqlite")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await diagnosed(stage, pilot)
        await past.press(pilot, "h", "enter")
        await settle(pilot, 8)
        text = " ".join(past.text_of(pilot).replace("│", " ").split())
        assert "LOADER ◀ narrow" in text
        assert "diagnosis · input-bound" in text
        assert "racetop compare fashion-cnn --devices cuda:0" in text
        assert "not tried yet" not in text
        assert "more rows of evidence" not in text
        assert "epochs · as written · trial 3/7" in text
        assert "y chart" not in text


async def test_one_that_was_stopped_goes_on_from_the_history_in_its_view(tmp_path: Path) -> None:
    stage = Stage(script=diagnosis_script(stops_at=4), history=tmp_path / "h.sqlite")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d")
        await until_quiet(stage, pilot)
        await pilot.press("x")
        await until_done(stage, pilot)
        await past.press(pilot, "h", "enter")
        await settle(pilot, 8)
        text = past.text_of(pilot)
        assert "diagnosis · undecided · stopped early" in text
        assert "d starts again" not in text
        await past.press(pilot, "escape", "R")
        await until_quiet(stage, pilot)
        assert stage.app.live.view is View.TIME
        assert "diagnosis · input-bound" in words_of(stage)
        assert "stopped early" not in words_of(stage)
        await pilot.press("1")
        await until_done(stage, pilot)
        assert "predicted 9.14× · measured 8." in words_of(stage)


async def test_a_race_of_the_past_has_its_epochs_below(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    past.keep(path, "cpu", "cuda:0")
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 48)) as pilot:
        await past.press(pilot, "h", "enter")
        await settle(pilot, 8)
        text = past.text_of(pilot)
        assert "epochs · cuda:0" in text
        assert "samples/s  data" in text


def test_a_finding_is_of_diagnoses_only() -> None:
    finding = Finding(job=WHOLE)
    race = plan("cpu")
    assert Finding.of(ComparisonState.of(race)) is None
    assert finding.with_state(ComparisonState.of(race)) is finding
