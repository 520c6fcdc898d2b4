"""The whole path from a driver's library to JSON, with a simulated library.

The simulator lies beside the repository on some machines only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.simulated_nvml import REPOSITORY, SIMULATOR, build, needs_simulator

TOO_NEW_FOR_AN_OLD_DRIVER = ",".join(
    [
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
    ]
)

pytestmark = needs_simulator


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("nvmlsim"))


def take_snapshot(library: Path, scenario: str = "", lines: str = "", **environment: str) -> Any:
    """What `python -m sensors` prints with the simulated driver."""
    environment |= {"LD_LIBRARY_PATH": str(library), "NVMLSIM_SET": lines}
    if scenario:
        environment["NVMLSIM_SCENARIO"] = str(SIMULATOR / "scenarios" / f"{scenario}.scn")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "sensors"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_two_healthy_cards(library: Path) -> None:
    found = take_snapshot(library, "static", NVMLSIM_PIDS=str(os.getpid()))
    assert found["driver"]["state"] == "ok"
    assert [gpu["index"] for gpu in found["gpus"]] == [0, 1]
    for gpu in found["gpus"]:
        unknown = {key for key, value in gpu.items() if value is None}
        # No card of this kind has these.
        lacking = {"memory_temperature_c", "ecc_corrected", "remapped_rows", "mig_enabled"}
        assert lacking <= unknown
        assert not {"busy_pct", "power_w", "energy_j", "temperature_slowdown_c"} & unknown
        # No byte counters there: measured between two looks.
        assert gpu["pcie_rx_bytes_per_s"] > 0
        assert gpu["clock_limit_s"]["power-cap"] >= 0
        nothing = {"state_since_s", "recovery_action", "last_xid_at_s"}
        assert unknown - nothing == set(gpu["unknown"])
    row = found["processes"][0]
    assert (row["pid"], row["gpu_index"]) == (os.getpid(), 0)
    assert row["gpu_memory_bytes"] > 0
    # However the tests were started.
    assert row["command"].startswith(psutil.Process().cmdline()[0])
    assert found["problems"] == []


@pytest.mark.parametrize(
    ("scenario", "state", "words"),
    [
        ("nogpu", "ok", "no GPU"),
        ("nodriver", "no-driver", "not loaded"),
        ("mismatch", "driver-library-mismatch", "updated"),
    ],
)
def test_no_card_to_be_had_is_said_with_a_remedy(
    library: Path, scenario: str, state: str, words: str
) -> None:
    found = take_snapshot(library, scenario)
    assert found["driver"]["state"] == state
    assert found["gpus"] == []
    (problem,) = found["problems"]
    assert words in problem["what"]
    assert problem["remedy"]
    assert found["host"]["cpu_busy_pct"] is not None


def test_failing_functions_take_only_their_own_fields(library: Path) -> None:
    first, second = take_snapshot(library, "errors", "")["gpus"]
    # Told among the field values, whatever its own function says.
    assert first["power_w"] > 0
    assert (first["memory_used_bytes"] is None, second["memory_used_bytes"]) == (False, None)
    for gpu in (first, second):
        assert gpu["state"] == "ok"
        assert gpu["busy_pct"] is not None
        assert gpu["sm_clock_mhz"] > 0


def test_a_lost_card_keeps_its_row(library: Path) -> None:
    found = take_snapshot(library, "", "gpus 3;lost gpu=1")
    assert [gpu["state"] for gpu in found["gpus"]] == ["ok", "lost", "ok"]
    assert found["gpus"][1]["busy_pct"] is None
    assert "GPU 1 is lost" in found["problems"][0]["what"]


def test_heat_and_power_brake_are_named(library: Path) -> None:
    (gpu,) = take_snapshot(library, "throttle", "epoch 0;freeze 20")["gpus"]
    assert {"hw-thermal", "sw-thermal", "hw-slowdown"} <= {x["name"] for x in gpu["clock_limits"]}
    (gpu,) = take_snapshot(library, "throttle", "epoch 0;freeze 45")["gpus"]
    assert {"power-brake", "hw-slowdown"} <= {limit["name"] for limit in gpu["clock_limits"]}


def test_a_card_cut_into_instances_has_no_busy_share(library: Path) -> None:
    found = take_snapshot(library, "mig")
    cut, also_cut, whole = found["gpus"]
    assert (cut["busy_pct"], also_cut["busy_pct"]) == (None, None)
    assert whole["busy_pct"] is not None
    assert cut["unknown"]["busy_pct"] == "MIG is on"
    assert cut["memory_total_bytes"] is not None
    assert [one["profile"] for one in cut["mig_instances"]] == ["1g.10gb"] * 7
    assert [one["profile"] for one in also_cut["mig_instances"]] == [
        "3g.40gb",
        "2g.20gb",
        "1g.10gb",
    ]
    assert (whole["mig_enabled"], whole["mig_instances"]) == (False, [])
    (row,) = [row for row in found["processes"] if row["gpu_index"] == 1]
    assert row["mig_gpu_instance"] == also_cut["mig_instances"][0]["gpu_instance"]


def test_names_to_trip_over_survive(library: Path) -> None:
    names = [gpu["name"] for gpu in take_snapshot(library, "names")["gpus"]]
    assert len(names[0]) == 95
    assert names[1] == "NVIDIA \ufffd\ufffd broken \ufffd"
    assert names[2]
    assert "\x1b[31m" in names[3]
    assert names[4] == "英伟达 🐸 RTX"


def test_sixteen_cards(library: Path) -> None:
    found = take_snapshot(library, "sixteen")
    assert [gpu["index"] for gpu in found["gpus"]] == list(range(16))


def test_a_card_that_shares_the_systems_memory(library: Path) -> None:
    found = take_snapshot(library, "gb10")
    (gpu,) = found["gpus"]
    unknown = ["memory_reserved_bytes", "fan_pct", "power_limit_w", "pcie_width"]
    assert [gpu[key] for key in unknown] == [None] * 4
    assert gpu["busy_pct"] is not None
    assert gpu["memory_is_shared"]
    assert gpu["memory_total_bytes"] == found["host"]["memory_total_bytes"]


def test_a_driver_with_the_delays_of_a_real_one(library: Path) -> None:
    found = take_snapshot(library, "realistic")
    assert len(found["gpus"]) == 2
    assert found["took_s"] < 1


def test_a_driver_that_hangs_costs_a_problem_not_the_host(library: Path) -> None:
    # The first look answers; the next asks for use and gets nothing for a minute.
    found = take_snapshot(library, "", "delay nvmlDeviceGetUtilizationRates 60000 from=0.15")
    assert found["host"]["memory_used_bytes"] > 0
    assert [gpu["state"] for gpu in found["gpus"]] == ["ok"]


def test_an_old_driver_is_asked_by_the_older_names(tmp_path: Path) -> None:
    old = build(tmp_path, TOO_NEW_FOR_AN_OLD_DRIVER)
    found = take_snapshot(old, "static", NVMLSIM_PIDS=str(os.getpid()))
    gpu = found["gpus"][0]
    assert gpu["memory_reserved_bytes"] is None
    assert gpu["memory_used_bytes"] > 0
    assert gpu["temperature_c"] > 0
    assert gpu["clock_limits"] is not None
    assert found["processes"][0]["gpu_memory_bytes"] > 0
