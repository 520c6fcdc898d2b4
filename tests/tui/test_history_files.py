"""The history screen and files: its own, those that it writes, and those that it takes in."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Input

from runners.history.schema import SCRIPTS
from tests.fakes.live import Stage
from tests.fakes.past import SIZES, done, file, keep, listed, press, shows, text_of, told
from tui.screens.file_question import FileQuestion
from tui.screens.history import HistoryScreen


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The history; what is written goes beside it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "history.sqlite"


async def test_an_export_can_be_imported_and_is_there_only_once(path: Path) -> None:
    keep(path)
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "space", "space", "e")
        (exported,) = path.parent.glob("racetop-history-*.json")
        assert "Wrote 2 comparisons" in told(stage)
        exported.rename(path.parent / "x")
        with file(path) as kept:
            kept.delete([1])
        for answer in ("Added 1 comparison.", "All were here."):
            await press(pilot, "i")
            assert shows(stage, FileQuestion)
            await press(pilot, "x", "enter")
            await done(pilot)
            assert answer in told(stage)
        assert len(listed(stage)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read: No such file"), ("{", "no JSON"), ("{}", "is no export")],
)
async def test_what_cannot_be_imported_is_told_beside_its_path_which_can_be_corrected(
    path: Path, text: str | None, words: str
) -> None:
    keep(path)
    if text is not None:
        (path.parent / "x").write_text(text)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "h", "e", "i", "x", "enter")
        assert shows(stage, FileQuestion)
        assert words in " ".join(text_of(pilot).replace("│", " ").split())
        (exported,) = path.parent.glob("racetop-history-*.json")
        exported.rename(path.parent / "xy")
        await press(pilot, "y")
        assert words not in text_of(pilot)
        assert stage.app.screen.query_one(Input).value == "xy"
        await press(pilot, "enter")
        await done(pilot)
        assert shows(stage, HistoryScreen)
        assert "All were here." in told(stage)
        assert listed(stage) == [1]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "Type the path of a file."), ("~nobody-of-that-name/x", "cannot be read: No such file")],
)
async def test_a_path_that_names_no_file_leaves_the_question_open(
    path: Path, typed: str, words: str
) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "i")
        stage.app.screen.query_one(Input).value = typed
        await press(pilot, "enter")
        assert shows(stage, FileQuestion)
        assert words in text_of(pilot)
        await press(pilot, "escape")
        assert shows(stage, HistoryScreen)


async def test_importing_where_nothing_is_kept_says_so() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "i", "x", "enter")
        assert "No history is kept" in text_of(pilot)
        assert shows(stage, FileQuestion)


async def test_where_nothing_is_kept_the_screen_says_how_to_change_that() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        assert "No history is kept: RACETOP_HISTORY is 'off'." in text_of(pilot)
        await press(pilot, "enter", "space", "c", "d", "e", "r", "R", "end", "pagedown")
        assert shows(stage, HistoryScreen)


async def test_an_empty_history_says_what_fills_it(path: Path) -> None:
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        assert "Nothing was compared yet." in text_of(pilot)


def damage(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def make_newer(path: Path) -> None:
    keep(path)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {len(SCRIPTS) + 1}")


def make_a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(damage, "damaged"), (make_newer, "newer racetop"), (make_a_folder, "cannot be")],
)
@pytest.mark.parametrize("size", SIZES[1:])
async def test_a_file_that_cannot_be_used_is_a_state_on_the_screen(
    path: Path, spoil: object, words: str, size: tuple[int, int]
) -> None:
    assert callable(spoil)
    spoil(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=size) as pilot:
        await press(pilot, "h", "enter", "d", "i", "escape", "r")
        assert shows(stage, HistoryScreen)
        text = " ".join(text_of(pilot).replace("│", " ").split())
        assert "The history cannot be read" in text
        assert words in text or size == (40, 10)
