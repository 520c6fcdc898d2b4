"""Times each layer of a model, cold and warm; runs in a process that did nothing before."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from runners.events import LayersMeasured, LayerTimes
from runners.events.wire import encode
from runners.worker import network
from runners.worker.devices import Device, open_for
from runners.worker.errors import failure_of
from runners.worker.models import RECIPES, InputKind
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE

_BATCH_SIZE = 1
_WARM_PASSES = 20
_MS_PER_S = 1000.0


def main(text: str) -> int:
    """Print the layers' times as one event on stdout, or on stderr why they are not known.

    Args:
        text: The job's settings, as JSON.

    Returns:
        The exit status: 0 done, 1 failed.
    """
    settings = JobSettings.from_wire(json.loads(text))
    # The worker is asked to stop and ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        measured = _of_job(settings)
    except Exception as error:  # noqa: BLE001 - every failure is told, none is lost
        print(failure_of(error, settings).message, file=sys.stderr, flush=True)
        return 1
    sys.stdout.buffer.write(encode(measured))
    return 0


def times_of(
    module: nn.Module,
    sample: Tensor,
    device: Device,
    *,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
    warm_passes: int = _WARM_PASSES,
) -> tuple[LayerTimes, ...]:
    """Time the layers that have no layers of their own, in the order in which they are first used.

    What a model does outside of such layers is not covered. A layer that is used several times in
    a pass is told of once, with the sum.

    Args:
        module: The model, on the device.
        sample: A batch, on the device.
        device: Synchronized around each layer.
        precision: Makes the context of a forward pass.
        warm_passes: Forward passes after the first one.
    """
    module.eval()
    names = {layer: name for name, layer in module.named_modules() if not list(layer.children())}
    spent_ms: dict[nn.Module, float] = {}
    for layer in names:
        _put_under_watch(layer, device, spent_ms)
    passes = []
    with torch.no_grad():
        for _ in range(1 + warm_passes):
            spent_ms.clear()
            with precision():
                module(sample)
            passes.append(dict(spent_ms))
    cold, *warm = passes
    return tuple(
        LayerTimes(
            name=names[layer],
            layer=type(layer).__name__,
            cold_ms=cold_ms,
            warm_ms=tuple(spent[layer] for spent in warm),
        )
        for layer, cold_ms in cold.items()
    )


def _put_under_watch(layer: nn.Module, device: Device, spent_ms: dict[nn.Module, float]) -> None:
    """Add the time of each of its forward passes, the device synchronized around it, to a sum."""
    started_s = 0.0

    def start(_layer: nn.Module, _inputs: object) -> None:
        nonlocal started_s
        device.synchronize()
        started_s = time.perf_counter()

    def end(_layer: nn.Module, _inputs: object, _output: object) -> None:
        device.synchronize()
        took_ms = (time.perf_counter() - started_s) * _MS_PER_S
        spent_ms[layer] = spent_ms.get(layer, 0.0) + took_ms

    layer.register_forward_pre_hook(start)
    layer.register_forward_hook(end)


def _of_job(settings: JobSettings) -> LayersMeasured:
    # They change nothing about what a layer's arithmetic takes.
    plain = replace(settings, weights=None)
    device = open_for(plain)
    built = network.build(RECIPES[plain.workload], plain, device.torch_device)
    shape = (_BATCH_SIZE, *CATALOGUE[plain.workload].input_shape)
    if built.input_kind is InputKind.TOKENS:
        sample = torch.randint(0, CATALOGUE[plain.workload].classes, shape)
    else:
        sample = torch.rand(shape)
    layers = times_of(
        built.module, sample.to(device.torch_device), device, precision=built.precision
    )
    return LayersMeasured(batch_size=_BATCH_SIZE, layers=layers)
