"""A model on its device with loss, optimizer and number format: what the loops drive."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from runners.worker.models import Recipe, has_convolutions
from runners.workloads import JobSettings, Precision, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything a step needs beside its batch.

    Attributes:
        model: The model, compiled where that was asked for.
        loss: The loss function.
        optimizer: Over the model's parameters.
        precision: Makes the context that forward passes run in.
    """

    model: Callable[[Tensor], Tensor]
    module: nn.Module
    loss: nn.Module
    optimizer: Optimizer
    precision: Callable[[], AbstractContextManager[Any]]

    def parameters(self) -> int:
        """Number of the model's parameters."""
        return sum(p.numel() for p in self.module.parameters())

    def trainable_parameters(self) -> int:
        """Number of those that training changes."""
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)


def build(recipe: Recipe, settings: JobSettings, device: torch.device) -> Network:
    """The network of a job, its weights drawn from the seed."""
    torch.manual_seed(settings.seed)
    module = recipe.model().to(device)
    is_tuned = settings.variant is Variant.TUNED
    if is_tuned and has_convolutions(module):
        module = module.to(memory_format=torch.channels_last)
    parameters = list(module.parameters())
    return Network(
        model=torch.compile(module) if settings.compile else module,
        module=module,
        loss=recipe.loss,
        optimizer=_fused(recipe, parameters) if is_tuned else recipe.optimizer(parameters),
        precision=(
            partial(torch.autocast, device.type, dtype=torch.bfloat16)
            if settings.precision is Precision.BF16
            else nullcontext
        ),
    )


def compile_ahead(
    network: Network, batch_shapes: Iterable[torch.Size], device: torch.device
) -> None:
    """Run forward and backward on zeros of each shape, then put everything back as it was."""
    weights = copy.deepcopy(network.module.state_dict())
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for shape in batch_shapes:
            images = torch.zeros(shape, device=device)
            labels = torch.zeros(shape[0], dtype=torch.int64, device=device)
            with network.precision():
                loss = network.loss(network.model(images), labels)
            loss.backward()
            network.optimizer.zero_grad()
    network.module.load_state_dict(weights)


def _fused(recipe: Recipe, parameters: list[nn.Parameter]) -> Optimizer:
    try:
        return recipe.optimizer(parameters, fused=True)
    except RuntimeError:
        return recipe.optimizer(parameters)
