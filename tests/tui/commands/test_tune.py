from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from runners.events import Event
from runners.history.store import History, Saved
from runners.paths import history_path
from runners.spec import Request, UsageError
from runners.workloads import JobSettings, Precision, Variant
from tests.fakes.training import finished_run
from tui.commands.tune import tune

MLP = Request(workloads=("mlp",), data="generated")


async def run_worker(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
    """Ends at once; as written takes three times as long, bf16 half."""
    epoch_s = 0.1 if settings.variant is Variant.TUNED else 0.3
    epoch_s *= 0.5 if settings.precision is Precision.BF16 else 1.0
    for event in finished_run(*[epoch_s] * settings.epochs):
        on_event(event)


def tuned(request: Request, *, as_json: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    status = tune(request, out, io.StringIO(), trial_s=1.0, as_json=as_json, run_worker=run_worker)
    return status, out.getvalue()


def test_the_table_tells_what_was_tried_and_the_command_that_repeats_it() -> None:
    status, text = tuned(MLP)
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    assert status == 0
    assert "kept" in rows["bf16"]
    assert "no gain" in rows["plain optimizer"]
    assert "With what is kept: 6.00x the loop as written" in text
    assert text.rstrip().endswith(
        "racetop compare mlp --devices cpu --variant tuned --precision bf16 --data generated"
    )


def test_accuracy_under_bf16_is_a_matter_only_where_it_was_kept() -> None:
    async def slow_bf16(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        epoch_s = 0.4 if settings.precision is Precision.BF16 else 0.1
        for event in finished_run(*[epoch_s] * settings.epochs):
            on_event(event)

    out = io.StringIO()
    tune(MLP, out, io.StringIO(), trial_s=1.0, as_json=False, run_worker=slow_bf16)

    assert "before you keep bf16" in tuned(MLP)[1]
    assert "Brief trials tell of speed only.\n" in out.getvalue()


def test_the_command_names_what_was_asked_for_beside_what_was_found() -> None:
    asked = replace(MLP, batch_sizes=(512,), train_samples=20_000, seed=3)
    _, text = tuned(asked)
    command = text.splitlines()[-1]
    assert "--batch-size 512" in command
    assert "--train-samples 20000" in command
    assert "--seed 3" in command


def test_a_stop_prints_what_was_tried_so_far() -> None:
    runs = 0

    async def stopped(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        nonlocal runs
        runs += 1
        if runs == 5:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(5)
        await run_worker(settings, on_event)

    out, err = io.StringIO(), io.StringIO()
    status = tune(MLP, out, err, trial_s=1.0, as_json=False, run_worker=stopped)
    rows = {line.split("  ")[0]: line for line in out.getvalue().splitlines()}
    assert status == 128 + signal.SIGINT
    assert "n/a" not in rows["as written"]
    assert "not decided" in rows["bf16"]
    assert "Stopped before all was tried." in out.getvalue()
    assert [saved.entry.runs_done for saved in kept()] == [1, 3]
    assert "comparison 2; 'racetop history resume 2' goes on with it" in err.getvalue()


def kept() -> list[Saved]:
    """What the history holds, the oldest first."""
    path = history_path()
    assert path is not None
    with closing(History.open(path)) as history:
        return [history.load(entry.id) for entry in history.entries()][::-1]


def test_what_was_tried_is_kept_as_comparisons_that_say_what_they_are() -> None:
    err = io.StringIO()
    tune(MLP, io.StringIO(), err, trial_s=1.0, as_json=False, run_worker=run_worker)
    first, alone = kept()

    assert err.getvalue().endswith(
        "racetop: saved as comparison 1\nracetop: saved as comparison 2\n"
    )
    assert (first.request, alone.request) == (None, None)
    assert "first look at the speed" in first.plan.notes[0]
    assert alone.plan.notes == ("brief trials of tuning: each setting alone",)
    assert "bf16" in [job.label for job in alone.plan.jobs]
    assert {entry.status for entry in (first.entry, alone.entry)} == {"done"}
    assert {"variant", "precision", "fused"} <= set(alone.entry.axes)


def test_what_was_tried_is_not_kept_where_that_is_not_wanted() -> None:
    out = io.StringIO()
    tune(MLP, out, io.StringIO(), trial_s=1, as_json=False, run_worker=run_worker, is_kept=False)
    assert "kept" in out.getvalue()
    assert kept() == []


def test_the_table_fits_a_terminal() -> None:
    _, text = tuned(MLP)
    assert max(map(len, text.splitlines())) <= 100


def test_programs_get_the_trials_as_numbers() -> None:
    _, text = tuned(MLP, as_json=True)
    document = json.loads(text)
    assert document["schema"] == "racetop.tuning/1"
    assert document["settings"]["precision"] == "bf16"
    (bf16,) = [trial for trial in document["trials"] if trial["name"] == "bf16"]
    assert (round(bf16["ratio"]["value"], 6), bf16["decision"]) == (2.0, "kept")


def test_more_than_one_job_is_refused() -> None:
    with pytest.raises(UsageError, match="one value of each option"):
        tuned(Request(workloads=("mlp",), batch_sizes=(32, 64)))
