"""The product's training loop, on batches that cost nothing to make, with a timer of our own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import torch

from benchmarks.gpu.timers import HostEvent
from runners.events import EpochFinished, Phases
from runners.worker.batches import Batches
from runners.worker.channel import EventChannel
from runners.worker.devices import Device, open_device
from runners.worker.inputs import Batch, Inputs, ResidentBatches
from runners.worker.models import RECIPES
from runners.worker.network import build
from runners.worker.stop import Stop
from runners.worker.timing import DeviceEvent, DeviceTimer, NoTimer, PhaseTimer
from runners.worker.train import Trainer
from runners.workloads import JobSettings, Variant
from runners.workloads.catalogue import CATALOGUE

_ALL_STEPS = 1_000_000


class SleepyBatches:
    """Batches that are there, but only after a nap.

    Attributes:
        slept_s: Seconds slept so far, by the host's clock.
    """

    def __init__(self, batches: Sequence[Batch], nap_s: float) -> None:
        self._batches = batches
        self._nap_s = nap_s
        self.slept_s = 0.0

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            since_s = time.perf_counter()
            time.sleep(self._nap_s)
            self.slept_s += time.perf_counter() - since_s
            yield batch


class Loop:
    """One network and its batches; each epoch can have another timer.

    Attributes:
        steps: Steps of an epoch.
    """

    def __init__(
        self, workload: str, device: str, variant: Variant, *, batch: int, steps: int
    ) -> None:
        self.steps = steps
        self._device = _TimedDevice(open_device(device).torch_device)
        if self._device.type == "cpu":
            # A rehearsal is not the only one on its machine; threads that wait for each other are.
            torch.set_num_threads(1)
        # As the worker sets it.
        torch.backends.cudnn.benchmark = variant is Variant.TUNED
        self._settings = JobSettings(
            workload=workload, device=device, variant=variant, batch_size=batch, epochs=1
        )
        self._network = build(RECIPES[workload], self._settings, self._device.torch_device)
        self._channel = EventChannel(os.open(os.devnull, os.O_WRONLY))
        self._train = self._made_batches()

    def close(self) -> None:
        """End the thread that writes events."""
        self._channel.close()

    def epoch(self, timer: PhaseTimer, train: Batches | None = None) -> EpochFinished:
        """Train one epoch under a timer, on other batches where some are given."""
        self._device.timer = timer
        source = self._train if train is None else train
        inputs = Inputs(
            train=source,
            train_samples=len(source) * self._settings.batch_size,
            test=[],
            test_samples=0,
            sample=torch.empty(0),
        )
        trainer = Trainer(
            self._settings, self._network, inputs, self._device, self._channel, Stop()
        )
        return trainer.run_epoch(1)

    def host_batches(self) -> list[Batch]:
        """The same batch of noise for each step, in the host's memory."""
        generator = torch.Generator().manual_seed(0)
        workload = CATALOGUE[self._settings.workload]
        size = self._settings.batch_size
        images = torch.rand((size, *workload.input_shape), generator=generator)
        labels = torch.randint(workload.classes, (size,), generator=generator)
        return [(images, labels)] * self.steps

    def product_timer(self) -> PhaseTimer:
        """The product's own; in a rehearsal the same one with the host's clock below it."""
        if self._device.type == "cpu":
            return DeviceTimer(HostEvent)
        return Device.phase_timer(self._device, wanted=True)

    def every_step_timer(self) -> DeviceTimer:
        """The product's, marking each step instead of a share of them."""
        return DeviceTimer(self.new_event, sampled_steps=_ALL_STEPS)

    def new_event(self) -> DeviceEvent:
        """A mark in the device's queue."""
        if self._device.type == "cpu":
            return HostEvent()
        return torch.cuda.Event(enable_timing=True)

    def synchronize(self) -> None:
        """Wait until all work given to the device is done."""
        self._device.synchronize()

    def _made_batches(self) -> Batches:
        batches = self.host_batches()
        if self._settings.variant is not Variant.TUNED:
            return batches
        images, labels = batches[0]
        device = self._device.torch_device
        return ResidentBatches(
            images.to(device).repeat(self.steps, 1, 1, 1),
            labels.to(device).repeat(self.steps),
            self._settings.batch_size,
            seed=0,
        )


class _TimedDevice(Device):
    """A device whose timer is given."""

    timer: PhaseTimer = NoTimer()

    def phase_timer(self, *, wanted: bool) -> PhaseTimer:  # noqa: ARG002 - it is given
        """The timer that was given."""
        return self.timer


def large_batch(
    workload: str, device: str, variant: Variant, *, step_s: float, largest: int, share: float
) -> int:
    """A batch size whose step keeps the device busy for so long that launching is no matter.

    Args:
        workload: Name in the catalogue.
        device: A CUDA device.
        variant: How the loop is driven.
        step_s: Seconds a step is to take.
        largest: Not more than this.
        share: Share of the device's free memory that may be used.
    """
    torch_device, batch = torch.device(device), 1_024
    # What earlier loops left in torch's cache counts as free.
    torch.cuda.empty_cache()
    free_bytes, _ = torch.cuda.mem_get_info(torch_device)
    while batch < largest:
        loop = Loop(workload, device, variant, batch=batch, steps=2)
        loop.epoch(NoTimer())
        torch.cuda.reset_peak_memory_stats(torch_device)
        took_s = loop.epoch(NoTimer()).epoch_s / loop.steps
        peak_bytes = torch.cuda.max_memory_allocated(torch_device)
        loop.close()
        del loop
        torch.cuda.empty_cache()
        if took_s >= step_s or 2 * peak_bytes > share * free_bytes:
            break
        batch *= 2
    return batch


def phase_seconds(phases: Phases) -> dict[str, float]:
    """The phases of the device by name, and their sum."""
    named = {
        "host_to_device": phases.host_to_device_s or 0.0,
        "forward": phases.forward_s or 0.0,
        "backward": phases.backward_s or 0.0,
        "optimizer": phases.optimizer_s or 0.0,
    }
    return {**named, "total": sum(named.values())}
