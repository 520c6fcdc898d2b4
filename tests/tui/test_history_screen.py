"""The history screen: what its keys do with past comparisons."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import HelpPanel

from runners.history.entries import insert
from runners.history.schema import connect, transaction
from runners.spec import Request
from tests.fakes.live import Stage, settle
from tests.fakes.past import (
    SIZES,
    done,
    entries,
    file,
    keep,
    keep_foreign,
    listed,
    press,
    shows,
    text_of,
    told,
)
from tests.fakes.saved import OUT_OF_MEMORY, a_stopped_one, record
from tests.fakes.training import finished_run, plan
from tests.tui.test_app import HOSTILE
from tui.screens.confirm import Confirm
from tui.screens.history import FIRST_ROWS, HistoryScreen
from tui.screens.history_keys import KEYS, OPEN_KEYS
from tui.screens.live import LiveScreen
from tui.screens.past_race import PastRace, shown_together
from tui.widgets.job_card import JobCard
from tui.widgets.past_table import PastTable
from tui.widgets.sweep_table import SweepTable
from tui.widgets.verdict import VerdictPane

TWO = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), epochs=(2,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


async def test_the_key_lists_past_comparisons_newest_first_and_escape_goes_back(
    path: Path,
) -> None:
    numbers = [keep(path) for _ in range(3)]
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        assert shows(stage, HistoryScreen)
        assert listed(stage) == numbers[::-1]
        assert "history · 3 comparisons" in text_of(pilot)
        await press(pilot, "escape")
        assert shows(stage, LiveScreen)


async def test_another_host_is_named_so_in_the_list_and_below_it(path: Path) -> None:
    keep(path)
    keep_foreign(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        rows = [row for row in text_of(pilot).splitlines() if "mlp" in row]
        assert sum("other host: there" in row for row in rows) == 1
        assert "on there, another host" in text_of(pilot)


async def test_typing_filters_and_escape_first_clears_the_filter(path: Path) -> None:
    both, one = keep(path, "cpu", "cuda:0"), keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "slash", *"device:cuda")
        assert listed(stage) == [both]
        assert "1 comparison · filter 'device:cuda'" in text_of(pilot)
        await press(pilot, *":7")
        assert "No comparison has all these words; Escape clears the filter." in text_of(pilot)
        await press(pilot, "escape")
        assert shows(stage, HistoryScreen)
        assert listed(stage) == [one, both]
        await press(pilot, "escape")
        assert shows(stage, LiveScreen)


async def test_a_filter_that_is_kept_leaves_the_keys_to_the_list(path: Path) -> None:
    keep(path, "cpu", "cuda:0")
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "slash", *"cuda", "enter", "space")
        assert stage.app.screen.query_one(PastTable).marked == [1]
        assert "filter 'cuda' · 1 marked" in text_of(pilot)


async def test_open_shows_the_panes_of_a_finished_race(path: Path) -> None:
    keep(path, "cpu", "cuda:0", request=TWO)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "enter")
        assert shows(stage, PastRace)
        assert len(stage.app.screen.query(JobCard)) == 2
        assert stage.app.screen.query(VerdictPane)
        text = text_of(pilot)
        assert "comparison 1:" in text
        assert "racetop compare mlp --devices cpu,cuda:0 --epochs 2" in text
        assert "1.00 s steady" in text
        assert "y 1/4" in text
        await press(pilot, "y")
        assert "training loss" in text_of(pilot)
        await press(pilot, "escape")
        assert shows(stage, HistoryScreen)
        assert stage.workers.started == []


async def test_the_report_of_an_open_one_is_written_into_files(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path)
    monkeypatch.chdir(path.parent)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "enter", "e")
        await stage.app.workers.wait_for_complete()
        await settle(pilot)
        assert "Wrote" in told(stage)
    (written,) = path.parent.glob("racetop-mlp-*.json")
    assert json.loads(written.read_text())["machine"]["host"]["hostname"] == "here"
    assert len(list(path.parent.glob("racetop-mlp-*"))) == 4


async def test_marked_ones_stand_side_by_side_under_their_numbers(path: Path) -> None:
    keep(path, "cpu", "cuda:0")
    keep_foreign(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "space", "space", "c")
        assert shows(stage, PastRace)
        assert stage.app.screen.query(SweepTable)
        text = text_of(pilot)
        for words in ("#2@there cpu", "#1@", "Hosts differ", "another host"):
            assert words in text


async def test_comparing_needs_two_marks(path: Path) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "c")
        assert shows(stage, HistoryScreen)
        assert "Mark two or more" in told(stage)


async def test_three_with_the_same_settings_are_told_apart(path: Path) -> None:
    numbers = [keep(path, steady_s=second) for second in (1.0, 2.0, 4.0)]
    with file(path) as kept:
        state = shown_together([kept.load(number) for number in numbers]).state
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "space", "space", "space", "c")
        assert [row for row in ("#1 cpu", "#2 cpu", "#3 cpu") if row not in text_of(pilot)] == []
    assert state.plan.axes == ()


@pytest.mark.parametrize("keys", [("r",), ("enter", "r")])
async def test_repeat_races_the_same_request_again(path: Path, keys: tuple[str, ...]) -> None:
    keep(path, "cpu", "cuda:0", request=TWO)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", *keys)
        await settle(pilot)
        assert shows(stage, LiveScreen)
        assert stage.app.race.request == TWO
        assert [(s.workload, s.epochs) for s in stage.workers.started] == [("mlp", 2)]


async def test_repeat_waits_for_no_running_race(path: Path) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r", "h", "end", "r")
        assert shows(stage, HistoryScreen)
        assert "A race is running" in told(stage)
        assert len(stage.workers.started) == 2


async def test_one_of_which_only_the_plan_is_known_cannot_be_repeated(path: Path) -> None:
    keep(path, request=None)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "r")
        assert "Comparison 1 is a part of tuning" in told(stage)
        await press(pilot, "enter")
        assert "repeat" not in text_of(pilot).splitlines()[-1]


async def test_resume_goes_on_with_the_runs_that_are_left(path: Path) -> None:
    with file(path) as kept:
        number = a_stopped_one(kept)
    keep(path)
    stage = Stage(history=path)
    stage.workers.finish.set()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "h")
        assert "R goes on" not in text_of(pilot)
        await press(pilot, "down")
        assert "R goes on with it at its next run" in text_of(pilot)
        await press(pilot, "R")
        await settle(pilot, 20)
        assert shows(stage, LiveScreen)
        assert len(stage.workers.started) == 2
    assert [(entry.id, entry.runs_done, entry.status) for entry in entries(path)][1:] == [
        (number, 3, "done")
    ]


async def test_runs_that_failed_are_told_in_the_row_and_below_the_list(path: Path) -> None:
    with file(path) as kept:
        record(kept, finished_run(1.0, 1.0), OUT_OF_MEMORY, of=plan("cpu", trials=2))
    stage = Stage(history=path)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "h")
        rows = text_of(pilot).splitlines()
        assert any("mlp" in row and "1 failed" in row for row in rows)
        assert any("1 of 2 runs done, 1 failed" in row for row in rows)


async def test_resume_of_one_that_is_over_says_that_nothing_is_left(path: Path) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "R")
        assert "nothing is left to do" in told(stage)
        assert stage.workers.started == []


async def test_delete_asks_and_no_keeps(path: Path) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "d")
        assert shows(stage, Confirm)
        assert "Delete 1 comparison (1) for good?" in text_of(pilot)
        await press(pilot, "n")
        assert listed(stage) == [1]
    assert len(entries(path)) == 1


async def test_delete_takes_the_marked_ones_once_agreed(path: Path) -> None:
    for _ in range(3):
        keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "space", "space", "d", "y")
        await done(pilot)
        assert listed(stage) == [1]
        assert "marked" not in text_of(pilot).splitlines()[0]
    assert [entry.id for entry in entries(path)] == [1]


async def test_delete_tells_of_marked_ones_that_a_filter_hides(path: Path) -> None:
    keep(path, "cpu")
    keep(path, "mps")
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h", "space", "space", "slash", *"device:mps", "enter", "d")
        assert shows(stage, Confirm)
        assert "1 of them not in this list" in " ".join(text_of(pilot).replace("│", "").split())


async def test_what_runs_is_not_deleted(path: Path) -> None:
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r", "h", "d", "y")
        await done(pilot)
        assert "is running; stop it first" in told(stage)
        assert listed(stage) == [1]


async def test_names_of_other_hosts_are_data(path: Path) -> None:
    keep(path)
    keep_foreign(path, host=HOSTILE)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await press(pilot, "h", "space", "space", "c")
        assert not set("\x1b\x07\x9b") & set(text_of(pilot))
        await press(pilot, "escape")
        assert "other host: [/x] [bold]" in text_of(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_the_list_and_an_open_one(path: Path, size: tuple[int, int]) -> None:
    keep(path, "cpu", "cuda:0")
    keep_foreign(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=size) as pilot:
        await press(pilot, "h")
        assert "mlp" in text_of(pilot)
        assert "other" in text_of(pilot)
        await press(pilot, "slash", *"cuda", "enter", "enter")
        assert shows(stage, PastRace)
        await pilot.resize_terminal(40, 10)
        await press(pilot, "pagedown", "pageup", "escape")
        assert "mlp" in text_of(pilot)


@pytest.mark.parametrize("size", SIZES[:3])
async def test_every_key_is_in_the_footer_and_in_the_help(
    path: Path, size: tuple[int, int]
) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=size) as pilot:
        await press(pilot, "h")
        assert [key.description for key in KEYS if key.description not in text_of(pilot)] == []
        await press(pilot, "question_mark")
        assert stage.app.screen.query(HelpPanel)
        await press(pilot, "question_mark")
        assert not stage.app.screen.query(HelpPanel)
        await press(pilot, "enter")
        assert [key.description for key in OPEN_KEYS if key.description not in text_of(pilot)] == []


async def test_a_key_in_the_footer_can_be_clicked(path: Path) -> None:
    keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        await pilot.click("#key-bar", offset=(2, 0))
        await done(pilot)
        assert shows(stage, PastRace)


async def test_a_double_click_opens_a_row(path: Path) -> None:
    for _ in range(3):
        keep(path)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        await pilot.click(PastTable, offset=(10, 3), times=2)
        await done(pilot)
        assert "comparison 2:" in text_of(pilot)


async def test_ten_thousand_comparisons_scroll_to_the_oldest(path: Path) -> None:
    keep(path)
    with closing(connect(path)) as kept, transaction(kept):
        columns = [name for _, name, *_ in kept.execute("PRAGMA table_info(comparisons)")]
        row = kept.execute("SELECT * FROM comparisons").fetchone()
        first = dict(zip(columns, row, strict=True))
        for number in range(2, 10_001):
            changes = {"id": number, "uuid": str(number), "started_at": 1e9 - number}
            insert(kept, "comparisons", first | changes)
    stage = Stage(history=path)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "h")
        table = stage.app.screen.query_one(PastTable)
        assert table.count == FIRST_ROWS
        assert "the newest 500 comparisons" in text_of(pilot)
        await press(pilot, "end")
        assert table.count == 10_000
        assert table.selected is not None
        assert table.selected.id == 10_000
        assert len(table.lines(table.palette, 116, 20)) == 20
        await press(pilot, "home", "pagedown")
        assert table.selected.id < 60
