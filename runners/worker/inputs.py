"""Where batches come from: one kind of source for each variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset, default_collate

from runners.worker.batches import Batches
from runners.worker.data.found import Part
from runners.worker.data.images import VisionSet
from runners.worker.data.sets import DataSet
from runners.worker.data.text import Windows
from runners.worker.kept_batches import kept
from runners.worker.loader import copies_without_waiting, make_loader
from runners.worker.models.recipe import Augment, Recipe
from runners.workloads import JobSettings, Kind, Probe, Variant
from runners.workloads.catalogue import CATALOGUE

Batch = tuple[Tensor, Tensor]

# Larger tested batches are no faster, and would take more memory than training does.
_TUNED_TEST_VALUES = 784_000
# Scaled pixels take four times the memory of bytes; beyond this each batch is scaled anew.
_MOST_SCALED_BYTES = 256 * 1024 * 1024
_FLOAT_BYTES = 4
_ON_DEVICE = (Probe.CACHED, Probe.UNREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The two sources of a job.

    Attributes:
        train: Training batches; the last one may be smaller.
        train_samples: Samples in a pass over `train`.
        test: Test batches; none where a workload tests nothing.
        test_samples: Samples in a pass over `test`.
        sample: A batch of one sample, on the device, that lies in memory as training batches do.
        non_blocking: Whether the loop goes on while a training batch is copied to the device.
    """

    train: Batches
    train_samples: int
    test: Batches
    test_samples: int
    sample: Tensor
    non_blocking: bool = False


def make_inputs(
    data: DataSet, recipe: Recipe, settings: JobSettings, device: torch.device
) -> Inputs:
    """The sources for a job's variant; whatever it does once and for all is done here.

    Raises:
        WorkerError: An image that is read here is damaged, or what is kept does not fit.
    """
    if CATALOGUE[settings.workload].kind is Kind.ONE_BATCH:
        return _one_batch(data, settings, device)
    train: Batches
    test: Batches
    if settings.variant is Variant.AS_WRITTEN:
        train = make_loader(data.train, settings, device, shuffle=True)
        test = make_loader(data.test, settings, device, shuffle=False)
        sample = torch.stack([data.test[0][0]]).to(device)
    else:
        resident = partial(_resident, recipe=recipe, settings=settings, device=device)
        train, test = resident(data.train, is_train=True), resident(data.test, is_train=False)
        sample = next(iter(test))[0][:1]
    if settings.variant is Variant.IDEAL:
        test = kept(test, len(data.test), device)
    if settings.variant is Variant.IDEAL or settings.probe in _ON_DEVICE:
        train = kept(train, len(data.train), device)
    elif settings.probe is Probe.HOST_CACHED:
        train = kept(train, len(data.train), None)
    return Inputs(
        train=train,
        train_samples=len(data.train),
        test=test,
        test_samples=len(data.test),
        sample=sample,
        non_blocking=copies_without_waiting(settings, device),
    )


class ResidentBatches:
    """Batches cut out of samples that lie on the device, by indexing.

    With a seed each pass has its own order, drawn on the device; without one the order is
    that of the samples.

    Args:
        samples: What batches are cut from, along the first dimension.
        targets: What a model should answer, along the first dimension.
        batch_size: Samples a batch; the last one may be smaller.
        finish: Makes what a model takes of some samples and of their targets.
        seed: Picks the order; None keeps that of the samples.
    """

    def __init__(
        self,
        samples: Tensor,
        targets: Tensor,
        batch_size: int,
        *,
        finish: Callable[[Tensor, Tensor], Batch] = lambda samples, targets: (samples, targets),
        seed: int | None = None,
    ) -> None:
        self._samples = samples
        self._targets = targets
        self._batch_size = batch_size
        self._finish = finish
        self._random = None if seed is None else Generator(samples.device).manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self._targets) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self._random is None:
            parts = self._samples.split(self._batch_size), self._targets.split(self._batch_size)
            for samples, targets in zip(*parts, strict=True):
                yield self._finish(samples, targets)
            return
        device = self._samples.device
        order = torch.randperm(len(self._targets), generator=self._random, device=device)
        for chosen in order.split(self._batch_size):
            yield self._finish(
                self._samples.index_select(0, chosen), self._targets.index_select(0, chosen)
            )


def _resident(
    part: Part, *, is_train: bool, recipe: Recipe, settings: JobSettings, device: torch.device
) -> ResidentBatches:
    seed = settings.seed if is_train else None
    if isinstance(part, Windows):
        samples, targets = part.all(device)
        return ResidentBatches(samples, targets, settings.batch_size, finish=_tokens, seed=seed)
    is_tuned = settings.variant is Variant.TUNED
    augment = recipe.augment if is_train and is_tuned else None
    scale = _ImageScale(recipe, settings, device, augment)
    images = cast("VisionSet", part)
    samples = scale.ahead(torch.as_tensor(images.data, device=device))
    batch_size = settings.batch_size
    if is_tuned and not is_train:
        batch_size = max(batch_size, _TUNED_TEST_VALUES // samples[0].numel())
    return ResidentBatches(
        samples,
        torch.as_tensor(images.targets, device=device),
        batch_size,
        finish=scale.finish,
        seed=seed,
    )


def _tokens(samples: Tensor, targets: Tensor) -> Batch:
    return samples.to(torch.int64), targets.to(torch.int64)


class _ImageScale:
    """Makes of bytes what the per-item transforms make of them: for all samples, or by batch.

    Samples lie as samples x height x width x channels, which is channels-last memory.
    """

    def __init__(
        self, recipe: Recipe, settings: JobSettings, device: torch.device, augment: Augment | None
    ) -> None:
        self._mean, self._std = (
            torch.tensor(values, device=device) for values in (recipe.mean, recipe.std)
        )
        channels_last = settings.channels_last
        if channels_last is None:
            channels_last = settings.variant is Variant.TUNED
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._augment = augment
        self._random = Generator(device).manual_seed(settings.seed)

    def ahead(self, pixels: Tensor) -> Tensor:
        """The samples as they are kept: scaled, unless that takes too much memory."""
        if pixels.dim() == 3:
            pixels = pixels.unsqueeze(3)
        fits = pixels.numel() * _FLOAT_BYTES <= _MOST_SCALED_BYTES
        return self._scaled(pixels) if fits else pixels

    def finish(self, samples: Tensor, targets: Tensor) -> Batch:
        """A batch of kept samples as a model takes it: channels first, then height, width."""
        scaled = self._scaled(samples) if samples.dtype is torch.uint8 else samples
        images = scaled.permute(0, 3, 1, 2)
        if self._augment is not None:
            images = self._augment(images, self._random)
        return images.contiguous(memory_format=self._format), targets

    def _scaled(self, pixels: Tensor) -> Tensor:
        return pixels.to(torch.float32).div_(255).sub_(self._mean).div_(self._std)


def _one_batch(data: DataSet, settings: JobSettings, device: torch.device) -> Inputs:
    """The first training images as one batch: in host memory as written, else on the device."""
    part = cast("Dataset[Any]", data.train)
    images, targets = default_collate([part[i] for i in range(len(data.train))])
    is_tuned = settings.variant is Variant.TUNED
    if is_tuned if settings.channels_last is None else settings.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    if settings.variant is not Variant.AS_WRITTEN:
        images, targets = images.to(device), targets.to(device)
    return Inputs(
        train=[(images, targets)],
        train_samples=len(targets),
        test=[],
        test_samples=0,
        sample=images[:1].to(device),
    )
