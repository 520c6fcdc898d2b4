"""`racetop compare` as people start it, with the real worker on generated data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
SMALL = ("--data", "generated", "--epochs", "2", "--train-samples", "2000", "--test-samples", "500")


def racetop(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_race_on_the_cpu_gives_figures_for_both_variants(home: Path) -> None:
    variants = ("--devices", "cpu", "--variant", "as-written,tuned")
    done = racetop(home, "compare", "fashion-cnn", *variants, *SMALL, "--json")
    report = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert report["schema"] == "racetop.comparison/1"
    assert report["data"]["source"] == "generated"
    assert report["versions"]["torch"]
    assert report["machine"]["host"]["hostname"]
    assert len(report["ratios"]) == 1
    for job in report["jobs"]:
        assert job["status"] == "done"
        assert [epoch["samples"] for epoch in job["epochs"]] == [2000, 2000]
        assert job["steady_epoch_s"] > 0
        assert job["peak_memory_bytes"] > 0
        assert job["setup"]["import_s"] > 0
        phases = job["epochs"][1]["phases"]
        assert sum(phases.values()) == pytest.approx(job["epochs"][1]["epoch_s"])
        assert 0 <= phases["data_wait_s"] < job["epochs"][1]["epoch_s"]


def test_a_missing_gpu_fails_its_lane_and_the_other_is_printed(home: Path) -> None:
    devices = ("--devices", "cpu,cuda:7")
    done = racetop(home, "compare", "mlp", *devices, *SMALL)
    cpu, gpu = (line.split() for line in done.stdout.splitlines()[3:5])

    assert done.returncode == 1, done.stderr
    assert cpu[:2] == ["cpu", "done"]
    assert "n/a" not in cpu
    assert gpu[:2] == ["cuda:7", "failed"]
    assert "cuda:7 failed: " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "no-such-workload"),
        ("compare", "mlp", "--devices", "gpu"),
        ("compare", "mlp", "--data", "/nonexistent"),
        ("compare", "mlp", "--epochs", "0"),
    ],
)
def test_wrong_usage_is_told_with_status_2(home: Path, arguments: tuple[str, ...]) -> None:
    done = racetop(home, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr
    assert "Traceback" not in done.stderr
