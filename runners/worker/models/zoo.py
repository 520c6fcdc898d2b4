"""torchvision's ResNets, as they are and changed for small images."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import torch
from torch import Tensor, nn

from runners.events import ErrorKind
from runners.worker.errors import WorkerError
from runners.worker.libraries import load_torchvision

_BODY_CHANNELS = 512
_REMEDY = (
    "Give a file that torch.save wrote of torchvision's resnet18 with weights "
    "(its state_dict()), or leave --weights out to start from random ones."
)


def resnet18(classes: int = 1000) -> nn.Module:
    """Torchvision's ResNet-18, all of it trained."""
    return _torchvision("resnet18", classes)


def resnet50(classes: int = 10) -> nn.Module:
    """Torchvision's ResNet-50."""
    return _torchvision("resnet50", classes)


def resnet18_small_images() -> nn.Module:
    """ResNet-18 for images of 32x32: it starts with a 3x3 convolution and does not pool then."""
    model = resnet18(10)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


class FineTunedResNet18(nn.Module):
    """ResNet-18's convolutions, fixed, below a head of two layers that is trained.

    The batch normalizations of the body are trained too, as fastai leaves them.

    Attributes:
        body: What stands below torchvision's last pooling.
        head: Largest and mean value of each channel, then two fully connected layers.
    """

    def __init__(self) -> None:
        super().__init__()
        layers = list(resnet18().named_children())[:-2]
        self.body = nn.Sequential(OrderedDict(layers))
        for layer in self.body.modules():
            if isinstance(layer, nn.Conv2d):
                layer.requires_grad_(False)
        self.head = nn.Sequential(
            _LargestAndMean(),
            nn.Flatten(),
            nn.BatchNorm1d(2 * _BODY_CHANNELS),
            nn.Dropout(0.25),
            nn.Linear(2 * _BODY_CHANNELS, 512, bias=False),
            nn.ReLU(),
            nn.BatchNorm1d(512),
            nn.Dropout(0.5),
            nn.Linear(512, 10, bias=False),
        )
        for layer in self.head:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 10) of images (batch, 3, height, width)."""
        return cast("Tensor", self.head(self.body(images)))


class _LargestAndMean(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([features.amax((2, 3)), features.mean((2, 3))], dim=1)


def load_body(model: nn.Module, path: Path) -> None:
    """Set the body of a `FineTunedResNet18` to the weights of torchvision's ResNet-18.

    Args:
        model: Changed in place; its head stays as it is.
        path: A state dict that `torch.save` wrote. Nothing in it is run.

    Raises:
        WorkerError: There is no such file, it cannot be read, or it is of another model.
    """
    body = cast("nn.Module", model.body)
    given = _read(path)
    for name, weight in body.state_dict().items():
        found = given.get(name)
        if not isinstance(found, Tensor) or found.shape != weight.shape:
            raise _unfit(f"{path} does not hold the weights of ResNet-18: {name} does not fit.")
    body.load_state_dict({name: given[name] for name in body.state_dict()})


def _read(path: Path) -> dict[str, Any]:
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unfit(f"The weights {path} cannot be read: {error.strerror}.") from error
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise _unfit(f"{path} is damaged, or is no file of weights.") from error
    if not isinstance(given, dict):
        raise _unfit(f"{path} holds no state dict.")
    return given


def _torchvision(name: str, classes: int) -> nn.Module:
    # Imported here, so that a torchvision that does not fit fails only those who need it.
    load_torchvision()
    make = getattr(importlib.import_module("torchvision.models"), name)
    return cast("nn.Module", make(num_classes=classes))


def _unfit(message: str) -> WorkerError:
    return WorkerError(ErrorKind.DATA_MISSING, message, _REMEDY)
