"""The memory in which loader processes hand over batches."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from runners.events import ErrorKind, Event, JobFailed, WarningRaised
from runners.launching.launch import run_worker, worker_command
from runners.worker.data.images import ColorImages
from runners.worker.data.sets import DataSet
from runners.worker.data.text import Windows
from runners.worker.shared_memory import free_bytes, needed_bytes, shortage
from runners.workloads import JobSettings, Variant
from tests.fakes.image_sets import make_set

pytestmark = pytest.mark.torch

SETTINGS = JobSettings(
    workload="cifar-resnet18", device="cpu", batch_size=10, epochs=1, workers=3, start_method="fork"
)
SAMPLE_BYTES = 1_000 * 4 + 8


def images(samples: int) -> ColorImages:
    """Images whose transform makes a thousand numbers of each."""
    pixels = torch.zeros(samples, 2, 2, 3, dtype=torch.uint8)
    return ColorImages(pixels, [0] * samples, lambda _: torch.zeros(1_000))


def data(samples: int = 1_000) -> DataSet:
    return DataSet(
        train=images(samples),
        test=images(1),
        source="generated",
        name="CIFAR10",
        root=Path(),
        warnings=(),
        train_in_set=samples,
    )


def test_two_batches_for_each_process_and_two_in_the_loop_are_under_way() -> None:
    assert needed_bytes(data(), SETTINGS) == (2 * 3 + 2) * 10 * SAMPLE_BYTES


def test_no_more_than_all_samples_are_under_way() -> None:
    assert needed_bytes(data(samples=15), SETTINGS) == 15 * SAMPLE_BYTES


@pytest.mark.parametrize("changes", [{"workers": 0}, {"variant": Variant.TUNED}])
def test_without_loader_processes_none_is_needed(changes: dict[str, int | Variant]) -> None:
    assert needed_bytes(data(), replace(SETTINGS, **changes)) == 0  # type: ignore[arg-type]


def test_a_set_in_tensors_is_sent_to_processes_that_are_not_forked() -> None:
    text = torch.zeros(101, dtype=torch.uint8)
    windows = replace(data(), train=Windows(text, 10), test=Windows(text[:51], 10))
    forked = needed_bytes(windows, SETTINGS)
    assert forked == 10 * 2 * 10 * 8
    assert needed_bytes(windows, replace(SETTINGS, start_method="spawn")) == forked + 2 * 101


def test_too_little_is_told_ahead_with_what_to_do() -> None:
    needed = needed_bytes(data(), SETTINGS)
    assert shortage(data(), SETTINGS, needed) is None
    assert shortage(data(), SETTINGS, None) is None
    text = shortage(data(), SETTINGS, 64 * 1024) or ""
    assert "may need 0.3 MiB of shared memory, and /dev/shm has 0.1 MiB free" in text
    assert "--workers" in text
    assert "--shm-size=1g" in text
    huge = shortage(data(), replace(SETTINGS, batch_size=1_000, workers=1_000), 64 * 1024) or ""
    assert "--shm-size=1g" in huge


def test_a_system_without_such_a_folder_is_unknown(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "shm") is None
    assert (free_bytes(tmp_path) or 0) > 0


OWN_SHARED_MEMORY = ("unshare", "-m", "sh", "-c")
MOUNT = "mount -t tmpfs -o size=512k tmpfs /dev/shm"


@pytest.fixture
def in_little_shared_memory() -> tuple[str, ...]:
    """What starts a program that has 512 KiB of shared memory to itself."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here to give a process a /dev/shm of its own")
    tried = subprocess.run([*OWN_SHARED_MEMORY, MOUNT], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("may not give a process a /dev/shm of its own (not root?)")
    return (*OWN_SHARED_MEMORY, f'{MOUNT} && exec "$@"', "sh")


@pytest.mark.slow
async def test_where_it_runs_out_that_was_told_ahead_and_is_told_by_its_name(
    in_little_shared_memory: tuple[str, ...], tmp_path: Path
) -> None:
    settings = JobSettings(
        workload="mlp-bn",
        device="cpu",
        batch_size=100,
        epochs=1,
        workers=2,
        data=str(make_set(tmp_path, "FashionMNIST")),
    )
    events: list[Event] = []
    command = (*in_little_shared_memory, *worker_command())
    await run_worker(settings, events.append, command=command)
    (warning,) = [event.text for event in events if isinstance(event, WarningRaised)]
    assert "/dev/shm has 0.5 MiB free" in warning
    (failed,) = [event for event in events if isinstance(event, JobFailed)]
    assert failed.error is ErrorKind.SHARED_MEMORY
    assert failed.message == (
        "The 2 loader processes ran out of shared memory (/dev/shm) at batch size 100."
    )
