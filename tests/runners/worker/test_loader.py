"""The as-written loader: what its options come to, and that its processes end with the worker."""

from __future__ import annotations

import os
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from runners.events import EpochFinished, EvaluationFinished, JobDone, WorkerEvent
from runners.worker.data import sets
from runners.worker.inputs import make_inputs
from runners.worker.loader import copies_without_waiting, make_loader
from runners.worker.models import RECIPES
from runners.workloads import JobSettings, Probe
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.image_sets import make_set
from tests.fakes.real_worker import PATIENCE_S, RealWorker, own_core

pytestmark = pytest.mark.torch

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("data"), "FashionMNIST")


@pytest.fixture
def settings(root: Path) -> JobSettings:
    return JobSettings(
        workload="mlp-bn",
        device="cpu",
        batch_size=100,
        epochs=2,
        train_samples=400,
        test_samples=100,
        workers=2,
        cores=(own_core(),),
        data=str(root),
    )


def loader_of(settings: JobSettings, device: torch.device = CPU) -> DataLoader[Any]:
    data = sets.load(CATALOGUE["mlp-bn"], RECIPES["mlp-bn"], settings)
    return make_loader(data.train, settings, device, shuffle=True)


def test_without_options_the_loader_is_the_usual_one(settings: JobSettings) -> None:
    loader = loader_of(settings)
    assert loader.num_workers == 2
    assert not loader.persistent_workers
    assert loader.multiprocessing_context is None


def test_options_of_its_processes_reach_them(settings: JobSettings) -> None:
    loader = loader_of(replace(settings, persistent_workers=True, start_method="spawn"))
    assert loader.persistent_workers
    assert loader.multiprocessing_context.get_start_method() == "spawn"


def test_options_of_its_processes_do_nothing_where_there_are_none(settings: JobSettings) -> None:
    alone = replace(settings, workers=0, persistent_workers=True, start_method="spawn")
    loader = loader_of(alone)
    assert not loader.persistent_workers
    assert loader.multiprocessing_context is None
    assert [len(labels) for _, labels in loader] == [100] * 4


@pytest.mark.parametrize(
    ("asked", "device", "workers", "is_pinned"),
    [
        (None, CUDA, 2, True),
        (None, CUDA, 0, False),
        (True, CUDA, 0, True),
        (False, CUDA, 2, False),
        (None, CPU, 2, False),
        (True, CPU, 2, False),
    ],
)
def test_memory_is_locked_for_cuda_alone(
    settings: JobSettings,
    asked: bool | None,
    device: torch.device,
    workers: int,
    is_pinned: bool,
) -> None:
    asked_for = replace(settings, pin_memory=asked, workers=workers)
    assert loader_of(asked_for, device).pin_memory == is_pinned


def test_only_who_asks_for_locked_memory_copies_without_waiting(settings: JobSettings) -> None:
    asked = replace(settings, pin_memory=True)
    assert copies_without_waiting(asked, CUDA)
    assert not copies_without_waiting(settings, CUDA)
    assert not copies_without_waiting(asked, CPU)
    data = sets.load(CATALOGUE["mlp-bn"], RECIPES["mlp-bn"], asked)
    assert not make_inputs(data, RECIPES["mlp-bn"], asked, CPU).non_blocking


@pytest.mark.slow
def test_a_process_that_is_not_forked_loads_the_same(settings: JobSettings) -> None:
    plain = loader_of(replace(settings, workers=0))
    spawned = loader_of(replace(settings, workers=1, start_method="spawn"))
    for (images, labels), (its_images, its_labels) in zip(plain, spawned, strict=True):
        assert torch.equal(images, its_images)
        assert torch.equal(labels, its_labels)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_processes_of_the_fork_server_spare_an_interrupt_and_end_with_the_worker(
    settings: JobSettings,
) -> None:
    endless = replace(
        settings,
        epochs=100_000,
        workers=1,
        persistent_workers=True,
        start_method="forkserver",
        probe=Probe.LOADER,
    )
    with RealWorker(endless) as worker:
        epochs = (e for e in worker.events() if isinstance(e, EpochFinished))
        next(epochs)
        below = descendants(worker.process.pid)
        assert below
        handles = {os.pidfd_open(pid) for pid in below}
        try:
            for pid in below:
                os.kill(pid, signal.SIGINT)
            next(epochs)
            assert not ended_of(handles, within_s=0)
            worker.process.kill()
            left = set(handles)
            while left and (ended := ended_of(left, within_s=PATIENCE_S)):
                left -= ended
            assert not left, "a process outlives its worker"
        finally:
            for handle in handles:
                os.close(handle)
        assert "Traceback" not in worker.errors()


@pytest.mark.slow
def test_processes_that_live_on_do_not_hold_up_a_polite_stop(settings: JobSettings) -> None:
    endless = replace(settings, epochs=100_000, workers=1, persistent_workers=True)
    with RealWorker(endless) as worker:
        events: list[WorkerEvent] = []
        for event in worker.events():
            events.append(event)
            if isinstance(event, EvaluationFinished) and event.epoch == 2:
                worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(PATIENCE_S) == 0
        assert "Traceback" not in worker.errors()
    assert isinstance(events[-1], JobDone)
    assert events[-1].interrupted


def ended_of(handles: set[int], *, within_s: float) -> set[int]:
    """Those that are over; waits until one is, or for so long."""
    return set(select.select(list(handles), [], [], within_s)[0])


def descendants(pid: int) -> list[int]:
    """The processes below one, its own children first."""
    tasks = Path(f"/proc/{pid}/task")
    children = [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]
    return children + [below for child in children for below in descendants(child)]
