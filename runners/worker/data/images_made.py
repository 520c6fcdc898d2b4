"""The stand-in for images that are not there: deterministic, learnable, made in seconds.

Each class has a few smooth random shapes. A sample is one of them, weakened by a trace of any
other class's shape, turned, scaled, shifted, dimmed and covered with noise: a small network
learns it well, and none learns it fully.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Generator, Tensor
from torch.nn import functional

VERSION = 1
CLASSES = 10

_SHAPES_PER_CLASS = 3
_CHUNK = 5_000
_LARGEST_TRACE = 0.5
_LARGEST_TURN_RAD = 0.3
_LARGEST_SCALING = 0.15
_LARGEST_SHIFT = 0.15
_DARKEST = 0.6
_NOISE = 0.15


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a set: channels, height and width of an image, and how many there are."""

    channels: int
    side: int
    train_samples: int
    test_samples: int


_GRAY = Form(1, 28, 60_000, 10_000)

FORMS: Mapping[str, Form] = MappingProxyType(
    {"MNIST": _GRAY, "FashionMNIST": _GRAY, "CIFAR10": Form(3, 32, 50_000, 10_000)}
)
"""The sets it can stand in for."""


def generate(name: str, seed: int, samples: int) -> tuple[Tensor, Tensor]:
    """Images and labels in the form of a set, the same for the same arguments.

    Args:
        name: Name of the set to stand in for; different sets get different shapes.
        seed: Picks everything random.
        samples: How many; the first ones do not depend on it.

    Returns:
        Images in 0..255, `samples` x height x width, then x 3 where they have color, and their
        class numbers.
    """
    random = Generator().manual_seed(zlib.crc32(f"{name}/{seed}".encode()))
    shapes = _shapes(FORMS[name], random)
    chunks = [_chunk(shapes, random) for _ in range(0, samples, _CHUNK)]
    images, labels = zip(*chunks, strict=True)
    return torch.cat(images)[:samples], torch.cat(labels)[:samples]


def _shapes(form: Form, random: Generator) -> Tensor:
    coarse = torch.randn(CLASSES * _SHAPES_PER_CLASS, form.channels, 6, 6, generator=random)
    smooth = functional.interpolate(
        coarse, size=(form.side, form.side), mode="bicubic", align_corners=True
    )
    return torch.sigmoid(6 * (smooth - 0.3))


def _chunk(shapes: Tensor, random: Generator) -> tuple[Tensor, Tensor]:
    labels = torch.randint(0, CLASSES, (_CHUNK,), generator=random)
    style = torch.randint(0, _SHAPES_PER_CLASS, (_CHUNK,), generator=random)
    other = torch.randint(0, len(shapes), (_CHUNK,), generator=random)
    trace = _LARGEST_TRACE * torch.rand(_CHUNK, 1, 1, 1, generator=random)
    mixed = (1 - trace) * shapes[labels * _SHAPES_PER_CLASS + style] + trace * shapes[other]
    grid = functional.affine_grid(_movements(random), list(mixed.shape), align_corners=False)
    moved = functional.grid_sample(mixed, grid, align_corners=False)
    light = _DARKEST + (1 - _DARKEST) * torch.rand(_CHUNK, 1, 1, 1, generator=random)
    noisy = moved * light + _NOISE * torch.randn(moved.shape, generator=random)
    images = (noisy.clamp_(0, 1) * 255).to(torch.uint8)
    return images.permute(0, 2, 3, 1).squeeze(3), labels


def _movements(random: Generator) -> Tensor:
    def within(limit: float) -> Tensor:
        return (torch.rand(_CHUNK, generator=random) * 2 - 1) * limit

    turn, scale = within(_LARGEST_TURN_RAD), 1 + within(_LARGEST_SCALING)
    cos, sin = scale * torch.cos(turn), scale * torch.sin(turn)
    across, down = within(_LARGEST_SHIFT), within(_LARGEST_SHIFT)
    rows = torch.stack([cos, -sin, across, sin, cos, down], dim=1)
    return rows.view(_CHUNK, 2, 3)
