"""The network of the CIFAR-10 speed record, and how it starts.

Layers and first weights are those of airbench94 (Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds
on a Single GPU", 2024), written anew.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_PATCH = 2
_PATCH_VALUES = 3 * _PATCH**2
_WIDTHS = (64, 256, 256)
_SCORE_SCALE = 1 / 9
_SMALLEST_VARIANCE = 5e-4
_CHUNK = 500


class Airbench(nn.Module):
    """A fixed 2x2 convolution that whitens, three blocks of two convolutions, scaled scores.

    Attributes:
        whitening: The first convolution; of it only the bias is trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.whitening = nn.Conv2d(3, 2 * _PATCH_VALUES, _PATCH)
        self.whitening.weight.requires_grad_(False)
        nn.init.zeros_(self.whitening_bias)
        blocks: list[nn.Module] = []
        channels_in = 2 * _PATCH_VALUES
        for channels in _WIDTHS:
            blocks += _block(channels_in, channels)
            channels_in = channels
        self.rest = nn.Sequential(
            nn.GELU(),
            *blocks,
            nn.MaxPool2d(3),
            nn.Flatten(),
            nn.Linear(channels_in, 10, bias=False),
        )

    @property
    def whitening_bias(self) -> Tensor:
        """The bias of the first convolution."""
        return cast("Tensor", self.whitening.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 10) of images (batch, 3, 32, 32)."""
        return cast("Tensor", self.rest(self.whitening(images))) * _SCORE_SCALE


def whiten(model: nn.Module, images: Tensor) -> None:
    """Set the first convolution so that its channels are uncorrelated and of equal strength.

    Its filters are the principal directions of all 2x2 patches of the images, each divided by
    its spread; the other half of them is the same with the sign turned.

    Args:
        model: An `Airbench`; changed in place.
        images: Normalized training images (count, 3, height, width), on the model's device.
    """
    moments = torch.zeros(_PATCH_VALUES, _PATCH_VALUES, device=images.device)
    patches = 0
    for chunk in images.split(_CHUNK):
        values = functional.unfold(chunk, _PATCH).transpose(0, 1).flatten(1)
        moments += values @ values.T
        patches += values.shape[1]
    # On the CPU: not every device can decompose, and it is only 12 x 12.
    strengths, directions = torch.linalg.eigh((moments / patches).cpu())
    filters = (directions / torch.sqrt(strengths + _SMALLEST_VARIANCE)).T
    weight = cast("Airbench", model).whitening.weight
    with torch.no_grad():
        weight.copy_(torch.cat([filters, -filters]).view_as(weight))


def _block(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [
        _convolution(channels_in, channels_out),
        nn.MaxPool2d(2),
        _norm(channels_out),
        nn.GELU(),
        _convolution(channels_out, channels_out),
        _norm(channels_out),
        nn.GELU(),
    ]


def _convolution(channels_in: int, channels_out: int) -> nn.Module:
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    # The first channels start as a copy of what comes in.
    with torch.no_grad():
        nn.init.dirac_(convolution.weight[:channels_in])
    return convolution


def _norm(channels: int) -> nn.Module:
    norm = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad_(False)
    return norm
