"""The sweep of loader processes on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from runners.events import Event, JobDone
from runners.spec import Request, UsageError
from runners.workloads import JobSettings, Variant
from tests.fakes import scenes
from tests.fakes.live import Stage, screen_text, settle
from tests.fakes.loaders import Fed, fed_run
from tests.tui.test_app import opening_of
from tui.requests import batch_sweep, variants, worker_counts, workers_sweep
from tui.widgets.sweep_table import SweepTable

SWEEP = Request(workloads=("mlp",), workers=(0, 1, 2, 4))
TAKEN = {
    0: Fed(epoch_s=2.0, wait_s=1.0),
    1: Fed(epoch_s=1.4),
    2: Fed(epoch_s=1.0, first_s=0.05, core_s=0.03, loader_s=1.25),
    4: Fed(epoch_s=1.5, first_s=None, loader_s=None, memory_bytes=None, core_s=None, wait_s=None),
}


def script(settings: JobSettings) -> Sequence[Event]:
    return [*fed_run(settings.workers, TAKEN[settings.workers])[:-1]]


@pytest.mark.parametrize(
    ("cores", "counts"),
    [
        (0, (0, 1, 2)),
        (1, (0, 1, 2)),
        (2, (0, 1, 2, 4)),
        (3, (0, 1, 2, 3, 6)),
        (8, (0, 1, 2, 4, 8, 16)),
        (9, (0, 2, 4, 9, 18)),
        (16, (0, 2, 4, 8, 16, 32)),
        (32, (0, 2, 8, 16, 32, 64)),
        (192, (0, 2, 8, 16, 32, 64)),
    ],
)
def test_counts_go_from_none_over_the_cores_to_too_many(
    cores: int, counts: tuple[int, ...]
) -> None:
    assert worker_counts(cores) == counts


@pytest.mark.parametrize("cores", range(1, 129))
def test_counts_are_few_and_rise(cores: int) -> None:
    counts = worker_counts(cores)
    assert counts == tuple(sorted(set(counts)))
    assert 3 <= len(counts) <= 6


def test_the_sweep_is_of_the_as_written_loop_on_the_last_device() -> None:
    base = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), variants=(Variant.TUNED,))
    asked = workers_sweep(base, 2)
    assert (asked.devices, asked.variants) == (("cuda:0",), (Variant.AS_WRITTEN,))
    assert (asked.workers, asked.epochs) == ((0, 1, 2, 4), (3,))
    assert workers_sweep(replace(base, epochs=(7,)), 2).epochs == (7,)
    with pytest.raises(UsageError, match="matmul loads no data"):
        workers_sweep(Request(workloads=("matmul",)), 2)


def test_options_of_the_loader_stay_with_the_sweep_and_leave_what_has_none() -> None:
    base = Request(workloads=("mlp",), variants=(Variant.TUNED,), persistent_workers=True)
    assert workers_sweep(base, 2).persistent_workers
    assert not batch_sweep(base).persistent_workers
    assert variants(base).persistent_workers
    assert not variants(replace(base, workloads=("matmul",))).persistent_workers


async def test_w_sweeps_up_to_the_cores_and_beyond() -> None:
    stage = Stage(opening_of(Request(workloads=("mlp",))), script=script)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.know_accelerator(None)
        await pilot.press("w")
        await settle(pilot, 20)
        state = stage.app.race.state
        assert state is not None
        counts = tuple(job.settings.workers for job in state.plan.jobs)
        assert counts == worker_counts(stage.app.race.cores)
        stage.app.action_stop()


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (78, "steady,data wait,speed"),
        (118, "steady,data wait,first batch,their CPU,core wait,speed"),
        (
            158,
            "steady,samples/s,data wait,first batch,their CPU,their memory,core wait,peak,speed",
        ),
    ],
)
async def test_columns_tell_what_processes_take_as_far_as_there_is_room(
    width: int, columns: str
) -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await settle(pilot, 60)
        table = stage.app.query_one(SweepTable)
        lines = [line.strip(width).text for line in table.lines(stage.app.palette, width, 20)]
        found = lines[0]
        for column in columns.split(","):
            assert column in found
            found = found.partition(column)[2]
        assert not found.strip()
        assert "50 %" in lines[1]
        assert "2.00×" in lines[3]
        assert "n/a" in lines[4]


async def test_the_verdict_on_the_screen_names_the_knee() -> None:
    stage = Stage(opening_of(SWEEP), script=script)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await settle(pilot, 60)
        text = " ".join(screen_text(stage.app).replace("│", " ").split())
        assert "2 workers are enough" in text


async def test_other_sweeps_have_no_such_columns() -> None:
    stage = Stage(opening_of(Request(workloads=("mlp",), batch_sizes=(8, 16, 32))), script=_any)
    async with stage.app.run_test(size=(160, 48)) as pilot:
        await settle(pilot, 40)
        table = stage.app.query_one(SweepTable)
        assert "their CPU" not in table.lines(stage.app.palette, 200, 20)[0].strip(200).text


def _any(settings: JobSettings) -> Sequence[Event]:
    return [*scenes.sweeping_script(settings), JobDone(interrupted=False, dropped_events=0)]
