from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from runners.worker.models.transformer import Transformer

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return Transformer().eval()


@pytest.fixture
def tokens() -> Tensor:
    return torch.randint(256, (2, 12), generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_a_guess_depends_on_no_later_byte(model: nn.Module, tokens: Tensor) -> None:
    changed = tokens.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 256
    one, two = model(tokens), model(changed)
    assert torch.allclose(one[:, :, :7], two[:, :, :7], atol=1e-5)
    assert not torch.allclose(one[:, :, 7:], two[:, :, 7:], atol=1e-2)


@torch.no_grad()
def test_the_place_of_a_byte_matters(model: nn.Module) -> None:
    scores = model(torch.zeros(1, 5, dtype=torch.int64))
    assert not torch.allclose(scores[:, :, 0], scores[:, :, 4], atol=1e-2)


@torch.no_grad()
def test_it_starts_as_if_every_byte_were_as_likely(model: nn.Module, tokens: Tensor) -> None:
    loss = nn.functional.cross_entropy(model(tokens), tokens.roll(1))
    assert loss.item() == pytest.approx(math.log(256), abs=0.3)


def test_the_head_is_the_embedding(model: nn.Module) -> None:
    names = [name for name, p in model.named_parameters() if p.shape == (256, 640)]
    assert names == ["bytes.weight", "positions.weight"]
