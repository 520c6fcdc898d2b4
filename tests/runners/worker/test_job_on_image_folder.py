"""Whole jobs in this process on an image folder."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from runners.events import DataReady, EpochFinished, ErrorKind, WorkerEvent
from runners.events.wire import decode
from runners.worker import job
from runners.worker.channel import EventChannel
from runners.worker.errors import WorkerError, failure_of
from runners.worker.inputs import make_inputs
from runners.worker.models import RECIPES
from runners.worker.stop import Stop
from runners.workloads import Variant
from tests.fakes.image_sets import make_image_folder
from tests.fakes.jobs import load, settings_of

pytestmark = pytest.mark.torch

NAME = "cifar-resnet18"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_folder(tmp_path_factory.mktemp("images"), train=12, suffix="jpg")


def run(**settings: Any) -> list[WorkerEvent]:
    read_fd, write_fd = os.pipe()
    channel = EventChannel(write_fd)
    try:
        job.run(settings_of(NAME, batch_size=40, threads=1, **settings), channel, Stop())
    finally:
        channel.close()
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as stream:
            events = [decode(line) for line in stream]
    return events


@pytest.mark.parametrize(
    ("variant", "workers"), [(Variant.AS_WRITTEN, 1), (Variant.TUNED, 0), (Variant.IDEAL, 0)]
)
def test_every_variant_trains_on_all_of_it(
    root: Path, tmp_path: Path, variant: Variant, workers: int
) -> None:
    events = run(data=root, cache_dir=tmp_path, variant=variant, workers=workers)
    (data,) = [event for event in events if isinstance(event, DataReady)]
    assert (data.source, data.path, data.train_samples) == ("real", str(root), 120)
    (epoch,) = [event for event in events if isinstance(event, EpochFinished)]
    assert (epoch.samples, epoch.steps) == (120, 3)
    assert epoch.train_loss is not None
    assert epoch.train_loss > 0


def test_a_broken_image_ends_it_with_the_name_of_the_file(tmp_path: Path) -> None:
    root = make_image_folder(tmp_path)
    path = root / "train" / "cat" / "0000.png"
    path.write_bytes(b"broken")
    with pytest.raises(WorkerError) as caught:
        run(data=root)
    failed = failure_of(caught.value, settings_of(NAME))
    assert failed.error is ErrorKind.DATA_MISSING
    assert str(path) in failed.message
    assert failed.traceback is None


def test_tuned_batches_come_many_times_faster_than_decoding_each_item(root: Path) -> None:
    def seconds_of(variant: Variant) -> float:
        data = load(NAME, data=root, variant=variant)
        settings = settings_of(NAME, variant=variant, batch_size=40)
        inputs = make_inputs(data, RECIPES[NAME], settings, torch.device("cpu"))
        passes = []
        for _ in range(5):
            start_s = time.perf_counter()
            assert sum(len(labels) for _, labels in inputs.train) == 120
            passes.append(time.perf_counter() - start_s)
        return min(passes)

    assert seconds_of(Variant.AS_WRITTEN) > 5 * seconds_of(Variant.TUNED)
