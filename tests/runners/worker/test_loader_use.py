from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from runners.events import LoaderUse
from runners.worker.loader_use import LoaderWatch, memory_bytes
from tests.fakes.files import write_files

pytestmark = pytest.mark.torch

ROLLUP = "55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss: {} kB\nPss_Dirty: 7 kB\n"


def samples() -> TensorDataset:
    return TensorDataset(torch.zeros(8, 1))


def plant(root: Path, sizes_kib: dict[int, int]) -> Path:
    files = {f"{pid}/smaps_rollup": ROLLUP.format(kib) for pid, kib in sizes_kib.items()}
    return write_files(root, files)


def test_the_memory_of_processes_is_their_proportional_share(tmp_path: Path) -> None:
    assert memory_bytes([20, 21], plant(tmp_path, {20: 100, 21: 300})) == 400 * 1024


def test_memory_that_one_of_them_does_not_tell_is_unknown(tmp_path: Path) -> None:
    plant(tmp_path, {20: 100})
    write_files(tmp_path, {"21/smaps_rollup": "", "22/smaps_rollup": "Pss: many kB"})
    assert [memory_bytes([20, pid], tmp_path) for pid in (21, 22, 23)] == [None] * 3
    assert memory_bytes([], tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_real_process_has_some_memory() -> None:
    found = memory_bytes([os.getpid()])
    assert found is not None
    assert 1 << 20 < found < 1 << 40


class Steps:
    """A count that grows by one each time it is asked for."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self.asked = 0

    def __call__(self) -> int:
        self.asked = next(self._count)
        return self.asked


def watch_of(steps: Steps, root: Path) -> LoaderWatch:
    return LoaderWatch(2, "fork", steps, pids=lambda: [20, 21], folder=root, ask_every_s=0.001)


def epoch_until(watch: LoaderWatch, steps: Steps, count: int) -> None:
    """An epoch that is over when the steps were asked for so often."""
    with watch.epoch():
        while steps.asked < count:
            pass


def test_the_memory_is_seen_once_each_process_has_handed_over_a_batch(tmp_path: Path) -> None:
    steps = Steps()
    watch = watch_of(steps, plant(tmp_path, {20: 100, 21: 300}))
    epoch_until(watch, steps, 2)
    expected = LoaderUse(processes=2, start_method="fork", cpu_s=1.5, memory_bytes=400 * 1024)
    assert watch.use(1.5) == expected
    # It is asked for no more.
    with watch.epoch():
        pass
    assert steps.asked == 2
    assert watch.use(1.5) == expected


def test_an_epoch_that_is_over_before_leaves_the_memory_unknown(tmp_path: Path) -> None:
    watch = watch_of(Steps(), plant(tmp_path, {20: 100, 21: 300}))
    watch._ask_every_s = 60.0
    with watch.epoch():
        pass
    assert watch.use(None) == LoaderUse(processes=2, start_method="fork")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_loader_with_processes_is_watched_and_tells_how_they_start(method: str) -> None:
    loader = DataLoader(samples(), num_workers=1, multiprocessing_context=method)
    watch = LoaderWatch.of(loader, lambda: 0)
    assert watch is not None
    assert watch.use(None) == LoaderUse(processes=1, start_method=method)


def test_a_loader_of_no_method_starts_processes_in_the_usual_way() -> None:
    watch = LoaderWatch.of(DataLoader(samples(), num_workers=1), lambda: 0)
    assert watch is not None
    assert watch.use(None).start_method == multiprocessing.get_start_method()


def test_what_has_no_processes_is_not_watched() -> None:
    assert LoaderWatch.of(DataLoader(samples()), lambda: 0) is None
    assert LoaderWatch.of([torch.zeros(1)], lambda: 0) is None
