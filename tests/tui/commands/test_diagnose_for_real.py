"""`racetop diagnose` as people start it, with the real worker on generated data."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runners.diagnosis.records import Bottleneck

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).parents[3]


def diagnose(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    brief = ("--data", "generated", "--trial-seconds", "0.2", "--trials", "3")
    return subprocess.run(
        [sys.executable, "-m", "tui", "diagnose", *arguments, *brief],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_training_on_the_cpu_is_diagnosed(home: Path) -> None:
    done = diagnose(home, "mlp", "--devices", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (job,) = document["jobs"]
    found = job["diagnosis"]

    assert document["schema"] == "racetop.diagnosis/1"
    assert document["machine"]["host"]["hostname"]
    # Others may use the machine as well, so that any class may be right.
    assert found["class"] in set(Bottleneck)
    assert found["input_samples_per_s"] > 0
    assert found["compute_samples_per_s"] > 0
    assert found["is_complete"]
    assert {run["status"] for run in job["runs"]} <= {"done", "spared"}
    as_it_is, ideal = (sample_s_by_trial(job["runs"], role) for role in ("as written", "ideal"))
    pairs = [(as_it_is[trial], ideal[trial]) for trial in as_it_is.keys() & ideal.keys()]
    stalls = [1 - ideal_s / whole_s for whole_s, ideal_s in pairs]
    assert len(pairs) >= 3
    assert found["stall_share"]["value"] == pytest.approx(statistics.median(stalls))
    gains = [whole_s / ideal_s for whole_s, ideal_s in pairs]
    assert found["predicted_gain"] == pytest.approx(statistics.median(gains))
    speeds = [1 / whole_s for whole_s in as_it_is.values()]
    assert job["samples_per_s"]["value"] == pytest.approx(statistics.median(speeds))


def sample_s_by_trial(runs: list[dict[str, Any]], label: str) -> dict[int, float]:
    """Seconds a sample of the steady epochs of one job's runs, the median of each run."""
    return {
        run["trial"]: statistics.median(e["epoch_s"] / e["samples"] for e in run["epochs"][1:])
        for run in runs
        if run["label"] == label and run["status"] == "done"
    }


def test_a_device_that_is_not_there_is_a_failure_that_says_so(home: Path) -> None:
    done = diagnose(home, "mlp", "--devices", "cuda:7")

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("cuda:7: not diagnosed")
    assert "cuda:7 failed: " in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-workload",),
        ("mlp", "--batch-size", "32,64"),
        ("mlp", "--json", "--markdown"),
        ("matmul",),
    ],
)
def test_wrong_usage_is_told_with_status_2(home: Path, arguments: tuple[str, ...]) -> None:
    done = diagnose(home, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr
