"""Where batches come from: one kind of source for each variant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset

from runners.worker.batches import Batches
from runners.worker.datasets import DataSet, VisionSet
from runners.worker.lifeline import start_loader_process
from runners.worker.models import Recipe
from runners.workloads import JobSettings, Variant

Batch = tuple[Tensor, Tensor]

_TUNED_TEST_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The two sources of a job.

    Attributes:
        train: Training batches; the last one may be smaller.
        train_samples: Samples in a pass over `train`.
        test: Test batches.
        test_samples: Samples in a pass over `test`.
        sample: A batch of one test sample, on the device.
    """

    train: Batches
    train_samples: int
    test: Batches
    test_samples: int
    sample: Tensor


def make_inputs(
    data: DataSet, recipe: Recipe, settings: JobSettings, device: torch.device
) -> Inputs:
    """The sources for a job's variant; whatever it does once and for all is done here."""
    train: Batches
    test: Batches
    if settings.variant is Variant.TUNED:
        train = ResidentBatches(
            *_on_device(data.train, recipe, device), settings.batch_size, seed=settings.seed
        )
        test = ResidentBatches(*_on_device(data.test, recipe, device), _TUNED_TEST_BATCH)
    else:
        train = _loader(data.train, settings, device, shuffle=True)
        test = _loader(data.test, settings, device, shuffle=False)
    if settings.variant is Variant.IDEAL:
        train, test = _collected(train, device), _collected(test, device)
    return Inputs(
        train=train,
        train_samples=len(data.train),
        test=test,
        test_samples=len(data.test),
        sample=data.test[0][0].unsqueeze(0).to(device),
    )


class ResidentBatches:
    """Batches cut out of samples that lie on the device, by indexing.

    With a seed each pass has its own order, drawn on the device; without one the order is
    that of the samples.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, batch_size: int, *, seed: int | None = None
    ) -> None:
        self._images = images
        self._labels = labels
        self._batch_size = batch_size
        self._random = None if seed is None else Generator(images.device).manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self._labels) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self._random is None:
            yield from zip(
                self._images.split(self._batch_size),
                self._labels.split(self._batch_size),
                strict=True,
            )
            return
        device = self._images.device
        order = torch.randperm(len(self._labels), generator=self._random, device=device)
        for chosen in order.split(self._batch_size):
            yield self._images.index_select(0, chosen), self._labels.index_select(0, chosen)


def _on_device(part: VisionSet, recipe: Recipe, device: torch.device) -> Batch:
    """All samples, scaled as the per-item transforms scale them, moved once."""
    images = part.data.to(device).unsqueeze(1).to(torch.float32)
    mean, std = (
        torch.tensor(values, device=device).view(-1, 1, 1) for values in (recipe.mean, recipe.std)
    )
    images.div_(255).sub_(mean).div_(std)
    return images, part.targets.to(device)


def _loader(
    part: VisionSet, settings: JobSettings, device: torch.device, *, shuffle: bool
) -> DataLoader[Any]:
    return DataLoader(
        cast("Dataset[Any]", part),
        batch_size=settings.batch_size,
        shuffle=shuffle,
        num_workers=settings.workers,
        pin_memory=device.type == "cuda" and settings.workers > 0,
        generator=Generator().manual_seed(settings.seed),
        worker_init_fn=partial(start_loader_process, worker_pid=os.getpid()),
    )


def _collected(batches: Batches, device: torch.device) -> list[Batch]:
    return [(images.to(device), labels.to(device)) for images, labels in batches]
