"""Layer by layer, on models of a few numbers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from runners.worker.devices import Device
from runners.worker.layer_times import times_of

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


class Model(nn.Module):
    """Uses one layer twice, another never, and adds without a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(3, 3)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.9))
        self.twice = nn.ReLU()
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training or torch.is_grad_enabled())
        result: Tensor = self.twice(self.twice(self.body(x)) + x)
        return result


class Waits(Device):
    """The CPU, counting how often it is waited for."""

    waits = 0

    def synchronize(self) -> None:
        self.waits += 1


def test_each_layer_is_told_of_once_in_the_order_of_use() -> None:
    layers = times_of(Model(), torch.zeros(1, 4), Device(CPU), warm_passes=5)
    assert [(layer.name, layer.layer) for layer in layers] == [
        ("body.0", "Linear"),
        ("body.1", "Dropout"),
        ("twice", "ReLU"),
    ]
    assert all(layer.cold_ms > 0 and len(layer.warm_ms) == 5 for layer in layers)
    assert all(min(layer.warm_ms) > 0 for layer in layers)


def test_the_model_answers_as_in_use_and_learns_nothing() -> None:
    model = Model()
    times_of(model, torch.zeros(1, 4), Device(CPU), warm_passes=2)
    assert model.modes == [False] * 3


def test_the_device_is_waited_for_before_and_after_each_layer() -> None:
    device = Waits(CPU)
    times_of(Model(), torch.zeros(1, 4), device, warm_passes=0)
    assert device.waits == 2 * 4
