"""The per-item loader, as a script would make it, with its processes tied to the worker."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Generator
from torch.utils.data import DataLoader, Dataset

from runners.worker.data.found import Part
from runners.worker.lifeline import start_loader_process
from runners.workloads import JobSettings


def make_loader(
    part: Part, settings: JobSettings, device: torch.device, *, shuffle: bool
) -> DataLoader[Any]:
    """The loader of a job.

    Options of loader processes make no difference where there are none, nor does page-locked
    memory where no CUDA device copies from it.
    """
    has_processes = settings.workers > 0
    is_pinned = has_processes if settings.pin_memory is None else settings.pin_memory
    return DataLoader(
        cast("Dataset[Any]", part),
        batch_size=settings.batch_size,
        shuffle=shuffle,
        num_workers=settings.workers,
        pin_memory=is_pinned and device.type == "cuda",
        generator=Generator().manual_seed(settings.seed),
        worker_init_fn=start_loader_process,
        persistent_workers=settings.persistent_workers and has_processes,
        multiprocessing_context=settings.start_method if has_processes else None,
    )


def copies_without_waiting(settings: JobSettings, device: torch.device) -> bool:
    """Whether batches are copied to the device while the loop goes on.

    That takes page-locked memory, and scripts do not do it unless somebody thought of it.
    """
    return settings.pin_memory is True and device.type == "cuda"
