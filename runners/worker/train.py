"""The training loop: one epoch, the device synchronized at both ends and nowhere between."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from torch import Tensor

from runners.events import EpochFinished, EpochStarted, StepProgress
from runners.worker.channel import PROGRESS_EVERY_S, EventChannel
from runners.worker.devices import Device
from runners.worker.inputs import Inputs
from runners.worker.loader_use import LoaderWatch
from runners.worker.metrics import Metrics, metrics_for
from runners.worker.network import Network
from runners.worker.stop import Stop
from runners.worker.unit import time_unit
from runners.workloads import JobSettings


class Trainer:
    """Trains a network and tells of each epoch."""

    def __init__(
        self,
        settings: JobSettings,
        network: Network,
        inputs: Inputs,
        device: Device,
        channel: EventChannel,
        stop: Stop,
        *,
        new_metrics: Callable[[], Metrics] | None = None,
    ) -> None:
        """Prepare to train.

        Args:
            settings: The job.
            network: What is trained.
            inputs: Its batches.
            device: Where.
            channel: Where each epoch is told of.
            stop: Asks for a stop.
            new_metrics: Makes the sums of an epoch; None for those of the job's variant.
        """
        self._settings = settings
        self._network = network
        self._inputs = inputs
        self._device = device
        self._channel = channel
        self._stop = stop
        self._new_metrics = new_metrics or partial(
            metrics_for, settings.variant, device.torch_device
        )
        self._timer = device.phase_timer(wanted=settings.phase_timing)
        self._loader = LoaderWatch.of(inputs.train, lambda: channel.steps_done)
        self._copied_bytes: int | None = None

    def run_epoch(self, epoch: int) -> EpochFinished:
        """Train on all samples once and send what became of it.

        Raises:
            StopAsked: A stop was asked for; the step under way is finished, the epoch is not.
                After its last step an epoch is finished.
        """
        steps = len(self._inputs.train)
        metrics = self._new_metrics()
        self._network.module.train()
        self._channel.send(
            EpochStarted(
                epoch=epoch,
                epochs=self._settings.epochs,
                steps=steps,
                samples=self._inputs.train_samples,
            )
        )
        unit = time_unit(
            self._device,
            lambda: self._run_steps(epoch, steps, metrics),
            epoch=epoch,
            samples=self._inputs.train_samples,
            steps=steps,
            is_watched=self._settings.phase_timing,
            timer=self._timer,
            loader=self._loader,
        )
        finished = replace(
            unit,
            train_loss=metrics.loss(),
            train_accuracy=metrics.accuracy(),
            copied_bytes=self._copied_bytes,
        )
        self._channel.send(finished)
        return finished

    def _run_steps(self, epoch: int, steps: int, metrics: Metrics) -> None:
        device, timer, channel = self._device.torch_device, self._timer, self._channel
        model, loss_of, optimizer = self._network.model, self._network.loss, self._network.optimizer
        mark, precision, now = timer.mark, self._network.precision, time.perf_counter
        schedule, non_blocking = self._network.schedule, self._inputs.non_blocking
        start_s = told_s = now()
        for step, (samples, labels) in enumerate(timer.batches(self._inputs.train), start=1):
            inputs = samples.to(device, non_blocking=non_blocking)
            targets = labels.to(device, non_blocking=non_blocking)
            mark()
            with precision():
                prediction = model(inputs)
                loss = loss_of(prediction, targets)
            mark()
            loss.backward()
            mark()
            optimizer.step()
            optimizer.zero_grad()
            if schedule is not None:
                schedule.step()
            mark()
            metrics.add(loss, prediction, targets)
            channel.steps_done += 1
            if (time_s := now()) - told_s >= PROGRESS_EVERY_S:
                told_s = time_s
                channel.send(
                    StepProgress(
                        epoch=epoch,
                        step=step,
                        steps=steps,
                        samples=metrics.samples,
                        elapsed_s=time_s - start_s,
                        phases=timer.phases(),
                        train_loss=metrics.loss_so_far(),
                    )
                )
            if step < steps:
                self._stop.check()
        copies = ((samples, inputs), (labels, targets))
        self._copied_bytes = _copied_bytes(self._inputs.train_samples, copies)


def _copied_bytes(samples: int, copies: Sequence[tuple[Tensor, Tensor]]) -> int | None:
    """Bytes that a pass over so many samples copies to the device, as one of its batches tells.

    Args:
        samples: Samples of the pass.
        copies: Tensors of the batch as they came, each with what lies on the device: itself
            where it lay there already.

    Returns:
        None where nothing is copied.
    """
    copied = [tensor for tensor, there in copies if there is not tensor]
    return sum(t.nbytes for t in copied) * samples // len(copied[0]) if copied else None
