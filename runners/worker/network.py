"""A model on its device with loss, optimizer and number format: what the loops drive."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runners.events import ErrorKind
from runners.worker.errors import WorkerError
from runners.worker.models import InputKind, Recipe, Schedule
from runners.workloads import JobSettings, Precision, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything a step needs beside its batch.

    Attributes:
        model: What training calls: the module, or the module compiled.
        module: The model, never compiled.
        loss: The loss function.
        optimizer: Over the model's trainable parameters.
        precision: Makes the context that forward passes run in.
        schedule: What steps along with the optimizer; None where nothing does.
        input_kind: What the model takes.
        weights: The file its first weights come from; None where they are random.
    """

    model: Callable[[Tensor], Tensor]
    module: nn.Module
    loss: nn.Module
    optimizer: Optimizer
    precision: Callable[[], AbstractContextManager[Any]]
    schedule: Schedule | None
    input_kind: InputKind
    weights: str | None

    def parameters(self) -> int:
        """Number of the model's parameters."""
        return sum(p.numel() for p in self.module.parameters())

    def trainable_parameters(self) -> int:
        """Number of those that training changes."""
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)


def build(
    recipe: Recipe,
    settings: JobSettings,
    device: torch.device,
    *,
    steps: int | None = None,
    images: Tensor | None = None,
) -> Network:
    """The network of a job, its weights drawn from the seed or read from the settings' file.

    It is not compiled yet, whatever the settings ask for; see `compiled`.

    Args:
        recipe: What it is made of.
        settings: Of the job.
        device: Where it goes.
        steps: Steps of the whole run, for the schedule; None leaves the schedule out.
        images: Some normalized training images on the device, for models that start from them.

    Raises:
        WorkerError: The file with the weights is missing or does not fit.
    """
    torch.manual_seed(settings.seed)
    module = recipe.model()
    if settings.weights is not None:
        _load_weights(recipe, module, settings)
    module = place(module, settings, device)
    if recipe.start_from_images is not None and images is not None:
        recipe.start_from_images(module, images)
    optimizer = _optimizer(recipe, module, settings)
    return Network(
        model=module,
        module=module,
        loss=recipe.loss,
        optimizer=optimizer,
        precision=precision_of(settings, device),
        schedule=recipe.schedule(module, optimizer, steps) if recipe.schedule and steps else None,
        input_kind=recipe.input_kind,
        weights=settings.weights,
    )


def place(module: nn.Module, settings: JobSettings, device: torch.device) -> nn.Module:
    """The module on its device, its images in the memory format that the settings ask for."""
    module = module.to(device)
    if _asked(settings.channels_last, settings) and _has_convolutions(module):
        module = module.to(memory_format=torch.channels_last)
    return module


def precision_of(
    settings: JobSettings, device: torch.device
) -> Callable[[], AbstractContextManager[Any]]:
    """What makes the context of a forward pass in the settings' number format."""
    if settings.precision is Precision.BF16:
        return partial(torch.autocast, device.type, dtype=torch.bfloat16)
    return nullcontext


def compiled(network: Network) -> Network:
    """The network with its model compiled for what it meets, each time it meets something new.

    This loads the compiler, which takes seconds; it compiles nothing yet.
    """
    return replace(network, model=torch.compile(network.module))


def compile_ahead(network: Network, sample: Tensor, batch_sizes: Iterable[int]) -> None:
    """Run forward and backward on zeros, then put everything back as it was.

    Args:
        network: Its model is a compiled one.
        sample: A batch of one, which lies in memory as those of training do: what is compiled for
            other strides would be compiled anew.
        batch_sizes: Those that training will have.
    """
    weights = copy.deepcopy(network.module.state_dict())
    frozen_later = network.schedule.frozen_later if network.schedule is not None else ()
    with torch.random.fork_rng(devices=[sample.device] if sample.is_cuda else []):
        for size in batch_sizes:
            _step_on_zeros(network, sample, size)
            if frozen_later:
                _freeze(frozen_later, is_frozen=True)
                _step_on_zeros(network, sample, size)
                _freeze(frozen_later, is_frozen=False)
    network.module.load_state_dict(weights)


def _step_on_zeros(network: Network, sample: Tensor, size: int) -> None:
    samples = sample.new_empty_strided((size, *sample.shape[1:]), sample.stride()).zero_()
    has_target_each = network.input_kind is InputKind.TOKENS
    targets = samples if has_target_each else samples.new_zeros(size, dtype=torch.int64)
    with network.precision():
        loss = network.loss(network.model(samples), targets)
    loss.backward()
    network.optimizer.zero_grad()


def _freeze(parameters: Iterable[Tensor], *, is_frozen: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(not is_frozen)


def _asked(setting: bool | None, settings: JobSettings) -> bool:
    return settings.variant is Variant.TUNED if setting is None else setting


def _has_convolutions(module: nn.Module) -> bool:
    return any(isinstance(layer, nn.Conv2d) for layer in module.modules())


def _load_weights(recipe: Recipe, module: nn.Module, settings: JobSettings) -> None:
    if recipe.load_weights is None:
        raise WorkerError(
            ErrorKind.DATA_MISSING,
            f"{settings.workload} starts from random weights; no file of weights fits it.",
            "Leave --weights out.",
        )
    recipe.load_weights(module, Path(str(settings.weights)))


def _optimizer(recipe: Recipe, module: nn.Module, settings: JobSettings) -> Optimizer:
    if _asked(settings.fused, settings):
        try:
            return recipe.optimizer(module, batch_size=settings.batch_size, fused=True)
        except RuntimeError:
            # Not every device has it; the arithmetic is the same without.
            pass
    return recipe.optimizer(module, batch_size=settings.batch_size)
