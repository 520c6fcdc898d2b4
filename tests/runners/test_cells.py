from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runners.cells import Cell, axis_label, cells, chosen_axes, label_without, swept_axis
from runners.events import EpochFinished, ErrorKind, JobDone, JobFailed
from runners.loader_figures import LoaderFigures
from runners.planning import make_plan
from runners.presets import PRESETS
from runners.process_events import WorkerExited
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState, apply, spare
from sensors.system.cores import UsableCores

CORES = UsableCores(cpu_ids=(0, 1, 2, 3), quota=None, count=4)
SWEEP = Request(workloads=("mlp",), batch_sizes=(16, 32, 64), trials=2)
EXIT = WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=99.0)


def plan_of(request: Request) -> Plan:
    return make_plan(request, CORES, data_dir=Path("/data"), cache_dir=Path("/cache"))


def epoch(number: int, epoch_s: float) -> EpochFinished:
    return EpochFinished(
        epoch=number,
        started_mono_s=10.0 * number,
        epoch_s=epoch_s,
        process_s=epoch_s,
        samples=1_000,
        steps=10,
        peak_memory_bytes=200 + number,
    )


def after(state: ComparisonState, job: int, trial: int, *times_s: float) -> ComparisonState:
    key = RunKey(job=job, trial=trial)
    for number, epoch_s in enumerate(times_s, start=1):
        state = apply(state, key, epoch(number, epoch_s))
    state = apply(state, key, JobDone(interrupted=False, dropped_events=0))
    return apply(state, key, EXIT)


def test_a_cell_takes_the_median_of_its_trials_and_their_spread() -> None:
    state = ComparisonState.of(plan_of(SWEEP))
    state = after(state, 0, 0, 9.0, 4.0, 4.0)
    state = after(state, 0, 1, 9.0, 2.0, 2.0)
    cell = cells(state)[0]
    assert cell.unit_s is not None
    assert (cell.unit_s.median, cell.is_cold, cell.trials_done) == (3.0, False, 2)
    assert cell.spread_pct == pytest.approx(100 / 3)
    assert (cell.speed, cell.peak_memory_bytes) == (1.0, 203)
    assert cell.total_s == 15.0


def test_one_trial_has_the_spread_of_its_steady_epochs() -> None:
    state = after(ComparisonState.of(plan_of(SWEEP)), 0, 0, 9.0, 3.9, 4.1)
    assert cells(state)[0].spread_pct == pytest.approx(2.5)


def test_a_cell_with_but_cold_epochs_says_so() -> None:
    state = after(ComparisonState.of(plan_of(SWEEP)), 0, 0, 9.0)
    cell = cells(state)[0]
    assert cell.is_cold
    assert cell.unit_s is not None
    assert cell.unit_s.median == 9.0
    assert cell.spread_pct is None


def test_a_cell_is_compared_with_the_first_of_its_workload() -> None:
    state = after(ComparisonState.of(plan_of(SWEEP)), 0, 0, 9.0, 4.0)
    state = after(state, 1, 0, 9.0, 2.0)
    assert [cell.speed for cell in cells(state)] == [1.0, 2.0, None]


def test_what_went_wrong_is_told_in_a_word_and_in_a_sentence() -> None:
    state = ComparisonState.of(plan_of(SWEEP))
    failures = {0: ErrorKind.OUT_OF_MEMORY, 1: ErrorKind.CRASHED}
    for job, kind in failures.items():
        failed = JobFailed(error=kind, message="It was too much.")
        state = apply(
            apply(state, RunKey(job=job, trial=0), failed), RunKey(job=job, trial=0), EXIT
        )
    state = spare(state, [RunKey(job=2, trial=0)], "the time is up")

    def told(cell: Cell) -> tuple[str | None, str]:
        return cell.trouble, cell.detail

    assert [told(cell) for cell in cells(state)] == [
        ("out of memory", "It was too much."),
        ("failed", "It was too much."),
        ("spared", "the time is up"),
    ]


def test_a_cell_without_figures_has_none() -> None:
    cell = cells(ComparisonState.of(plan_of(SWEEP)))[0]
    assert replace(cell, job=0) == Cell(
        job=0,
        trials_done=0,
        unit_s=None,
        is_cold=False,
        total_s=None,
        samples_per_s=None,
        speed=None,
        peak_memory_bytes=None,
        accuracy=None,
        loader=LoaderFigures(),
        trouble=None,
        detail="",
    )


@pytest.mark.parametrize(
    ("name", "axes", "swept"),
    [
        ("batch sizes", ("device", "batch_size"), "batch_size"),
        ("epochs", ("device", "epochs"), "epochs"),
        ("model sizes", ("workload", "device"), "workload"),
        ("micro tasks", ("workload", "device"), "workload"),
        ("resnet18 batches", ("device", "batch_size"), "batch_size"),
    ],
)
def test_axes_are_what_was_asked_for_and_not_what_each_workload_has(
    name: str, axes: tuple[str, ...], swept: str
) -> None:
    preset = next(preset for preset in PRESETS if preset.name == name)
    plan = plan_of(preset.request("cuda:0"))
    assert chosen_axes(plan) == axes
    assert swept_axis(plan) == swept


def test_over_epochs_each_job_is_compared_with_the_one_that_trains_as_long() -> None:
    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), epochs=(1, 5))
    plan = plan_of(request)
    assert [plan.baseline(job) for job in range(4)] == [0, 1, 0, 1]
    unlike = replace(plan, jobs=(plan.jobs[0], plan.jobs[3]))
    assert [unlike.baseline(job) for job in range(2)] == [0, 0]


def test_over_epochs_the_speed_is_that_of_whole_runs_so_that_few_epochs_show_the_cold_one() -> None:
    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), epochs=(1, 5))
    times_s = {"cpu": (4.0, 4.0), "cuda:0": (4.0, 1.0)}
    state = ComparisonState.of(plan_of(request))
    for job, spec in enumerate(state.plan.jobs):
        cold_s, steady_s = times_s[spec.settings.device]
        for number in range(1, spec.settings.epochs + 1):
            finished = epoch(number, cold_s if number == 1 else steady_s)
            state = apply(state, RunKey(job=job, trial=0), finished)
    assert [cell.speed for cell in cells(state)] == [1.0, 1.0, 1.0, 2.5]


def test_a_label_without_the_swept_axis_names_the_rest() -> None:
    plan = plan_of(Request(workloads=("mlp",), devices=("cpu", "cuda"), batch_sizes=(16, 32)))
    assert [label_without(plan, job, "batch_size") for job in range(4)] == [
        *("cpu", "cpu", "cuda:0", "cuda:0")
    ]


def test_jobs_that_no_axis_tells_apart_are_told_by_their_labels() -> None:
    plan = plan_of(SWEEP)
    twice = replace(plan, jobs=(plan.jobs[0], replace(plan.jobs[0], label="there")), axes=())
    assert chosen_axes(twice) == ("job",)
    assert swept_axis(twice) == "job"
    assert [axis_label(job, "job") for job in twice.jobs] == ["cpu batch 16", "there"]
