"""The worker as a process of its own, as racetop starts it."""

from __future__ import annotations

import os
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    Hello,
    JobDone,
    JobFailed,
    LatencyMeasured,
    ModelReady,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    WorkerEvent,
)
from runners.workloads import JobSettings, Variant
from tests.fakes.image_sets import make_set
from tests.fakes.real_worker import PATIENCE_S, RealWorker, lifecycle, own_core

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SETUP_STAGES = [
    Stage.IMPORT,
    Stage.DEVICE_INIT,
    Stage.DATA_LOAD,
    Stage.PREPROCESS,
    Stage.MODEL_BUILD,
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("data"), "FashionMNIST")


@pytest.fixture
def settings(root: Path) -> JobSettings:
    return JobSettings(
        workload="fashion-cnn",
        device="cpu",
        batch_size=100,
        epochs=2,
        cores=(own_core(),),
        data=str(root),
    )


def expected_lifecycle(epochs: int) -> list[type[WorkerEvent]]:
    stage = [StageStarted, StageFinished]
    epoch = [EpochStarted, EpochFinished, EvaluationFinished]
    return [
        Hello,
        *stage,
        *stage,
        DeviceReady,
        *stage,
        DataReady,
        *stage,
        *stage,
        ModelReady,
        *(epoch * epochs),
        LatencyMeasured,
        JobDone,
    ]


def test_a_job_is_told_from_hello_to_done_in_order(settings: JobSettings) -> None:
    with RealWorker(settings) as worker:
        events = list(worker.events())
        status = worker.process.wait(PATIENCE_S)
        pid, log = worker.process.pid, worker.log().read().decode()
    assert status == 0
    assert lifecycle(events) == expected_lifecycle(epochs=2)
    assert [e.stage for e in events if isinstance(e, StageFinished)] == SETUP_STAGES
    assert [e.seq for e in events] == list(range(len(events)))
    assert events[0] == replace(events[0], pid=pid, cores=settings.cores)  # type: ignore[call-arg]
    assert [e.threads for e in events if isinstance(e, DeviceReady)] == [1]
    assert "epoch 2/2" in log


def test_an_interrupt_keeps_the_epochs_that_are_done_and_no_half_one(
    settings: JobSettings,
) -> None:
    with RealWorker(replace(settings, epochs=100_000)) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, EvaluationFinished) and event.epoch == 3:
                worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
    done = events[-1]
    assert isinstance(done, JobDone)
    assert done.interrupted
    epochs = [e for e in events if isinstance(e, EpochFinished)]
    assert len(epochs) >= 3
    assert {(e.samples, e.steps) for e in epochs} == {(600, 6)}
    assert not any(isinstance(e, LatencyMeasured | JobFailed) for e in events)


def test_an_interrupt_while_data_is_made_ends_it_there(
    settings: JobSettings, tmp_path: Path
) -> None:
    with RealWorker(replace(settings, data="generated", cache_dir=str(tmp_path))) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, StageStarted) and event.stage is Stage.DATA_LOAD:
                worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
    assert lifecycle(events)[-2:] == [StageStarted, JobDone]
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_an_interrupt_of_the_whole_group_spares_the_loader_processes(
    settings: JobSettings,
) -> None:
    with RealWorker(replace(settings, epochs=100_000, workers=1)) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, EvaluationFinished) and event.epoch == 1:
                os.killpg(worker.process.pid, signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
        assert "Traceback" not in worker.errors()
    assert isinstance(events[-1], JobDone)
    assert events[-1].interrupted


def test_a_termination_ends_it_at_once(settings: JobSettings) -> None:
    with RealWorker(replace(settings, epochs=100_000)) as worker:
        next(e for e in worker.events() if isinstance(e, EpochFinished))
        worker.process.terminate()
        assert worker.process.wait(PATIENCE_S) == -signal.SIGTERM


def test_it_ends_when_racetop_is_gone(settings: JobSettings) -> None:
    with RealWorker(replace(settings, epochs=100_000)) as worker:
        next(e for e in worker.events() if isinstance(e, EpochFinished))
        worker.abandon()
        assert worker.process.wait(PATIENCE_S) == -signal.SIGKILL


def test_a_reader_that_stalls_does_not_hold_up_the_training(settings: JobSettings) -> None:
    with RealWorker(replace(settings, epochs=5), channel_is_full=True) as worker:
        for line in worker.log():
            if b"epoch 5/5" in line:
                break
        events = list(worker.events())
        assert worker.process.wait(PATIENCE_S) == 0
    assert lifecycle(events) == expected_lifecycle(epochs=5)


@pytest.mark.skipif(sys.platform != "linux", reason="death signals are Linux's")
def test_its_loader_process_ends_with_it(settings: JobSettings, tmp_path: Path) -> None:
    large = make_set(tmp_path, "FashionMNIST", train=20_000)
    busy = replace(settings, data=str(large), batch_size=4, workers=1)
    with RealWorker(busy) as worker:
        next(e for e in worker.events() if isinstance(e, StepProgress))
        pid = worker.process.pid
        (loader,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        handle = os.pidfd_open(int(loader))
        try:
            worker.process.kill()
            ended, _, _ = select.select([handle], [], [], PATIENCE_S)
        finally:
            os.close(handle)
    assert ended


def test_two_workers_may_make_the_same_data_at_once(settings: JobSettings, tmp_path: Path) -> None:
    made = replace(
        settings,
        data="generated",
        cache_dir=str(tmp_path / "cache"),
        epochs=1,
        variant=Variant.TUNED,
        train_samples=1000,
        test_samples=1000,
    )
    with RealWorker(made) as one, RealWorker(made) as two:
        told = [list(worker.events()) for worker in (one, two)]
    losses = [[e.train_loss for e in events if isinstance(e, EpochFinished)] for events in told]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 1
    sources = [e.source for events in told for e in events if isinstance(e, DataReady)]
    assert sources == ["generated", "generated"]
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(files) == 4
