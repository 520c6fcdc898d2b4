"""The check as a whole, on the CPU and without what a GPU machine need not have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.findings import Setting, Status, StepResult
from benchmarks.gpu.summary import REHEARSAL
from benchmarks.gpu_check import SCHEMA, STEPS, write_results
from runners.events.wire import decode

REPOSITORY = Path(__file__).parents[2]
NOT_THERE = ("textual", "plotext", "platformdirs", "rich")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which the modules of the screen cannot be imported."""
    folder = tmp_path / "blocked"
    folder.mkdir()
    for name in NOT_THERE:
        text = f"raise ModuleNotFoundError('{name} is not there', name='{name}')\n"
        (folder / f"{name}.py").write_text(text)
    return {**os.environ, "PYTHONPATH": str(folder)}


def run(*options: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_check", *options],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=460,
        check=False,
    )


def results(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / "results.json").read_text())
    return document


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_results_are_written_after_each_step(tmp_path: Path) -> None:
    setting = Setting(device="cuda:0", out=tmp_path, cache=tmp_path)
    first = StepResult(name="a", status=Status.PASSED, numbers={"machine": {"cpu": "x"}})
    write_results([first], setting)
    second = StepResult(name="b", status=Status.NOT_RUN, error="no time")
    write_results([first, second], setting)
    document = results(tmp_path)
    assert document["schema"] == SCHEMA
    assert document["machine"] == {"cpu": "x"}
    assert [step["status"] for step in document["steps"]] == ["passed", "not-run"]
    assert document["passed"] is False
    assert "no time" in (tmp_path / "summary.md").read_text()


def test_without_time_nothing_is_run_and_that_is_said(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "out"
    done = run("--device", "cpu", "--budget", "0", "--out", str(out), environment=environment)
    assert done.returncode == 1
    assert {step["status"] for step in results(out)["steps"]} == {"not-run"}
    assert len(results(out)["steps"]) == len(STEPS)
    assert REHEARSAL in done.stdout


@pytest.mark.torch
@pytest.mark.slow
def test_without_the_gpu_nothing_else_is_tried(tmp_path: Path, environment: dict[str, str]) -> None:
    out = tmp_path / "out"
    environment["CUDA_VISIBLE_DEVICES"] = ""
    environment["OUT"] = str(out)
    done = run(environment=environment)
    assert done.returncode == 1
    first, *others = results(out)["steps"]
    assert first["status"] == "failed"
    assert {step["status"] for step in others} == {"not-run"}
    assert "the device can be used" in done.stdout


@pytest.mark.torch
@pytest.mark.slow
def test_the_rehearsal_runs_every_step_without_the_modules_of_the_screen(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "out"
    done = run("--device", "cpu", "--out", str(out), environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(REHEARSAL)
    document = results(out)
    by_name = {step["name"]: step for step in document["steps"]}
    assert list(by_name) == [step.name for step in STEPS]
    assert document["is_rehearsal"] is True
    assert document["machine"]["versions"]["torch"]
    for name in ("race-side-by-side", "data-wait", "killed-worker", "race-in-turn"):
        assert by_name[name]["status"] == "passed"
    plan, *events = [json.loads(line) for line in lines_of(out / "events.jsonl")]
    assert plan["plan"]["jobs"][0]["settings"]["workload"] == "fashion-cnn"
    said = [decode(json.dumps(line["event"]).encode()).kind for line in events if "event" in line]
    assert set(said[: said.index("hello")]) <= {"stage_started", "stage_finished"}  # The import.
    assert said[-1] == "done"
    readings = [json.loads(line) for line in lines_of(out / "telemetry.jsonl")]
    assert {reading["schema"] for reading in readings} == {"racetop.snapshot/1"}
