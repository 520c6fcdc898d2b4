"""The models of the catalogue, each with its loss, optimizer and pixel scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer


class MakeOptimizer(Protocol):
    """Makes an optimizer; `fused` asks for torch's one-kernel form of the same arithmetic."""

    def __call__(self, parameters: Iterable[Tensor], *, fused: bool | None = None) -> Optimizer:
        """The optimizer over these parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the source of a workload fixes and the catalogue only names.

    Attributes:
        model: Makes the model, freshly initialized.
        loss: The loss function.
        optimizer: Makes its optimizer.
        mean: Subtracted from pixels that were scaled to 0..1.
        std: What they are divided by then.
    """

    model: Callable[[], nn.Module]
    loss: nn.Module
    optimizer: MakeOptimizer
    mean: float
    std: float


def has_convolutions(model: nn.Module) -> bool:
    """Whether the memory format of images matters to a model."""
    return any(isinstance(layer, nn.Conv2d) for layer in model.modules())


def _sgd(parameters: Iterable[Tensor], *, fused: bool | None = None) -> Optimizer:
    return SGD(parameters, lr=0.01, fused=fused)


def _adam(parameters: Iterable[Tensor], *, fused: bool | None = None) -> Optimizer:
    return Adam(parameters, lr=0.001, fused=fused)


def _mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.LogSoftmax(dim=1)
    )


def _fashion_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(128, 10),
    )


def _mnist_cnn() -> nn.Module:
    return nn.Sequential(
        *_convolution(1, 32),
        *_convolution(32, 32),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        *_convolution(32, 64),
        *_convolution(64, 64),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(3136, 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, 10),
    )


def _convolution(channels_in: int, channels_out: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


# Mean and spread of MNIST's pixels, as its examples have them; the source of fashion-cnn uses 0.5.
_MNIST_SCALE = {"mean": 0.1307, "std": 0.3081}

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "mlp": Recipe(model=_mlp, loss=nn.NLLLoss(), optimizer=_sgd, **_MNIST_SCALE),
        "fashion-cnn": Recipe(
            model=_fashion_cnn, loss=nn.CrossEntropyLoss(), optimizer=_adam, mean=0.5, std=0.5
        ),
        "mnist-cnn": Recipe(
            model=_mnist_cnn, loss=nn.CrossEntropyLoss(), optimizer=_adam, **_MNIST_SCALE
        ),
    }
)
