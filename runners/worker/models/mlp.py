"""Fully connected networks for images of 28x28."""

from __future__ import annotations

from torch import nn


def mlp() -> nn.Module:
    """One hidden layer of 128; gives log-probabilities."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.LogSoftmax(dim=1)
    )
