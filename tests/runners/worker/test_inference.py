"""How often a model is asked for one answer."""

from __future__ import annotations

import pytest
import torch

from runners.worker.devices import Device
from runners.worker.inference import measure_latency
from runners.worker.inputs import Inputs
from runners.worker.models import RECIPES
from runners.worker.network import build
from runners.worker.stop import Stop
from runners.workloads import JobSettings

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
SETTINGS = JobSettings(workload="mlp", device="cpu", batch_size=1, epochs=1)
INPUTS = Inputs(
    train=[], train_samples=0, test=[], test_samples=0, sample=torch.zeros(1, 1, 28, 28)
)


@pytest.mark.parametrize(("patience_s", "calls"), [(60.0, 100), (0.0, 10)])
def test_a_model_too_slow_for_all_calls_gets_fewer(patience_s: float, calls: int) -> None:
    network = build(RECIPES["mlp"], SETTINGS, CPU)
    measured = measure_latency(network, INPUTS, Device(CPU), Stop(), patience_s=patience_s)
    assert len(measured.latencies_ms) == calls
    assert min(measured.latencies_ms) > 0
