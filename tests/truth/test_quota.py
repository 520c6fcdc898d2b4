"""A control group's quota that holds a training back is named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes.real_diagnosis import TRIAL_S, control_group, in_group

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
ARGUMENTS = ("diagnose", "fashion-cnn", "--devices", "cpu", "--trial-seconds", f"{TRIAL_S}")


@pytest.fixture
def half_a_core() -> Iterator[Path]:
    """The list of processes of a control group that may use half a core."""
    with ExitStack() as ended:
        try:
            processes = ended.enter_context(control_group(0.5))
        except OSError as error:
            pytest.skip(f"no control group with a quota can be made here: {error}")
        yield processes


def test_a_quota_below_what_the_training_uses_is_named(
    sets: Path, tmp_path: Path, half_a_core: Path
) -> None:
    options = ("--data", str(sets), "--json", "--trials", "3")
    done = subprocess.run(
        in_group(half_a_core, sys.executable, "-m", "tui", *ARGUMENTS, *options),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(done.stdout)["jobs"]
    found = job["diagnosis"]
    assert found["class"] == "contended", (found["contended_share"], found["evidence"])
    assert found["contended_share"]["value"] == pytest.approx(0.5, abs=0.2)
    assert "quota" in found["sentence"]
