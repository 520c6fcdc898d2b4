"""One job from the device to the last figure, each stage told as it comes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from runners.events import DeviceReady, ErrorKind, JobDone, Stage
from runners.worker import layers
from runners.worker.channel import EventChannel
from runners.worker.devices import Device, open_for, versions
from runners.worker.errors import WorkerError
from runners.worker.libraries import load_torchvision
from runners.worker.stop import Stop, StopAsked
from runners.workloads import WHOLE_LOOP, JobSettings, Kind, Variant, Workload
from runners.workloads.catalogue import CATALOGUE

Work = Callable[[Workload, JobSettings, Device, EventChannel, Stop], None]


def run(settings: JobSettings, channel: EventChannel, stop: Stop) -> None:
    """Do what the settings ask for, or the part of it before a stop is asked for.

    Raises:
        WorkerError: It cannot be done; the remedy says what to do.
    """
    workload = CATALOGUE[settings.workload]
    _refuse_misuse(workload, settings)
    device: Device | None = None
    interrupted = False
    try:
        device = _open_device(workload, settings, channel)
        stop.check()
        work_of(workload)(workload, settings, device, channel, stop)
        if settings.layers and workload.kind is not Kind.MICRO:
            device.release_cached_memory()
            layers.measure(settings, channel, stop)
    except StopAsked:
        interrupted = True
    channel.send(
        JobDone(
            interrupted=interrupted,
            dropped_events=channel.dropped_events,
            peak_memory_bytes=device.peak_memory_bytes() if device else None,
        )
    )


def work_of(workload: Workload) -> Work:
    """What does a workload once its device is open; imported when it is asked for.

    Raises:
        WorkerError: torchvision is missing or broken, and it is needed to find the data.
    """
    if workload.kind is Kind.MICRO:
        from runners.worker import micro

        return micro.run
    load_torchvision()
    from runners.worker import training

    return training.run


def _refuse_misuse(workload: Workload, settings: JobSettings) -> None:
    """A probe tells something only of a loop with epochs and an input of its own."""
    if settings.probe in WHOLE_LOOP:
        return
    if workload.kind is not Kind.TRAINING:
        why = f"{workload.name} has no epochs: it does the same work in each call."
    elif settings.variant is Variant.IDEAL:
        why = "the ideal variant keeps its batches on the device already."
    else:
        return
    raise WorkerError(
        ErrorKind.EXCEPTION,
        f"There is nothing to leave out for the probe {settings.probe}: {why}",
        f"Take a workload with epochs, as {Variant.AS_WRITTEN} or {Variant.TUNED}.",
    )


def _open_device(workload: Workload, settings: JobSettings, channel: EventChannel) -> Device:
    with channel.stage(Stage.DEVICE_INIT):
        device = open_for(settings)
    channel.send(
        DeviceReady(
            device_name=device.name,
            device_uuid=device.uuid,
            versions=versions(),
            threads=torch.get_num_threads(),
            matmul_precision=torch.get_float32_matmul_precision(),
            notes=_notes(workload, settings),
        )
    )
    return device


def _notes(workload: Workload, settings: JobSettings) -> tuple[str, ...]:
    notes = []
    on_cuda = settings.device.startswith("cuda")
    if on_cuda and torch.backends.cudnn.allow_tf32:
        notes.append("cuDNN may use TF32 in float32 convolutions")
    if on_cuda and torch.backends.cudnn.benchmark:
        notes.append(f"cuDNN tries its algorithms in the first {workload.unit}, keeps the fastest")
    if settings.compile and workload.kind is Kind.TRAINING:
        notes.append("compiled on zeros ahead of the first epoch; evaluation is not compiled")
    elif settings.compile:
        notes.append("compiled within call 1")
    return tuple(notes)
