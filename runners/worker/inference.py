"""The trained model at work: over the test set, and sample by sample."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from runners.events import EvaluationFinished, LatencyMeasured
from runners.worker.devices import Device
from runners.worker.inputs import Inputs
from runners.worker.metrics import metrics_for
from runners.worker.network import Network
from runners.worker.stop import Stop
from runners.workloads import Variant

_WARM_UP_CALLS = 20
_TIMED_CALLS = 100
# What is made of a model so slow that all of the calls would take longer than the patience.
_FEWEST_WARM_UP_CALLS = 2
_FEWEST_TIMED_CALLS = 10
_PATIENCE_S = 10.0
_MS_PER_S = 1000.0


def evaluate(
    network: Network, inputs: Inputs, device: Device, *, epoch: int, variant: Variant, stop: Stop
) -> EvaluationFinished:
    """Run the test set once.

    Raises:
        StopAsked: A stop was asked for meanwhile.
    """
    metrics = metrics_for(variant, device.torch_device)
    network.module.eval()
    device.synchronize()
    start_s = time.perf_counter()
    with torch.no_grad():
        for batch, labels in inputs.test:
            samples, targets = batch.to(device.torch_device), labels.to(device.torch_device)
            with network.precision():
                prediction = network.module(samples)
                loss = network.loss(prediction, targets)
            metrics.add(loss, prediction, targets)
            stop.check()
    device.synchronize()
    return EvaluationFinished(
        epoch=epoch,
        eval_s=time.perf_counter() - start_s,
        samples=metrics.samples,
        test_loss=metrics.loss(),
        test_accuracy=metrics.accuracy(),
    )


def measure_latency(
    network: Network,
    inputs: Inputs,
    device: Device,
    stop: Stop,
    *,
    patience_s: float = _PATIENCE_S,
) -> LatencyMeasured:
    """Time forward passes of one sample that lies on the device, each waited for.

    Args:
        network: The model.
        inputs: Has the sample.
        device: Where both lie.
        stop: Asks for a stop.
        patience_s: Seconds after which a slow model's fewer calls have to do.

    Raises:
        StopAsked: A stop was asked for meanwhile.
    """
    network.module.eval()

    def call_ms() -> float:
        stop.check()
        device.synchronize()
        start_s = time.perf_counter()
        with network.precision():
            network.module(inputs.sample)
        device.synchronize()
        return (time.perf_counter() - start_s) * _MS_PER_S

    with torch.no_grad():
        _calls(call_ms, _FEWEST_WARM_UP_CALLS, _WARM_UP_CALLS, patience_s / 5)
        timed_ms = _calls(call_ms, _FEWEST_TIMED_CALLS, _TIMED_CALLS, patience_s)
    return LatencyMeasured(latencies_ms=tuple(timed_ms))


def _calls(call_ms: Callable[[], float], fewest: int, most: int, patience_s: float) -> list[float]:
    calls_ms: list[float] = []
    while len(calls_ms) < fewest or (
        len(calls_ms) < most and sum(calls_ms) < patience_s * _MS_PER_S
    ):
        calls_ms.append(call_ms())
    return calls_ms
