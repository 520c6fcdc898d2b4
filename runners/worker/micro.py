"""The micro tasks: one piece of work at a time, without any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from runners.events import EpochStarted, ModelReady, Stage, WarningRaised
from runners.worker.channel import EventChannel
from runners.worker.devices import Device
from runners.worker.libraries import load_torchvision
from runners.worker.network import place, precision_of
from runners.worker.stop import Stop
from runners.worker.unit import time_unit
from runners.workloads import JobSettings, Precision, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task, ready to be called.

    Attributes:
        call: Does it once.
        module: The model in it, if any.
        ignores: Options of a comparison that make no difference to it, beside `_NEVER_USED`.
    """

    call: Callable[[], object]
    module: nn.Module | None = None
    ignores: frozenset[str] = frozenset()


def run(
    workload: Workload, settings: JobSettings, device: Device, channel: EventChannel, stop: Stop
) -> None:
    """Make the task and call it as often as asked for.

    Raises:
        StopAsked: A stop was asked for; calls that are done are told of.
        WorkerError: torchvision is missing or broken, and the task needs it.
    """
    has_model = workload.parameters > 0
    with channel.stage(Stage.MODEL_BUILD if has_model else Stage.PREPROCESS), stop.at_once():
        torch.manual_seed(settings.seed)
        task = TASKS[workload.name](workload, settings, device.torch_device)
        device.synchronize()
    if task.module is not None:
        parameters = sum(p.numel() for p in task.module.parameters())
        channel.send(ModelReady(parameters=parameters, trainable_parameters=parameters))
    for option in sorted((_NEVER_USED | task.ignores) & _options_given(settings)):
        channel.send(WarningRaised(text=f"{option} makes no difference to {workload.name}."))
    device.forget_peak_memory()
    for call in range(1, settings.epochs + 1):
        stop.check()
        channel.send(
            EpochStarted(epoch=call, epochs=settings.epochs, steps=1, samples=settings.batch_size)
        )
        with torch.no_grad():
            unit = time_unit(
                device,
                task.call,
                epoch=call,
                samples=settings.batch_size,
                steps=1,
                is_watched=settings.phase_timing,
            )
        channel.steps_done += 1
        channel.send(unit)
        print(f"call {call}/{settings.epochs}: {unit.epoch_s:.4f} s", flush=True)


def _options_given(settings: JobSettings) -> frozenset[str]:
    given = {
        "--compile": settings.compile,
        "--precision": settings.precision is not Precision.FP32,
        "--workers": settings.workers > 0,
        "--layers": settings.layers,
    }
    return frozenset(option for option, is_given in given.items() if is_given)


_NEVER_USED = frozenset({"--workers", "--layers"})


def _matmul(workload: Workload, settings: JobSettings, device: torch.device) -> Task:
    """The product of two matrices that lie on the device, or of a batch of such pairs."""
    is_half = settings.precision is Precision.BF16
    kind = torch.bfloat16 if is_half else torch.float32
    several = (settings.batch_size,) if settings.batch_size > 1 else ()
    one, two = (torch.randn(*several, *workload.input_shape).to(device, kind) for _ in range(2))
    return Task(call=lambda: one @ two, ignores=frozenset({"--compile"}))


def _resize(workload: Workload, settings: JobSettings, device: torch.device) -> Task:
    """Each image is copied to the device and made an eighth smaller there."""
    load_torchvision()
    from torchvision.transforms import v2

    side = workload.input_shape[-1] * 7 // 8
    return _image_by_image(v2.Resize((side, side), antialias=True), workload, settings, device)


def _augment(workload: Workload, settings: JobSettings, device: torch.device) -> Task:
    """Each image is copied to the device and changed at random there, each in its own way."""
    load_torchvision()
    from torchvision.transforms import v2

    side = workload.input_shape[-1]
    change = v2.Compose(
        [
            v2.RandomCrop(side, padding=side // 8),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
        ]
    )
    return _image_by_image(change, workload, settings, device)


def _inference(workload: Workload, settings: JobSettings, device: torch.device) -> Task:
    """A batch is copied to the device and classified there by a model with random weights."""
    load_torchvision()
    from torchvision.models import resnet18

    module = place(resnet18(weights=None, num_classes=workload.classes).eval(), settings, device)
    model = torch.compile(module) if settings.compile else module
    images = torch.rand(settings.batch_size, *workload.input_shape)
    precision = precision_of(settings, device)

    def call() -> object:
        with precision():
            return model(images.to(device))

    return Task(call=call, module=module)


def _image_by_image(
    change: Callable[[Tensor], Tensor],
    workload: Workload,
    settings: JobSettings,
    device: torch.device,
) -> Task:
    shape = (settings.batch_size, *workload.input_shape)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    return Task(
        call=lambda: [change(image.to(device)) for image in images],
        ignores=frozenset({"--compile", "--precision"}),
    )


MakeTask = Callable[[Workload, JobSettings, torch.device], Task]

TASKS: Mapping[str, MakeTask] = MappingProxyType(
    {"matmul": _matmul, "resize": _resize, "augment": _augment, "inference": _inference}
)
"""Makes each micro task of the catalogue, its inputs drawn from torch's seed."""
