"""What a real worker tells of its loader processes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from runners.events import EpochFinished, JobFailed, LoaderUse
from runners.workloads import JobSettings, Probe
from tests.fakes.image_sets import make_set
from tests.fakes.real_worker import RealWorker

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of living processes")
@pytest.mark.parametrize(
    "options",
    [
        {"persistent_workers": True, "start_method": "fork", "epochs": 2},
        {"start_method": "forkserver", "epochs": 1, "probe": Probe.LOADER},
    ],
)
def test_loader_processes_are_counted_in_each_epoch(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """Some outlast an epoch, and those of the fork server are not the worker's own children."""
    root = make_set(tmp_path, "MNIST", train=8_000, test=20)
    settings = JobSettings(
        workload="mlp",
        device="cpu",
        batch_size=50,
        threads=1,
        workers=1,
        data=str(root),
        **options,
    )
    with RealWorker(settings) as worker:
        events = list(worker.events())
    assert not [event for event in events if isinstance(event, JobFailed)]
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    assert len(epochs) == settings.epochs
    for epoch in epochs:
        use = epoch.loader
        assert isinstance(use, LoaderUse)
        assert (use.processes, use.start_method) == (1, options["start_method"])
        assert use.cpu_s is not None
        assert epoch.process_s is not None
        assert 0.05 < use.cpu_s < epoch.process_s
        assert use.memory_bytes is not None
        assert 10 << 20 < use.memory_bytes < 10 << 30
        assert epoch.core_wait_s is not None
