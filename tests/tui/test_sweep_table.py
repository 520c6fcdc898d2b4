"""The table and the chart of a comparison with many jobs."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from runners.events import ErrorKind, Event, JobDone, JobFailed
from runners.process_events import WorkerStarted
from runners.spec import Request, RunKey
from runners.state import spare
from runners.workloads import JobSettings
from tests.fakes import scenes
from tests.fakes.diagnosing import diagnosed
from tests.fakes.diagnosis_scene import diagnosis_script
from tests.fakes.live import Stage, screen_text, settle
from tests.tui.test_app import opening_of
from tui.theme import Palette
from tui.widgets.race_chart import OF_A_SWEEP, RaceChart
from tui.widgets.ratio import RatioPane, RatioWords, ratio_texts
from tui.widgets.sweep_table import SweepTable

SIZES = [(160, 48), (120, 40), (80, 24), (40, 10)]
SWEEP = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), batch_sizes=(16, 64, 256, 1024))
MANY = Request(workloads=("mlp",), batch_sizes=tuple(range(8, 248, 8)))


def script(settings: JobSettings) -> Sequence[Event]:
    """Large batches do not fit, one crashes; the others take three epochs."""
    if settings.batch_size == 1024:
        message = "Out of memory: 3.1 GiB asked for, 1.0 GiB free."
        failure = JobFailed(error=ErrorKind.OUT_OF_MEMORY, message=message)
        return [WorkerStarted(pid=7, mono_s=1000.0), failure]
    if settings.batch_size == 256 and settings.device == "cpu":
        failure = JobFailed(error=ErrorKind.CRASHED, message="The worker ended without a result.")
        return [WorkerStarted(pid=7, mono_s=1000.0), failure]
    return [*scenes.sweeping_script(settings), JobDone(interrupted=False, dropped_events=0)]


def rows_with(stage: Stage, *words: str) -> list[str]:
    return [row for row in screen_text(stage.app).splitlines() if all(w in row for w in words)]


async def test_a_sweep_over_two_axes_is_grouped_by_the_first() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        table = stage.app.query_one(SweepTable)
        assert table._rows == ["cpu", 0, 1, 2, 3, "cuda:0", 4, 5, 6, 7]
        assert len(rows_with(stage, "batch 16", "4.47 s", "1.00×")) == 2
        assert "mlp · as-written · 8 jobs · one at a time" in screen_text(stage.app)


async def test_cells_without_figures_are_told_in_words_and_the_sweep_goes_on() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        assert len(rows_with(stage, "batch 1024", "out of memory: 3.1 GiB asked for")) == 2
        assert len(rows_with(stage, "batch 256", "failed: The worker ended")) == 1
        assert len(rows_with(stage, "▲ batch 256", "done", "×")) == 1
        assert rows_with(stage, "result")


async def test_a_failure_that_all_cells_share_is_told_once_with_what_to_do() -> None:
    def finds_no_data(_settings: JobSettings) -> Sequence[Event]:
        failure = JobFailed(
            error=ErrorKind.DATA_MISSING, message="There is no MNIST.", remedy="Leave --data out."
        )
        return [WorkerStarted(pid=7, mono_s=1000.0), failure]

    stage = Stage(opening_of(replace(SWEEP, train_samples=100)), script=finds_no_data)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        (told,) = stage.app._notifications
        assert told.message == "There is no MNIST. Leave --data out."
        assert rows_with(stage, "All jobs failed: There is no MNIST. Leave --data out.")
        assert not rows_with(stage, "Trained on")
        assert len(rows_with(stage, "failed: There is no MNIST.")) == 9


async def test_spared_cells_say_why() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        assert stage.app.race.state is not None
        waiting = type(stage.app.race.state).of(stage.app.race.state.plan)
        state = spare(waiting, [RunKey(job=0, trial=0)], "the time is up")
        stage.app.live.show_state(state, 0.0)
        await settle(pilot)
        assert rows_with(stage, "batch 16", "spared: the time is up")


@pytest.mark.parametrize(("width", "words"), [(120, "done, 4 not started"), (60, "done")])
async def test_what_has_its_figure_is_done_though_runs_were_spared(width: int, words: str) -> None:
    stage = Stage(script=diagnosis_script())
    async with stage.app.run_test(size=(width, 60)) as pilot:
        await diagnosed(stage, pilot)
        await pilot.press("g", "g")
        await settle(pilot)
        assert rows_with(stage, "twice the batch", words)
        assert not rows_with(stage, "spared")
        assert not stage.app.query(RatioPane)


@pytest.mark.parametrize("size", SIZES)
async def test_a_sweep_of_many_cells_keeps_the_one_at_work_in_sight(size: tuple[int, int]) -> None:
    def stalls_late(settings: JobSettings) -> Sequence[Event]:
        events = script(settings)
        return events[:-1] if settings.batch_size == 200 else events

    stage = Stage(opening_of(MANY), script=stalls_late)
    async with stage.app.run_test(size=size) as pilot:
        await settle(pilot, 80)
        table = stage.app.query_one(SweepTable)
        if size[1] > 10:
            assert table.border_subtitle is not None
            assert "of 30" in table.border_subtitle
            assert rows_with(stage, "batch 200")
            assert not rows_with(stage, "● batch 8 ")
            table.focus()
            await pilot.press("home")
            await settle(pilot)
            assert rows_with(stage, "● batch 8 ")
        stage.workers.finish.set()
        await settle(pilot, 20)


async def test_a_table_whose_row_at_work_is_near_the_top_begins_with_the_first_row() -> None:
    def stays(settings: JobSettings) -> Sequence[Event]:
        return scenes.sweeping_script(settings)

    ladder = Request(workloads=("mlp", "cnn5", "resnet50", "mnist-cnn"), devices=("cpu", "cuda:0"))
    stage = Stage(opening_of(ladder), script=stays)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 20)
        table = stage.app.query_one(SweepTable)
        assert table.border_subtitle is not None
        assert table.border_subtitle.startswith("rows 1-")
        stage.workers.finish.set()
        await settle(pilot, 40)


async def test_figures_stand_near_the_names_on_a_wide_screen() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(200, 48)) as pilot:
        await settle(pilot, 40)
        row = rows_with(stage, "batch 64", "1.")[0]
        assert "done" in row
        assert len(row.partition("done")[2]) - len(row.partition("done")[2].lstrip()) < 60


@pytest.mark.parametrize("size", SIZES)
async def test_no_figure_of_the_table_is_cut_without_a_mark(size: tuple[int, int]) -> None:
    stage = Stage(opening_of(replace(SWEEP, trials=2)), script=script)
    async with stage.app.run_test(size=size) as pilot:
        await settle(pilot, 60)
        table = stage.app.query_one(SweepTable)
        width = table.size.width
        lines = table.lines(stage.app.palette, width, 200)
        assert all(line.width <= width or "…" in line.strip(width).text for line in lines)
        assert all("1.00×" in line.strip(200).text for line in lines[2:3])


async def test_y_shows_the_next_kind_of_figures() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        titles = []
        for _ in OF_A_SWEEP:
            titles.append(str(stage.app.query_one(RaceChart).border_title))
            await pilot.press("y")
            await settle(pilot)
        assert [title.split(" · ")[0] for title in titles] == [
            "epoch time, s by batch size",
            "thousand samples/s by batch size",
            "relative speed by batch size",
            "peak memory, GiB by batch size",
        ]
        assert all("● cpu  ▲ cuda:0" in title for title in titles)
        assert stage.app.query_one(RaceChart).border_title == titles[0]


async def test_over_epochs_whole_runs_are_drawn_first_and_compared_with_those_as_long() -> None:
    def trains(settings: JobSettings) -> Sequence[Event]:
        cold_s, steady_s = (4.0, 4.0) if settings.device == "cpu" else (4.0, 1.0)
        events: list[Event] = list(scenes.start_events(0, accelerator=True))
        for number in range(1, settings.epochs + 1):
            took_s = cold_s if number == 1 else steady_s
            events += scenes.epoch_events(number, took_s, phases=scenes.GPU_PHASES)
        return [*events, JobDone(interrupted=False, dropped_events=0)]

    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), epochs=(1, 5))
    stage = Stage(opening_of(request), script=trains)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        assert rows_with(stage, "all epochs, s by epochs")
        assert rows_with(stage, "▲ 5 epochs", "8.00 s", "2.50×")
        assert rows_with(stage, "▲ 1 epoch ", "4.00 s", "1.00×")


async def test_y_shows_a_hidden_chart_first_and_says_where_there_is_none() -> None:
    stage = Stage(script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press("y")
        await settle(pilot)
        assert [note.message for note in stage.app._notifications] == [
            "There is no race to draw yet; r starts one."
        ]
        await pilot.press("r")
        await settle(pilot, 20)
        await pilot.press("g", "y")
        await settle(pilot)
        assert rows_with(stage, "epoch time, s")
        await pilot.press("y")
        await settle(pilot)
        assert rows_with(stage, "training loss")


async def test_no_relative_speed_is_drawn_where_nothing_is_compared() -> None:
    stage = Stage(opening_of(Request(workloads=("matmul", "resize"))), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        chart = stage.app.query_one(RaceChart)
        titles = []
        for _ in range(4):
            await settle(pilot)
            titles.append(str(chart.border_title))
            await pilot.press("y")
        assert not [title for title in titles if "speed" in title]
        assert chart.border_subtitle == "y 1/4"


async def test_a_race_that_ended_without_a_figure_promises_none() -> None:
    stage = Stage(
        opening_of(Request(workloads=("mlp",), batch_sizes=(1024,))),
        script=lambda settings: script(replace(settings, batch_size=1024)),
    )
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 20)
        assert "There are no figures." in screen_text(stage.app)
        assert "under way" not in screen_text(stage.app)


async def test_sizes_that_span_much_stand_on_a_logarithmic_axis() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        (labels,) = rows_with(stage, "16 ", " 64 ", " 256 ", "1024")
        places = [labels.index(text) for text in ("16", "64", "256", "1024")]
        steps = [after - before for before, after in pairwise(places)]
        assert max(steps) - min(steps) <= 2


async def test_calls_are_called_calls() -> None:
    request = Request(workloads=("resnet63",), devices=("cpu",))
    stage = Stage(opening_of(request), script=scenes.racing_script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 10)
        text = screen_text(stage.app)
        assert "call 3/4" in text
        assert "call time, s" in text
        stage.workers.finish.set()


def test_a_ratio_with_little_room_names_the_job_and_cuts_no_word() -> None:
    words = RatioWords("side by side, partly alone, single run\ncpu tuned against cpu as-written")
    rows = {
        height: [line.strip(17).text.strip() for line in words.lines(Palette({}), 17, height)]
        for height in (4, 5)
    }

    assert rows[5][-2:] == ["cpu tuned against", "cpu as-written"]
    assert rows[4][-1] == "cpu tuned"


def test_the_ratio_tells_its_interval_where_there_is_one() -> None:
    from runners.statistics import Ratio

    ratio = Ratio(
        baseline="cpu", job="cuda:0", steady=2.0, total=1.9, low=1.8, high=2.2,
        basis="steady epochs", label="alone, 3 trials",
    )  # fmt: skip
    digits, words = ratio_texts([ratio], failed=False)
    assert digits == "2.00×"
    assert words.splitlines() == ["1.80 to 2.20×", "alone, 3 trials", "cuda:0 against cpu"]


async def test_jobs_without_a_baseline_have_no_ratio() -> None:
    stage = Stage(opening_of(Request(workloads=("matmul", "resize", "augment"))))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert not stage.app.query(RatioPane)
        assert "speed" not in screen_text(stage.app)
        stage.workers.finish.set()


async def test_a_table_with_more_rows_than_room_says_which_are_in_sight() -> None:
    ladder = Request(workloads=("mlp", "cnn5", "resnet50", "mnist-cnn"), devices=("cpu", "cuda:0"))
    stage = Stage(opening_of(ladder), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, 40)
        table = stage.app.query_one(SweepTable)
        room = table.size.height - 1
        assert room < 12
        assert table.border_subtitle == f"rows 1-{room} of 12 · ↑↓"
        await pilot.resize_terminal(160, 60)
        await settle(pilot, 10)
        assert not table.border_subtitle
