"""The models of the catalogue, each with its loss, optimizer and pixel scale."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import nn

from runners.worker.models import cnn, mlp
from runners.worker.models.recipe import (
    MNIST_SCALE,
    Augment,
    InputKind,
    Recipe,
    Scale,
    Schedule,
    adam,
    sgd,
)

__all__ = ["RECIPES", "Augment", "InputKind", "Recipe", "Schedule"]

_CROSS_ENTROPY = nn.CrossEntropyLoss()
# The sources that trained on Fashion-MNIST scale its pixels to -1..1.
_FASHION_SCALE = Scale(mean=(0.5,), std=(0.5,))

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "mlp": Recipe(model=mlp.mlp, loss=nn.NLLLoss(), optimizer=sgd(lr=0.01), **MNIST_SCALE),
        "fashion-cnn": Recipe(
            model=cnn.fashion_cnn, loss=_CROSS_ENTROPY, optimizer=adam, **_FASHION_SCALE
        ),
        "mnist-cnn": Recipe(
            model=cnn.mnist_cnn, loss=_CROSS_ENTROPY, optimizer=adam, **MNIST_SCALE
        ),
    }
)
