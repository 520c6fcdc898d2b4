"""The models of the catalogue, each with its loss, optimizer and pixel scale."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import nn
from torch.optim import SGD, Adam, AdamW

from runners.worker.models import airbench, airbench_training, cnn, mlp, resnet63, transformer, zoo
from runners.worker.models.recipe import (
    CIFAR_SCALE,
    FASHION_SCALE,
    IMAGENET_SCALE,
    MNIST_SCALE,
    UNIT_SCALE,
    Augment,
    InputKind,
    Recipe,
    Schedule,
    plain,
)

__all__ = ["RECIPES", "Augment", "InputKind", "Recipe", "Schedule"]

_CROSS_ENTROPY = nn.CrossEntropyLoss()
_ADAM = plain(Adam, lr=0.001)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "mlp": Recipe(
            model=mlp.mlp, loss=nn.NLLLoss(), optimizer=plain(SGD, lr=0.01), **MNIST_SCALE
        ),
        "mlp-bn": Recipe(
            model=mlp.mlp_bn,
            loss=_CROSS_ENTROPY,
            optimizer=plain(SGD, lr=0.1, weight_decay=0.0001),
            **FASHION_SCALE,
        ),
        "fashion-cnn": Recipe(
            model=cnn.fashion_cnn, loss=_CROSS_ENTROPY, optimizer=_ADAM, **FASHION_SCALE
        ),
        "mnist-cnn": Recipe(
            model=cnn.mnist_cnn, loss=_CROSS_ENTROPY, optimizer=_ADAM, **MNIST_SCALE
        ),
        "cnn5": Recipe(model=cnn.cnn5, loss=_CROSS_ENTROPY, optimizer=_ADAM, **FASHION_SCALE),
        "cifar-resnet18": Recipe(
            model=zoo.FineTunedResNet18,
            loss=_CROSS_ENTROPY,
            optimizer=_ADAM,
            load_weights=zoo.load_body,
            **IMAGENET_SCALE,
        ),
        "cifar-resnet18-full": Recipe(
            model=zoo.resnet18_small_images,
            loss=_CROSS_ENTROPY,
            optimizer=plain(SGD, lr=0.1, momentum=0.9, weight_decay=0.0005),
            **CIFAR_SCALE,
        ),
        "resnet63": Recipe(
            model=resnet63.resnet63, loss=_CROSS_ENTROPY, optimizer=_ADAM, **UNIT_SCALE
        ),
        "resnet50": Recipe(model=zoo.resnet50, loss=_CROSS_ENTROPY, optimizer=_ADAM, **CIFAR_SCALE),
        "transformer-50m": Recipe(
            model=transformer.Transformer,
            loss=_CROSS_ENTROPY,
            optimizer=plain(AdamW, lr=0.0003),
            input_kind=InputKind.TOKENS,
        ),
        "airbench94": Recipe(
            model=airbench.Airbench,
            loss=nn.CrossEntropyLoss(label_smoothing=0.2),
            optimizer=airbench_training.optimizer,
            schedule=airbench_training.Plan,
            augment=airbench_training.augment,
            start_from_images=airbench.whiten,
            **CIFAR_SCALE,
        ),
    }
)
