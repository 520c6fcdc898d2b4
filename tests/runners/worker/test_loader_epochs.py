"""What a job tells of its loader processes, real ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from runners.events import EpochFinished, LoaderUse
from runners.worker import job
from runners.worker.stop import Stop
from runners.workloads import JobSettings, Probe
from tests.fakes.image_sets import make_set
from tests.fakes.in_process import events_of, only

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
    """Some outlast an epoch, and those of the fork server are not this process's own children."""
    root = make_set(tmp_path, "MNIST", train=8_000, test=20)
    settings = JobSettings(
        workload="mlp",
        device="cpu",
        batch_size=50,
        workers=1,
        data=str(root),
        **options,
    )
    epochs = only(events_of(lambda channel: job.run(settings, channel, Stop())), EpochFinished)
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
