"""One job from the device to the last figure, each stage told as it comes."""

from __future__ import annotations

import torch

from runners.events import DataReady, DeviceReady, JobDone, ModelReady, Stage, WarningRaised
from runners.worker import inference, network
from runners.worker.channel import EventChannel
from runners.worker.data import sets
from runners.worker.devices import Device, open_device, versions
from runners.worker.inputs import Inputs, make_inputs
from runners.worker.models import RECIPES, Recipe
from runners.worker.stop import Stop, StopAsked
from runners.worker.train import Trainer
from runners.workloads import JobSettings, Variant
from runners.workloads.catalogue import CATALOGUE


def run(settings: JobSettings, channel: EventChannel, stop: Stop) -> None:
    """Do what the settings ask for, or the part of it before a stop is asked for."""
    device: Device | None = None
    interrupted = False
    try:
        device = _open_device(settings, channel)
        stop.check()
        inputs, recipe = _prepare_data(settings, channel, device, stop)
        # Making data takes more memory than training does, and only the first run makes it.
        device.forget_peak_memory()
        trained = _build(settings, channel, device, recipe, inputs)
        _train(settings, channel, device, inputs, trained, stop)
    except StopAsked:
        interrupted = True
    channel.send(
        JobDone(
            interrupted=interrupted,
            dropped_events=channel.dropped_events,
            peak_memory_bytes=device.peak_memory_bytes() if device else None,
        )
    )


def _open_device(settings: JobSettings, channel: EventChannel) -> Device:
    with channel.stage(Stage.DEVICE_INIT):
        if settings.threads:
            torch.set_num_threads(settings.threads)
        elif settings.cores:
            torch.set_num_threads(len(settings.cores))
        device = open_device(settings.device)
        torch.backends.cudnn.benchmark = settings.variant is Variant.TUNED
    channel.send(
        DeviceReady(
            device_name=device.name,
            device_uuid=device.uuid,
            versions=versions(),
            threads=torch.get_num_threads(),
            matmul_precision=torch.get_float32_matmul_precision(),
            notes=_notes(settings),
        )
    )
    return device


def _notes(settings: JobSettings) -> tuple[str, ...]:
    notes = []
    on_cuda = settings.device.startswith("cuda")
    if on_cuda and torch.backends.cudnn.allow_tf32:
        notes.append("cuDNN may use TF32 in float32 convolutions")
    if on_cuda and torch.backends.cudnn.benchmark:
        notes.append("cuDNN tries its algorithms in the first epoch and keeps the fastest")
    if settings.compile:
        notes.append("compiled on zeros ahead of the first epoch; evaluation is not compiled")
    return tuple(notes)


def _prepare_data(
    settings: JobSettings, channel: EventChannel, device: Device, stop: Stop
) -> tuple[Inputs, Recipe]:
    workload, recipe = CATALOGUE[settings.workload], RECIPES[settings.workload]
    with channel.stage(Stage.DATA_LOAD):
        data = sets.load(workload, recipe, settings)
    for text in data.warnings:
        channel.send(WarningRaised(text=text))
    channel.send(
        DataReady(
            source=data.source,
            name=data.name,
            path=str(data.root),
            train_samples=len(data.train),
            test_samples=len(data.test),
        )
    )
    stop.check()
    with channel.stage(Stage.PREPROCESS):
        inputs = make_inputs(data, recipe, settings, device.torch_device)
        device.synchronize()
    stop.check()
    return inputs, recipe


def _build(
    settings: JobSettings, channel: EventChannel, device: Device, recipe: Recipe, inputs: Inputs
) -> network.Network:
    with channel.stage(Stage.MODEL_BUILD):
        built = network.build(recipe, settings, device.torch_device)
        device.synchronize()
    channel.send(
        ModelReady(parameters=built.parameters(), trainable_parameters=built.trainable_parameters())
    )
    if settings.compile:
        sample_shape = inputs.sample.shape[1:]
        last = inputs.train_samples % settings.batch_size
        sizes = {min(settings.batch_size, inputs.train_samples), last or settings.batch_size}
        with channel.stage(Stage.COMPILE):
            network.compile_ahead(
                built,
                [torch.Size((size, *sample_shape)) for size in sorted(sizes, reverse=True)],
                device.torch_device,
            )
            device.synchronize()
    return built


def _train(
    settings: JobSettings,
    channel: EventChannel,
    device: Device,
    inputs: Inputs,
    trained: network.Network,
    stop: Stop,
) -> None:
    trainer = Trainer(settings, trained, inputs, device, channel, stop)
    for epoch in range(1, settings.epochs + 1):
        stop.check()
        done = trainer.run_epoch(epoch)
        _log(
            f"epoch {epoch}/{settings.epochs}: {done.epoch_s:.3f} s, "
            f"{done.samples / done.epoch_s:,.0f} samples/s, loss {done.train_loss:.4f}"
        )
        tested = inference.evaluate(
            trained, inputs, device, epoch=epoch, variant=settings.variant, stop=stop
        )
        channel.send(tested)
        _log(f"  test loss {tested.test_loss:.4f}, accuracy {tested.test_accuracy:.4f}")
    channel.send(inference.measure_latency(trained, inputs, device, stop))


def _log(line: str) -> None:
    print(line, flush=True)
