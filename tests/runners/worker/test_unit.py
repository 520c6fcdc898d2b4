from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from runners.events import EpochFinished, LoaderUse
from runners.worker import unit
from runners.worker.devices import Device
from runners.worker.loader_use import LoaderWatch
from runners.worker.timing import HostTimer
from runners.worker.unit import time_unit

pytestmark = pytest.mark.torch

BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"


def measured(*, is_watched: bool, timer: HostTimer | None = None) -> EpochFinished:
    """A unit of two steps, each of which waits for a child that keeps a core busy for 0.2 s."""

    def work() -> None:
        steps = [0, 1]
        for _ in timer.batches(steps) if timer else steps:
            subprocess.run([sys.executable, "-c", BUSY], check=True)

    return time_unit(
        Device(torch.device("cpu")),
        work,
        epoch=1,
        samples=2,
        steps=2,
        is_watched=is_watched,
        timer=timer,
        loader=LoaderWatch(1, "fork", lambda: 0),
    )


def test_a_unit_tells_its_time_that_of_its_processes_and_more_if_it_is_watched() -> None:
    done = measured(is_watched=True, timer=HostTimer())
    assert done.process_s is not None
    assert done.process_s >= 0.4
    assert done.epoch_s >= 0.4
    assert done.phases.data_wait_s is not None
    assert done.first_wait_s is not None
    assert done.step_times is not None
    assert isinstance(done.loader, LoaderUse)
    assert done.loader.cpu_s is not None
    assert 0.4 <= done.loader.cpu_s <= done.process_s
    if sys.platform == "linux":
        assert done.core_wait_s is None or 0 <= done.core_wait_s <= done.epoch_s + 1.0


def test_unwatched_it_tells_time_and_memory_and_nothing_else() -> None:
    done = measured(is_watched=False)
    assert done.process_s is not None
    assert done.process_s >= 0.4
    assert done.phases.total_s() is None
    assert (done.first_wait_s, done.step_times) == (None, None)
    assert (done.core_wait_s, done.loader) == (None, None)


def test_cpu_time_is_unknown_where_that_of_living_processes_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit, "children_s", lambda: None)
    done = measured(is_watched=True)
    assert done.process_s is None
    assert done.loader == LoaderUse(processes=1, start_method="fork")
