"""A decoder-only transformer over bytes."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_TOKENS = 256
_CONTEXT = 256
_WIDTH = 640
_LAYERS = 10
_HEADS = 10
_FIRST_STD = 0.02
# What is added up over the layers starts smaller, so that the sum does not grow.
_SUMMED_STD = _FIRST_STD / math.sqrt(2 * _LAYERS)


class Transformer(nn.Module):
    """Guesses the byte after each byte.

    Layers normalize before they work; positions are learned; the head is the embedding itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = nn.Embedding(_TOKENS, _WIDTH)
        self.positions = nn.Embedding(_CONTEXT, _WIDTH)
        self.blocks = nn.Sequential(*(_Block() for _ in range(_LAYERS)))
        self.norm = nn.LayerNorm(_WIDTH)
        for embedding in (self.bytes, self.positions):
            nn.init.normal_(embedding.weight, std=_FIRST_STD)

    def forward(self, tokens: Tensor) -> Tensor:
        """Scores (batch, 256, length) of the bytes after `tokens` (batch, length up to 256)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        features = self.blocks(self.bytes(tokens) + self.positions(places))
        scores = functional.linear(self.norm(features), self.bytes.weight)
        return scores.transpose(1, 2)


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(_WIDTH)
        self.attention = _Attention()
        self.feed_norm = nn.LayerNorm(_WIDTH)
        self.feed = nn.Sequential(
            _linear(_WIDTH, 4 * _WIDTH), nn.GELU(), _linear(4 * _WIDTH, _WIDTH, std=_SUMMED_STD)
        )

    def forward(self, features: Tensor) -> Tensor:
        features = features + self.attention(self.attention_norm(features))
        return cast("Tensor", features + self.feed(self.feed_norm(features)))


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inward = _linear(_WIDTH, 3 * _WIDTH)
        self.out = _linear(_WIDTH, _WIDTH, std=_SUMMED_STD)

    def forward(self, features: Tensor) -> Tensor:
        # (batch, length, 3, heads, width of a head) -> 3 times (batch, heads, length, width)
        split = self.inward(features).unflatten(2, (3, _HEADS, _WIDTH // _HEADS))
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return cast("Tensor", self.out(mixed.transpose(1, 2).flatten(2)))


def _linear(width_in: int, width_out: int, *, std: float = _FIRST_STD) -> nn.Linear:
    layer = nn.Linear(width_in, width_out)
    nn.init.normal_(layer.weight, std=std)
    nn.init.zeros_(layer.bias)
    return layer
