from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from runners.worker.errors import WorkerError
from runners.worker.models import RECIPES
from runners.worker.network import Network, build, compile_ahead, place
from runners.workloads import JobSettings, Precision, Variant

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
SETTINGS = JobSettings(workload="mnist-cnn", device="cpu", batch_size=8, epochs=1)
TUNED = replace(SETTINGS, variant=Variant.TUNED)


def built(settings: JobSettings, steps: int | None = None) -> Network:
    return build(RECIPES[settings.workload], settings, CPU, steps=steps)


def is_channels_last(network: Network) -> bool:
    return all(
        layer.weight.is_contiguous(memory_format=torch.channels_last)
        for layer in network.module.modules()
        if isinstance(layer, nn.Conv2d)
    )


def is_fused(network: Network) -> bool:
    return bool(network.optimizer.param_groups[0]["fused"])


def test_the_seed_decides_the_first_weights() -> None:
    one, two = built(SETTINGS), built(SETTINGS)
    other = built(replace(SETTINGS, seed=1))
    weights = [next(iter(n.module.parameters())) for n in (one, two, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("variant", list(Variant))
def test_memory_format_and_optimizer_follow_the_variant_where_nothing_is_asked(
    variant: Variant,
) -> None:
    network = built(replace(SETTINGS, variant=variant))
    assert is_channels_last(network) == (variant is Variant.TUNED)
    assert is_fused(network) == (variant is Variant.TUNED)


def test_memory_format_and_optimizer_are_those_asked_for() -> None:
    network = built(replace(TUNED, channels_last=False, fused=False))
    assert not is_channels_last(network)
    assert not is_fused(network)
    network = built(replace(SETTINGS, channels_last=True, fused=True))
    assert is_channels_last(network)
    assert is_fused(network)


def test_an_optimizer_without_a_fused_form_is_used_as_it_is() -> None:
    def without_fused(
        model: nn.Module,
        *,
        batch_size: int,  # noqa: ARG001 - part of the protocol
        fused: bool | None = None,
    ) -> torch.optim.Optimizer:
        if fused:
            raise RuntimeError("`fused=True` requires another device")
        return torch.optim.SGD(model.parameters(), lr=1.0)

    network = build(replace(RECIPES["mlp"], optimizer=without_fused), TUNED, CPU)
    assert not is_fused(network)


def test_a_model_without_convolutions_keeps_its_memory_format() -> None:
    module = nn.Linear(4, 4)
    assert place(module, TUNED, CPU) is module
    assert module.weight.is_contiguous()


def test_a_schedule_needs_to_know_how_many_steps_there_are() -> None:
    settings = replace(TUNED, workload="airbench94")
    assert built(settings).schedule is None
    assert built(settings, steps=10).schedule is not None
    assert built(TUNED, steps=10).schedule is None


def test_precision_is_that_of_the_forward_pass() -> None:
    images = torch.zeros(2, 1, 28, 28)
    for precision, dtype in ((Precision.FP32, torch.float32), (Precision.BF16, torch.bfloat16)):
        network = built(replace(TUNED, precision=precision))
        with network.precision():
            assert network.model(images).dtype is dtype


def test_weights_for_a_workload_that_takes_none_are_refused() -> None:
    with pytest.raises(WorkerError, match="mnist-cnn starts from random weights") as caught:
        built(replace(SETTINGS, weights="w.pt"))
    assert "--weights" in caught.value.remedy


class Seen(nn.Module):
    """Stands for a model; keeps what it was called with."""

    def __init__(self, inner: nn.Module, bias: Tensor | None) -> None:
        super().__init__()
        self.inner = inner
        self.bias = [bias] if bias is not None else []
        self.calls: list[tuple[torch.Size, torch.dtype, list[bool]]] = []

    def forward(self, samples: Tensor) -> Tensor:
        trainable = [bias.requires_grad for bias in self.bias]
        self.calls.append((samples.shape, samples.dtype, trainable))
        prediction = self.inner(samples)
        assert isinstance(prediction, Tensor)
        return prediction


def watched(network: Network, bias: Tensor | None = None) -> tuple[Network, Seen]:
    seen = Seen(network.module, bias)
    return replace(network, model=seen), seen


def states(network: Network) -> Iterator[Tensor]:
    yield from network.module.state_dict().values()


def test_compiling_ahead_meets_all_that_training_will() -> None:
    network = built(replace(TUNED, workload="airbench94"), steps=10)
    assert network.schedule is not None
    (bias,) = network.schedule.frozen_later
    network, seen = watched(network, bias)
    before = [value.clone() for value in states(network)]
    compile_ahead(network, torch.zeros(1, 3, 32, 32), [4, 2])
    assert [(shape[0], trainable) for shape, _, trainable in seen.calls] == [
        (4, [True]),
        (4, [False]),
        (2, [True]),
        (2, [False]),
    ]
    assert bias.requires_grad
    assert all(torch.equal(a, b) for a, b in zip(before, states(network), strict=True))
    assert not network.optimizer.state


def test_compiling_ahead_gives_a_text_model_tokens() -> None:
    network, seen = watched(built(replace(TUNED, workload="transformer-50m")))
    compile_ahead(network, torch.zeros(1, 8, dtype=torch.int64), [1])
    assert seen.calls == [(torch.Size((1, 8)), torch.int64, [])]
