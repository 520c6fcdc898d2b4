"""The trained model at work: over the test set, and sample by sample."""

from __future__ import annotations

import time

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
        for images, labels in inputs.test:
            samples, targets = images.to(device.torch_device), labels.to(device.torch_device)
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
    network: Network, inputs: Inputs, device: Device, stop: Stop
) -> LatencyMeasured:
    """Time forward passes of one sample that lies on the device, each waited for.

    Raises:
        StopAsked: A stop was asked for meanwhile.
    """
    network.module.eval()
    calls_ms = []
    with torch.no_grad():
        for _ in range(_WARM_UP_CALLS + _TIMED_CALLS):
            device.synchronize()
            start_s = time.perf_counter()
            with network.precision():
                network.module(inputs.sample)
            device.synchronize()
            calls_ms.append((time.perf_counter() - start_s) * _MS_PER_S)
            stop.check()
    return LatencyMeasured(latencies_ms=tuple(calls_ms[_WARM_UP_CALLS:]))
