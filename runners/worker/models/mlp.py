"""Fully connected networks for images of 28x28."""

from __future__ import annotations

from torch import nn


def mlp() -> nn.Module:
    """One hidden layer of 128; gives log-probabilities."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.LogSoftmax(dim=1)
    )


def mlp_bn() -> nn.Module:
    """Two hidden layers of 128 and 64, each with batch normalization and dropout."""
    return nn.Sequential(nn.Flatten(), *_hidden(784, 128), *_hidden(128, 64), nn.Linear(64, 10))


def _hidden(features_in: int, features_out: int) -> tuple[nn.Module, ...]:
    return (
        nn.Linear(features_in, features_out),
        nn.BatchNorm1d(features_out),
        nn.ReLU(),
        nn.Dropout(0.2),
    )
