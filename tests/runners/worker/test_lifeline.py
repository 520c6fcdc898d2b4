"""What ties a loader process to its worker, however it was started; torch has no part in that."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.real_worker import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="waits by pidfd")

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(params=["fork", "spawn", "forkserver"])
def worker(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A process that started one as a loader does."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.tied_process", request.param],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def loader_of(worker: subprocess.Popen[str]) -> int:
    assert worker.stdout is not None
    return int(worker.stdout.readline())


def test_an_interrupt_is_left_to_the_worker(worker: subprocess.Popen[str]) -> None:
    pid = loader_of(worker)
    os.kill(pid, signal.SIGINT)
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    assert loader_of(worker) == pid


def test_a_loader_process_ends_with_its_worker(worker: subprocess.Popen[str]) -> None:
    handle = os.pidfd_open(loader_of(worker))
    try:
        worker.kill()
        assert select.select([handle], [], [], PATIENCE_S)[0]
    finally:
        os.close(handle)
