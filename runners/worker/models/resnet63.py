"""A ResNet of 63 convolutions, as Keras builds and starts it."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

_BLOCKS = 10
_STAGES = (64, 128, 256)


def resnet63() -> nn.Module:
    """One convolution, 3 stages of 10 basic blocks, an average and a fully connected layer.

    Every convolution has a bias; weights, normalization and padding are as Keras has them.
    """
    layers: list[nn.Module] = [_convolution(3, _STAGES[0], 3), _norm(_STAGES[0]), nn.ReLU()]
    channels_in = _STAGES[0]
    for channels in _STAGES:
        for block in range(_BLOCKS):
            stride = 2 if block == 0 and channels != _STAGES[0] else 1
            layers.append(_Block(channels_in, channels, stride))
            channels_in = channels
    classify = nn.Linear(channels_in, 10)
    _start(classify)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), classify)


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            _convolution(channels_in, channels_out, 3, stride),
            _norm(channels_out),
            nn.ReLU(),
            _convolution(channels_out, channels_out, 3),
            _norm(channels_out),
        )
        self.shortcut = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(
                _convolution(channels_in, channels_out, 1, stride), _norm(channels_out)
            )
        )
        self.activate = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        added = self.residual(features) + self.shortcut(features)
        return cast("Tensor", self.activate(added))


def _convolution(channels_in: int, channels_out: int, size: int, stride: int = 1) -> nn.Module:
    """A convolution that keeps the size, or halves an even one."""
    if stride == 1:
        convolution = nn.Conv2d(channels_in, channels_out, size, padding=size // 2)
        _start(convolution)
        return convolution
    convolution = nn.Conv2d(channels_in, channels_out, size, stride)
    _start(convolution)
    # Where a stride leaves one row over, Keras pads it below and to the right only.
    return convolution if size == 1 else nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), convolution)


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=0.001, momentum=0.01)


def _start(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
