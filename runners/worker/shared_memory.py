"""Whether the memory in which loader processes hand over their batches is large enough."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.data import Dataset

from runners.worker.data.found import Part
from runners.worker.data.sets import DataSet
from runners.workloads import JobSettings, Variant

_FOLDER = Path("/dev/shm")
_MIB, _GIB = 2**20, 2**30
# torch lets each process have two batches under way; with every new one that is asked for, the
# loop still holds the one before, and the next is just being handed over.
_BATCHES_EACH, _BATCHES_MORE = 2, 2
_NUMBER_BYTES = 8


def free_bytes(folder: Path = _FOLDER) -> int | None:
    """Shared memory that can be taken; None where the system has no such folder."""
    try:
        found = os.statvfs(folder)
    except (OSError, AttributeError):
        return None
    return found.f_bavail * found.f_frsize


def needed_bytes(data: DataSet, settings: JobSettings) -> int:
    """The most that the loader processes of a job take of it; 0 where there are none.

    Args:
        data: What they read; its first sample is read here.
        settings: The job.

    Raises:
        DamagedError: That sample cannot be read.
    """
    if settings.variant is not Variant.AS_WRITTEN or not settings.workers:
        return 0
    batches = _BATCHES_EACH * settings.workers + _BATCHES_MORE
    samples = min(batches * settings.batch_size, len(data.train))
    needed = samples * _sample_bytes(data.train)
    if _start_method(settings) != "fork":
        # Tensors of a data set that is sent to a process are moved there and stay.
        needed += _tensor_bytes(data.train) + _tensor_bytes(data.test)
    return needed


def shortage(data: DataSet, settings: JobSettings, free: int | None) -> str | None:
    """A warning where there is too little of it, with its remedy; None where there is enough.

    Args:
        data: What loader processes read.
        settings: The job.
        free: Bytes that can be taken; None where that is unknown.

    Raises:
        DamagedError: See `needed_bytes`.
    """
    if free is None or (needed := needed_bytes(data, settings)) <= free:
        return None
    return (
        f"The loader processes may need {needed / _MIB:,.1f} MiB of shared memory, and {_FOLDER} "
        f"has {free / _MIB:,.1f} MiB free. Should they fail: use fewer --workers or a smaller "
        f"--batch-size, or start the container with docker run --shm-size={_roomy(needed)}g."
    )


def _roomy(needed: int) -> int:
    return -(-2 * needed // _GIB)


def _sample_bytes(part: Part) -> int:
    sample = cast("Dataset[Any]", part)[0]
    return sum(v.nbytes if isinstance(v, Tensor) else _NUMBER_BYTES for v in sample)


def _tensor_bytes(part: Part) -> int:
    values = vars(part).values()
    return sum(v.untyped_storage().nbytes() for v in values if isinstance(v, Tensor))


def _start_method(settings: JobSettings) -> str:
    return settings.start_method or str(torch.multiprocessing.get_start_method())
