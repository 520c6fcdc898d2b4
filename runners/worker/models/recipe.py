"""What a model of the catalogue needs beside its layers: loss, optimizer, pixel scale and more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Protocol, TypedDict

from torch import Generator, Tensor, nn
from torch.optim import Optimizer


class InputKind(Enum):
    """What a model takes."""

    IMAGES = auto()
    """float32 of shape (batch, channels, height, width); targets are class numbers (batch)."""
    TOKENS = auto()
    """int64 of shape (batch, length); targets are the tokens that follow, of the same shape."""


class MakeOptimizer(Protocol):
    """Makes an optimizer; `fused` asks for torch's one-kernel form of the same arithmetic."""

    def __call__(
        self, model: nn.Module, *, batch_size: int, fused: bool | None = None
    ) -> Optimizer:
        """The optimizer over a model's trainable parameters, for steps of this many samples."""


class Schedule(Protocol):
    """What changes between steps by plan.

    Attributes:
        frozen_later: Trainable parameters that it freezes on the way.
    """

    frozen_later: Sequence[Tensor]

    def step(self) -> None:
        """Called after each step of the optimizer."""


MakeSchedule = Callable[[nn.Module, Optimizer, int], Schedule]
"""Makes the schedule of a model and its optimizer for this many steps in all."""

Augment = Callable[[Tensor, Generator], Tensor]
"""Changes a batch of normalized images at random, on their device; the generator is there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the source of a workload fixes and the catalogue only names.

    The class of a prediction is its dimension 1: (batch, classes), or (batch, classes, length)
    for tokens.

    Attributes:
        model: Makes the model, freshly initialized.
        loss: The loss function, a mean over the batch.
        optimizer: Makes its optimizer.
        mean: Subtracted from pixels that were scaled to 0..1, per channel; empty for tokens.
        std: What they are divided by then.
        input_kind: What the model takes.
        schedule: Makes what steps along with the optimizer; None where nothing does.
        augment: Changes training batches; None where they are used as they are.
        start_from_images: Sets weights from a batch of normalized training images; None where
            nothing depends on the data.
        load_weights: Sets the weights that a file holds; raises `WorkerError` where it cannot.
            None where no file fits the model.
    """

    model: Callable[[], nn.Module]
    loss: nn.Module
    optimizer: MakeOptimizer
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    input_kind: InputKind = InputKind.IMAGES
    schedule: MakeSchedule | None = None
    augment: Augment | None = None
    start_from_images: Callable[[nn.Module, Tensor], None] | None = None
    load_weights: Callable[[nn.Module, Path], None] | None = None


def plain(kind: Callable[..., Optimizer], **settings: float) -> MakeOptimizer:
    """An optimizer of torch with these settings, whatever the batch."""

    def make(model: nn.Module, *, batch_size: int, fused: bool | None = None) -> Optimizer:  # noqa: ARG001 - part of the protocol
        trainable = [p for p in model.parameters() if p.requires_grad]
        return kind(trainable, fused=fused, **settings)

    return make


class Scale(TypedDict):
    """Mean and spread of a set's pixels, of 0..1, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


# The sources that train on Fashion-MNIST take its pixels to -1..1; one takes CIFAR-10's as 0..1.
FASHION_SCALE = Scale(mean=(0.5,), std=(0.5,))
UNIT_SCALE = Scale(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
# As the examples of each set have them.
MNIST_SCALE = Scale(mean=(0.1307,), std=(0.3081,))
CIFAR_SCALE = Scale(mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616))
IMAGENET_SCALE = Scale(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
