"""What a worker in a process of its own says before it gives up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.events import (
    CHANNEL_VARIABLE,
    CONTROL_VARIABLE,
    ErrorKind,
)
from runners.workloads import JobSettings
from tests.fakes.image_sets import make_set
from tests.fakes.real_worker import PATIENCE_S, broken_library, failure, own_core

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture
def settings(tmp_path: Path) -> JobSettings:
    return JobSettings(
        workload="fashion-cnn",
        device="cpu",
        batch_size=100,
        epochs=2,
        cores=(own_core(),),
        data=str(make_set(tmp_path / "data", "FashionMNIST")),
    )


def test_a_missing_folder_is_told_with_its_remedy(settings: JobSettings) -> None:
    failed, status = failure(replace(settings, data="/nowhere"))
    assert (failed.error, status) == (ErrorKind.DATA_MISSING, 1)
    assert failed.message == "There is no folder /nowhere."
    assert failed.remedy


def test_cuda_that_is_not_there_is_told_with_its_remedy(settings: JobSettings) -> None:
    failed, status = failure(
        replace(settings, device="cuda:0"), environment={"CUDA_VISIBLE_DEVICES": ""}
    )
    assert (failed.error, status) == (ErrorKind.DEVICE_MISSING, 1)
    assert failed.remedy


def test_an_exception_is_told_with_its_traceback(settings: JobSettings) -> None:
    failed, status = failure(replace(settings, batch_size=-1))
    assert (failed.error, status) == (ErrorKind.EXCEPTION, 1)
    assert "batch_size" in failed.message
    assert "Traceback" in (failed.traceback or "")


@pytest.mark.parametrize(
    ("module", "raises", "kind", "message"),
    [
        (
            "torch",
            "ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
            ErrorKind.TORCH_MISSING,
            "torch is not installed",
        ),
        (
            "torch",
            "OSError('libcudart.so.13: cannot open shared object file')",
            ErrorKind.TORCH_MISSING,
            "does not load: libcudart.so.13",
        ),
        (
            "torchvision",
            "ModuleNotFoundError(\"No module named 'torchvision'\", name='torchvision')",
            ErrorKind.TORCHVISION_MISMATCH,
            "torchvision is not installed",
        ),
        (
            "torchvision",
            "RuntimeError('operator torchvision::nms does not exist')",
            ErrorKind.TORCHVISION_MISMATCH,
            "does not fit torch",
        ),
    ],
)
def test_a_broken_library_is_told_with_its_remedy(
    settings: JobSettings,
    tmp_path: Path,
    module: str,
    raises: str,
    kind: ErrorKind,
    message: str,
) -> None:
    environment = broken_library(tmp_path, module, raises)
    failed, status = failure(settings, environment)
    assert (failed.error, status) == (kind, 1)
    assert message in failed.message
    assert "pip install" in (failed.remedy or "")
    found = probe(environment)
    assert found["problems"][-1]["part"] == module
    assert message in found["problems"][-1]["what"]
    assert "pip install" in found["problems"][-1]["remedy"]
    assert (found["devices"] == []) == (module == "torch")


def probe(environment: dict[str, str]) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "runners.worker", "--probe"],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert b"Traceback" not in ended.stderr
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    return found


def test_the_probe_tells_versions_devices_and_what_is_missing() -> None:
    found = probe({"CUDA_VISIBLE_DEVICES": ""})
    assert found["torch"]
    assert found["torchvision"]
    assert found["devices"][0]["device"] == "cpu"
    assert found["devices"][0]["name"]
    assert all(problem["what"] and problem["remedy"] for problem in found["problems"])


@pytest.mark.parametrize("arguments", [[], ["{}"], ["not json"]])
def test_started_by_hand_it_says_how_it_is_meant_to_be_started(arguments: list[str]) -> None:
    environment = dict(os.environ)
    environment.pop(CHANNEL_VARIABLE, None)
    environment.pop(CONTROL_VARIABLE, None)
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "runners.worker", *arguments],
        env=environment,
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 2
    assert b"racetop compare" in ended.stderr
    assert b"Traceback" not in ended.stderr
