"""How the network of the CIFAR-10 speed record is trained: images, optimizer, rates.

The settings are those of airbench94; what differs is said in the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional
from torch.optim import SGD, Optimizer

from runners.worker.models.airbench import Airbench

_LARGEST_SHIFT = 2

# Rate and decay for each 1,024 samples, as if momentum did not enlarge the steps.
_RATE = 11.5
_DECAY = 0.0153
_SAMPLES_PER_RATE = 1024
_MOMENTUM = 0.85
_NORM_RATE_FACTOR = 64.0

_FIRST_FACTOR, _LAST_FACTOR = 0.2, 0.07
_RISING_SHARE = 0.23
_WHITENING_BIAS_SHARE = 0.3
_AVERAGE_EVERY = 5
_LARGEST_HOLD = 0.95**5


def augment(images: Tensor, generator: Generator) -> Tensor:
    """Mirror half of the images and move each by up to 2 pixels either way, at random.

    Args:
        images: (batch, channels, height, width).
        generator: On the images' device.
    """
    count, _, height, width = images.shape
    device = images.device
    is_mirrored = torch.rand(count, 1, 1, 1, generator=generator, device=device) < 0.5
    mirrored = torch.where(is_mirrored, images.flip(3), images)
    padded = functional.pad(mirrored, (_LARGEST_SHIFT,) * 4, mode="reflect")
    rows, columns = torch.randint(
        2 * _LARGEST_SHIFT + 1, (2, count), generator=generator, device=device
    )
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(count, device=device), :, rows, columns]


def optimizer(model: nn.Module, *, batch_size: int, fused: bool | None = None) -> Optimizer:
    """Nesterov's SGD; the biases of normalizations move 64 times as far, without more decay."""
    # Momentum makes steps longer by this; a loss that is a mean makes them batch_size shorter.
    rate = _RATE * batch_size / (_SAMPLES_PER_RATE * (1 + 1 / (1 - _MOMENTUM)))
    decay = _DECAY / _RATE
    norms: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (norms if _is_norm(model, name) else others).append(parameter)
    groups = [
        {"params": others, "lr": rate, "weight_decay": decay},
        {
            "params": norms,
            "lr": rate * _NORM_RATE_FACTOR,
            "weight_decay": decay / _NORM_RATE_FACTOR,
        },
    ]
    return SGD(groups, momentum=_MOMENTUM, nesterov=True, fused=fused)


def rate_factor(step: int, steps: int) -> float:
    """What the rates are multiplied by in step `step` (from 0) of `steps`."""
    rising = max(1, int(steps * _RISING_SHARE))
    if step < rising:
        return _FIRST_FACTOR + (1 - _FIRST_FACTOR) * step / rising
    return 1 - (1 - _LAST_FACTOR) * (step - rising) / max(1, steps - rising)


class Plan:
    """Rates that rise and fall, an average of the weights, an early end for the first bias.

    The average (Lookahead) is taken every 5 steps: it moves toward the weights, by less each
    time, and the weights are set to it.

    Attributes:
        frozen_later: The first bias, with which all gradients below the first block end.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, steps: int) -> None:
        self._optimizer = optimizer
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]
        self._steps = steps
        self._done = 0
        self.frozen_later: Sequence[Tensor] = (cast("Airbench", model).whitening_bias,)
        self._weights = [w for w in model.state_dict().values() if w.is_floating_point()]
        self._average = [weight.clone() for weight in self._weights]
        self._set_rates()

    def step(self) -> None:
        """See `Schedule`."""
        self._done += 1
        self._set_rates()
        if self._done % _AVERAGE_EVERY == 0 or self._done == self._steps:
            self._average_weights(1 - _LARGEST_HOLD * (self._done / self._steps) ** 3)
        if self._done == int(self._steps * _WHITENING_BIAS_SHARE):
            for bias in self.frozen_later:
                bias.requires_grad_(False)

    def _set_rates(self) -> None:
        factor = rate_factor(self._done, self._steps)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    @torch.no_grad()
    def _average_weights(self, share: float) -> None:
        for average, weight in zip(self._average, self._weights, strict=True):
            average.lerp_(weight, share)
            weight.copy_(average)


def _is_norm(model: nn.Module, parameter: str) -> bool:
    return isinstance(model.get_submodule(parameter.rpartition(".")[0]), nn.BatchNorm2d)
