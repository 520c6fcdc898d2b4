"""Adds up loss and right answers over a pass, read each step or once at the end."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from runners.workloads import Variant


class Metrics(Protocol):
    """Sums over the samples of one pass.

    A sample of text is right or wrong at each of its positions, any other sample as a whole.

    Attributes:
        samples: Samples taken in.
    """

    samples: int

    def add(self, loss: Tensor, prediction: Tensor, labels: Tensor) -> None:
        """Take in a step.

        Args:
            loss: The mean over its samples.
            prediction: Scores, of shape (batch, classes) or (batch, classes, positions).
            labels: The right classes, of shape (batch) or (batch, positions).
        """

    def loss_so_far(self) -> float | None:
        """Mean loss; None where reading it would hold up the device."""

    def loss(self) -> float:
        """Mean loss."""

    def accuracy(self) -> float:
        """Share of right answers, over all positions."""


class ItemMetrics:
    """Reads both numbers from the device at each step, as scripts are usually written."""

    def __init__(self) -> None:
        self.samples = 0
        self._loss_sum = 0.0
        self._answers = 0
        self._right = 0

    def add(self, loss: Tensor, prediction: Tensor, labels: Tensor) -> None:
        """See `Metrics`."""
        samples = len(labels)
        self._loss_sum += loss.item() * samples
        self._right += int((prediction.argmax(1) == labels).sum().item())
        self._answers += labels.numel()
        self.samples += samples

    def loss_so_far(self) -> float | None:
        """See `Metrics`."""
        return self.loss()

    def loss(self) -> float:
        """See `Metrics`."""
        return self._loss_sum / self.samples

    def accuracy(self) -> float:
        """See `Metrics`."""
        return self._right / self._answers


class ResidentMetrics:
    """Keeps both sums on the device, so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self.samples = 0
        self._reading_is_free = device.type == "cpu"
        self._loss_sum = torch.zeros((), device=device)
        self._answers = 0
        self._right = torch.zeros((), dtype=torch.int64, device=device)

    def add(self, loss: Tensor, prediction: Tensor, labels: Tensor) -> None:
        """See `Metrics`."""
        samples = len(labels)
        self._loss_sum.add_(loss.detach(), alpha=samples)
        self._right.add_((prediction.argmax(1) == labels).sum())
        self._answers += labels.numel()
        self.samples += samples

    def loss_so_far(self) -> float | None:
        """See `Metrics`."""
        return self.loss() if self._reading_is_free else None

    def loss(self) -> float:
        """See `Metrics`."""
        return self._loss_sum.item() / self.samples

    def accuracy(self) -> float:
        """See `Metrics`."""
        return self._right.item() / self._answers


def metrics_for(variant: Variant, device: torch.device) -> Metrics:
    """Fresh sums, read the way the variant reads them."""
    return ResidentMetrics(device) if variant is Variant.TUNED else ItemMetrics()
