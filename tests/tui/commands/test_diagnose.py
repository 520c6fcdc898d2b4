from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from runners.comparison import RunWorker
from runners.events import ErrorKind, Event, JobFailed
from runners.history.store import History, Saved
from runners.paths import history_path
from runners.process_events import WorkerExited
from runners.reports.names import Form
from runners.spec import Order, Request, UsageError
from runners.workloads import JobSettings, Precision, Probe, Variant
from tests.fakes.training import finished_run
from tui.cli import run
from tui.commands.diagnose import diagnose

MLP = Request(workloads=("mlp",), data="generated", train_samples=1000)
# Seconds of an epoch of 1,000 samples, by what is left out.
EPOCHS_S = {
    Probe.UNTESTED: 0.4,
    Probe.LOADER: 0.3,
    Probe.HOST_CACHED: 0.1,
    Probe.CACHED: 0.1,
    Probe.UNREAD: 0.1,
}


async def run_worker(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
    """Ends at once: the loader takes three quarters of the time, and tuned does without."""
    epoch_s = (
        0.16 if settings.variant is Variant.TUNED else EPOCHS_S[settings.probe or Probe.UNTESTED]
    )
    for event in finished_run(*[epoch_s] * settings.epochs):
        on_event(event)


def diagnosed(
    request: Request = MLP, *, run_worker: RunWorker = run_worker, **options: Any
) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = diagnose(request, out, err, run_worker=run_worker, **options)
    return status, out.getvalue(), err.getvalue()


def document(**options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(diagnosed(form=Form.JSON, **options)[1])
    return found


def kept() -> list[Saved]:
    """What the history holds, the oldest first."""
    path = history_path()
    assert path is not None
    with closing(History.open(path)) as history:
        return [history.load(entry.id) for entry in history.entries()][::-1]


def test_people_get_the_verdict_where_the_time_goes_and_what_to_change() -> None:
    status, text, _ = diagnosed()
    assert status == 0
    assert "input-bound" in text.split("\n\n")[0]
    assert "75 %" in text.split("\n\n")[0]
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "loader (narrow) ->" in rows["alone"]
    assert rows["samples/s"].split()[1:] == ["3,333", "10,000", "2,500"]
    assert "75 %" in rows["input"]
    assert "25 %" in rows["computing"]
    assert "What to change" in text
    assert rows["command"].split()[:4] == ["command", "racetop", "diagnose", "mlp"]


def test_the_text_fits_a_terminal() -> None:
    assert max(map(len, diagnosed(is_tried=True)[1].splitlines())) <= 100


def test_programs_get_the_fixed_keys() -> None:
    (job,) = document()["jobs"]
    found = job["diagnosis"]
    assert found["class"] == "input-bound"
    assert found["stall_share"]["value"] == pytest.approx(0.75)
    assert found["predicted_gain"] == pytest.approx(4.0)
    assert found["input_samples_per_s"] == pytest.approx(1000 / 0.3)
    assert found["compute_samples_per_s"] == pytest.approx(10_000)
    assert found["sentence"]
    assert found["remedies"][0]["predicted"] > 1
    assert found["is_complete"]
    assert {run["probe"] for run in job["runs"]} == {"untested", "cached", "loader-alone"}


def test_a_remedy_that_is_tried_tells_what_it_gained_beside_what_was_predicted() -> None:
    (job,) = document(is_tried=True)["jobs"]
    tuned = next(one for one in job["tried"] if "memory" in one["what"])
    assert tuned["gain"]["value"] == pytest.approx(2.5)
    assert tuned["predicted"] == pytest.approx(4.0)
    _, text, _ = diagnosed(is_tried=True)
    assert "2.50x" in text


def test_markdown_is_for_issues() -> None:
    _, text, _ = diagnosed(form=Form.MARKDOWN)
    assert text.startswith("**")
    assert "| samples/s |" in text


def test_each_device_is_diagnosed_in_turn() -> None:
    devices: list[str] = []

    async def note(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        devices.append(settings.device)
        await run_worker(settings, on_event)

    request = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), train_samples=1000)
    out = io.StringIO()
    diagnose(request, out, io.StringIO(), run_worker=note, form=Form.JSON)
    jobs = json.loads(out.getvalue())["jobs"]
    assert [job["device"] for job in jobs] == ["cpu", "cuda:0"]
    assert devices == sorted(devices)
    assert all(job["diagnosis"] for job in jobs)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request(workloads=("mlp",), batch_sizes=(32, 64)), "several of: batch size"),
        (Request(workloads=("mlp",), workers=(0, 2)), "several of: workers"),
        (Request(workloads=("mlp", "cnn5")), "several of: workload"),
        (
            Request(workloads=("mlp",), precisions=(Precision.FP32, Precision.BF16)),
            "several of: precision",
        ),
        (Request(workloads=("mlp",), order=Order.TOGETHER), "leave --order out"),
        (Request(workloads=("mlp",), baseline="cpu"), "leave --baseline out"),
        (Request(workloads=("mlp",), time_budget_s=9.0), "leave --time-budget out"),
        (Request(workloads=("mlp",), within_pct=2.0), "leave --within out"),
        (Request(workloads=("mlp",), layers=True), "leave --layers out"),
        (Request(workloads=("mlp",), trials=2), "at least --trials 3"),
        (Request(workloads=("matmul",)), "no pipeline"),
        (Request(workloads=("mlp",), variants=(Variant.IDEAL,)), "no input to diagnose"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_in_words(request_: Request, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        diagnosed(request_)


def test_a_stop_prints_what_was_found_so_far() -> None:
    runs = 0

    async def stopped(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        nonlocal runs
        runs += 1
        if runs == 6:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(5)
        await run_worker(settings, on_event)

    status, text, err = diagnosed(run_worker=stopped)
    assert status == 128 + signal.SIGINT
    assert "samples/s" in text
    assert "saved as comparison" in err


def test_a_stop_before_any_run_says_so() -> None:
    async def stopped(_settings: JobSettings, _on_event: Callable[[Event], None]) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(5)

    status, text, _ = diagnosed(run_worker=stopped)
    assert status == 128 + signal.SIGINT
    assert text.startswith("cpu: not diagnosed")


def test_a_job_that_fails_says_why_and_the_status_is_1() -> None:
    async def failing(_settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        on_event(JobFailed(error=ErrorKind.DATA_MISSING, message="No \x1b[31mdata.", remedy="Get."))
        on_event(WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1.0))

    status, text, _ = diagnosed(run_worker=failing)
    assert status == 1
    assert "data." in text
    assert "\x1b" not in text


def test_the_runs_are_kept_unless_that_is_not_wanted() -> None:
    diagnosed(is_kept=False)
    assert kept() == []
    _, _, err = diagnosed()
    assert kept()[-1].plan.diagnosed is not None
    assert f"saved as comparison {len(kept())}" in err


def test_a_past_diagnosis_is_shown_with_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = diagnosed()
    assert run(["history", "show", str(len(kept()))]) == 0
    shown = capsys.readouterr().out
    sentence = text.split("\n\n")[0].replace("\n", " ")
    assert sentence in shown.replace("\n", " ")
    assert "The pipeline" in shown
    assert "What to change" in shown
