"""Trains a model, by epochs or by calls on one batch, from its data to its last figure."""

from __future__ import annotations

from functools import partial

import torch

from runners.events import DataReady, EpochFinished, ModelReady, Stage, WarningRaised
from runners.worker import inference, network, shared_memory
from runners.worker.channel import EventChannel
from runners.worker.data import sets
from runners.worker.data.sets import DataSet
from runners.worker.devices import Device
from runners.worker.inputs import Inputs, make_inputs
from runners.worker.loader_alone import LoaderAlone
from runners.worker.metrics import ItemMetrics, ResidentMetrics
from runners.worker.models import RECIPES, Recipe
from runners.worker.stop import Stop
from runners.worker.train import Trainer
from runners.workloads import JobSettings, Kind, Probe, Workload

_IMAGES_TO_START_FROM = 5_000


def run(
    workload: Workload, settings: JobSettings, device: Device, channel: EventChannel, stop: Stop
) -> None:
    """Train, and unless it is on one batch or a probe, test as well.

    Raises:
        StopAsked: A stop was asked for.
        WorkerError: Something is missing or does not fit; see `sets.load`, `make_inputs` and
            `network.build`.
    """
    recipe = RECIPES[workload.name]
    data, inputs = _prepare_data(workload, recipe, settings, device, channel, stop)
    if settings.probe is Probe.LOADER:
        _take_batches(settings, device, channel, inputs, stop)
        return
    trained = _build(recipe, settings, device, channel, data, inputs)
    if settings.compile:
        trained = _compile(workload, settings, device, channel, inputs, trained)
    # To make data, or to compile, takes more memory than training may, and not in each run.
    device.forget_peak_memory()
    if workload.kind is Kind.ONE_BATCH:
        _call(settings, device, channel, inputs, trained, stop)
        return
    _train(settings, device, channel, inputs, trained, stop)


def _prepare_data(
    workload: Workload,
    recipe: Recipe,
    settings: JobSettings,
    device: Device,
    channel: EventChannel,
    stop: Stop,
) -> tuple[DataSet, Inputs]:
    with channel.stage(Stage.DATA_LOAD), stop.at_once():
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
            set_samples=data.train_in_set,
        )
    )
    if (warning := shared_memory.shortage(data, settings, shared_memory.free_bytes())) is not None:
        channel.send(WarningRaised(text=warning))
    with channel.stage(Stage.PREPROCESS), stop.at_once():
        inputs = make_inputs(data, recipe, settings, device.torch_device)
        device.synchronize()
    return data, inputs


def _build(
    recipe: Recipe,
    settings: JobSettings,
    device: Device,
    channel: EventChannel,
    data: DataSet,
    inputs: Inputs,
) -> network.Network:
    with channel.stage(Stage.MODEL_BUILD):
        images = None
        if recipe.start_from_images is not None:
            count = min(_IMAGES_TO_START_FROM, len(data.train))
            images = torch.stack([data.train[i][0] for i in range(count)]).to(device.torch_device)
        built = network.build(
            recipe,
            settings,
            device.torch_device,
            steps=settings.epochs * len(inputs.train),
            images=images,
        )
        device.synchronize()
    channel.send(
        ModelReady(
            parameters=built.parameters(),
            trainable_parameters=built.trainable_parameters(),
            weights=built.weights,
        )
    )
    return built


def _compile(
    workload: Workload,
    settings: JobSettings,
    device: Device,
    channel: EventChannel,
    inputs: Inputs,
    built: network.Network,
) -> network.Network:
    """Compile ahead of the first epoch; one batch is compiled within the first call on it."""
    last = inputs.train_samples % settings.batch_size
    sizes = {min(settings.batch_size, inputs.train_samples), last or settings.batch_size}
    with channel.stage(Stage.COMPILE):
        compiled = network.compiled(built)
        if workload.kind is not Kind.ONE_BATCH:
            network.compile_ahead(compiled, inputs.sample, sorted(sizes, reverse=True))
        device.synchronize()
    return compiled


def _take_batches(
    settings: JobSettings, device: Device, channel: EventChannel, inputs: Inputs, stop: Stop
) -> None:
    device.forget_peak_memory()
    loader = LoaderAlone(settings, inputs.train, inputs.train_samples, device, channel, stop)
    for epoch in range(1, settings.epochs + 1):
        stop.check()
        _log_epoch(settings, loader.run_epoch(epoch))


def _train(
    settings: JobSettings,
    device: Device,
    channel: EventChannel,
    inputs: Inputs,
    trained: network.Network,
    stop: Stop,
) -> None:
    never_read = partial(ResidentMetrics, device.torch_device)
    new_metrics = never_read if settings.probe is Probe.UNREAD else None
    trainer = Trainer(settings, trained, inputs, device, channel, stop, new_metrics=new_metrics)
    for epoch in range(1, settings.epochs + 1):
        stop.check()
        _log_epoch(settings, trainer.run_epoch(epoch))
        if settings.probe is not None:
            continue
        tested = inference.evaluate(
            trained, inputs, device, epoch=epoch, variant=settings.variant, stop=stop
        )
        channel.send(tested)
        _log(f"  test loss {tested.test_loss:.4f}, accuracy {tested.test_accuracy:.4f}")
    if settings.probe is None:
        channel.send(inference.measure_latency(trained, inputs, device, stop))


def _call(
    settings: JobSettings,
    device: Device,
    channel: EventChannel,
    inputs: Inputs,
    trained: network.Network,
    stop: Stop,
) -> None:
    """Make the calls: each copies the batch to the device, trains on it and reads its loss."""
    trainer = Trainer(settings, trained, inputs, device, channel, stop, new_metrics=ItemMetrics)
    for call in range(1, settings.epochs + 1):
        stop.check()
        done = trainer.run_epoch(call)
        _log(f"call {call}/{settings.epochs}: {done.epoch_s:.4f} s, loss {done.train_loss:.4f}")


def _log_epoch(settings: JobSettings, done: EpochFinished) -> None:
    loss = "" if done.train_loss is None else f", loss {done.train_loss:.4f}"
    _log(
        f"epoch {done.epoch}/{settings.epochs}: {done.epoch_s:.3f} s, "
        f"{done.samples / done.epoch_s:,.0f} samples/s{loss}"
    )


def _log(line: str) -> None:
    print(line, flush=True)
