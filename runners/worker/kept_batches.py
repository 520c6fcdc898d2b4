"""The batches of one pass, kept to be used again in each later one."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from runners.events import ErrorKind
from runners.worker.batches import Batches
from runners.worker.errors import WorkerError
from runners.worker.memory import available_bytes

Batch = tuple[Tensor, Tensor]

# What is left for the model, its gradients and everybody else.
_SHARE_FOR_BATCHES = 0.8
_MIB = 2**20


def kept(batches: Batches, samples: int, device: torch.device | None) -> list[Batch]:
    """The batches of one pass, to be used again in each later one.

    Args:
        batches: Where they come from.
        samples: Samples of a pass.
        device: Where they are kept; None where the input hands them over.

    Raises:
        WorkerError: They would not fit there.
    """
    found: list[Batch] = []
    for batch in batches:
        if not found:
            _refuse_what_does_not_fit(batch, samples, device)
        found.append((_private(batch[0], device), _private(batch[1], device)))
    return found


def _private(tensor: Tensor, device: torch.device | None) -> Tensor:
    """The tensor where it is kept; out of the memory that loader processes share."""
    moved = tensor if device is None else tensor.to(device)
    return moved.clone() if moved.device.type == "cpu" and moved.is_shared() else moved


def _refuse_what_does_not_fit(
    batch: Iterable[Tensor], samples: int, device: torch.device | None
) -> None:
    tensors = list(batch)
    place = tensors[0].device if device is None else device
    needed = sum(t.nbytes for t in tensors) * samples // len(tensors[0])
    free = available_bytes(place)
    if free is None or needed <= _SHARE_FOR_BATCHES * free:
        return
    where = "memory" if place.type == "cpu" else f"the memory of {place}"
    raise WorkerError(
        ErrorKind.OUT_OF_MEMORY,
        f"The batches of a pass take {needed // _MIB:,} MiB, and {where} has "
        f"{free // _MIB:,} MiB free.",
        f"Use --train-samples {int(samples * _SHARE_FOR_BATCHES * free / needed) or 1} or fewer.",
    )
