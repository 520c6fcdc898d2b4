"""Calls, micro tasks and layers, each by a worker in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runners.events import (
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Hello,
    JobDone,
    LatencyMeasured,
    LayersMeasured,
    Stage,
    StageFinished,
    StageStarted,
    WorkerEvent,
)
from runners.workloads import JobSettings
from tests.fakes.image_sets import make_image_folder, make_set
from tests.fakes.real_worker import (
    PATIENCE_S,
    RealWorker,
    broken_library,
    failure,
    lifecycle,
    own_core,
)

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


@pytest.fixture(scope="module")
def color_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_folder(tmp_path_factory.mktemp("images") / "root")


def test_a_micro_task_is_told_call_by_call_and_needs_no_torchvision(tmp_path: Path) -> None:
    environment = broken_library(tmp_path, "torchvision", "RuntimeError('nms does not exist')")
    settings = JobSettings(workload="matmul", device="cpu", batch_size=1, epochs=2, threads=1)
    with RealWorker(settings, environment=environment) as worker:
        events = list(worker.events())
        assert worker.process.wait(PATIENCE_S) == 0
    stage = [StageStarted, StageFinished]
    call = [EpochStarted, EpochFinished]
    assert lifecycle(events) == [Hello, *stage, *stage, DeviceReady, *stage, *call, *call, JobDone]
    stages = [e.stage for e in events if isinstance(e, StageFinished)]
    assert stages == [Stage.IMPORT, Stage.DEVICE_INIT, Stage.PREPROCESS]
    times = [(e.epoch_s, e.process_s) for e in events if isinstance(e, EpochFinished)]
    assert all(wall_s > 0 and process_s for wall_s, process_s in times)


@pytest.mark.parametrize("name", ["resize", "inference"])
def test_a_micro_task_that_needs_torchvision_says_so(tmp_path: Path, name: str) -> None:
    environment = broken_library(tmp_path, "torchvision", "RuntimeError('nms does not exist')")
    settings = JobSettings(workload=name, device="cpu", batch_size=1, epochs=2, threads=1)
    failed, status = failure(settings, environment)
    assert (failed.error, status) == (ErrorKind.TORCHVISION_MISMATCH, 1)


@pytest.mark.parametrize("name", ["matmul", "resnet63"])
def test_an_interrupt_between_calls_keeps_those_that_are_done(
    settings: JobSettings, color_set: Path, name: str
) -> None:
    calls = replace(
        settings, workload=name, batch_size=1, epochs=100_000, data=str(color_set), test_samples=1
    )
    with RealWorker(calls) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, EpochFinished) and event.epoch == 2:
                worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
    assert isinstance(events[-1], JobDone)
    assert events[-1].interrupted
    calls_done = [e.epoch for e in events if isinstance(e, EpochFinished)]
    assert calls_done == list(range(1, len(calls_done) + 1))
    assert len(calls_done) >= 2
    assert not any(isinstance(e, EvaluationFinished | LatencyMeasured) for e in events)


def test_layers_are_timed_last_cold_and_warm(settings: JobSettings) -> None:
    with RealWorker(replace(settings, epochs=1, layers=True)) as worker:
        events = list(worker.events())
        assert worker.process.wait(PATIENCE_S) == 0
    assert lifecycle(events)[-3:] == [LatencyMeasured, LayersMeasured, JobDone]
    (measured,) = [e for e in events if isinstance(e, LayersMeasured)]
    assert measured.batch_size == 1
    convolutions = [layer for layer in measured.layers if layer.layer == "Conv2d"]
    assert [layer.name for layer in convolutions] == ["0", "3"]
    assert all(len(layer.warm_ms) == 20 for layer in convolutions)


def test_an_interrupt_while_layers_are_timed_ends_both_processes(settings: JobSettings) -> None:
    with RealWorker(replace(settings, epochs=1, layers=True)) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, LatencyMeasured):
                worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
    assert isinstance(events[-1], JobDone)
    assert events[-1].interrupted
    assert not any(isinstance(e, LayersMeasured) for e in events)


def test_a_process_that_cannot_time_layers_says_why_in_a_line(settings: JobSettings) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "runners.worker", "--layers"),
            json.dumps(replace(settings, device="cuda:0").to_wire()),
        ],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert len(ended.stderr.splitlines()) == 1
    assert b"CUDA" in ended.stderr
