"""The whole path from a driver that holds a card's clocks to the report of an epoch.

Readings are real time's: a busy machine looks too late at an epoch's ends to know its energy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.simulated_nvml import REPOSITORY, build, needs_simulator

pytestmark = [*needs_simulator, pytest.mark.alone]

HEATED = REPOSITORY / "tests" / "fakes" / "heated.py"


def test_an_epoch_that_heat_slowed_says_so_and_the_one_before_does_not(tmp_path: Path) -> None:
    library, start = build(tmp_path), str(time.time())
    scenario = [
        f"epoch {start}",
        "gpus 2",
        "model h100",
        "uuid GPU-hot gpu=1",
        "load const max=95",
        "throttle hw_thermal,hw_slowdown from=6.3 gpu=1",
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HEATED), "GPU-hot", start],
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(library),
            "PYTHONPATH": str(REPOSITORY),
            "NVMLSIM_SET": ";".join(scenario),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(done.stdout)["jobs"]
    cool, hot = (epoch["machine"] for epoch in job["epochs"])

    assert cool["slowed"] is None
    assert hot["slowed"].startswith("slowed by hw-thermal for ")
    assert hot["slowed"].endswith("of 1,980 MHz")
    assert hot["clock_limit_s"]["hw-thermal"] > 2
    assert hot["sm_clock_mhz"] < 0.6 * cool["sm_clock_mhz"]
    assert hot["temperature_c"] > cool["temperature_c"]
    for machine in (cool, hot):
        assert machine["energy_source"] == "gpu counter"
        assert machine["energy_j"] == pytest.approx(3 * machine["power_w"], rel=0.15)
        assert machine["gpu_busy_pct"] == 95
