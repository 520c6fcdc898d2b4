"""The training loop: one epoch, the device synchronized at both ends and nowhere between."""

from __future__ import annotations

import resource
import time

from runners.events import EpochFinished, EpochStarted, StepProgress
from runners.worker.channel import EventChannel
from runners.worker.devices import Device
from runners.worker.inputs import Inputs
from runners.worker.metrics import Metrics, metrics_for
from runners.worker.network import Network
from runners.worker.stop import Stop
from runners.workloads import JobSettings

_PROGRESS_EVERY_S = 0.5


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
    ) -> None:
        self._settings = settings
        self._network = network
        self._inputs = inputs
        self._device = device
        self._channel = channel
        self._stop = stop
        self._timer = device.phase_timer(wanted=settings.phase_timing)

    def run_epoch(self, epoch: int) -> EpochFinished:
        """Train on all samples once and send what became of it.

        Raises:
            StopAsked: A stop was asked for; the step under way is finished, the epoch is not.
        """
        steps = len(self._inputs.train)
        metrics = metrics_for(self._settings.variant, self._device.torch_device)
        self._network.module.train()
        self._channel.send(
            EpochStarted(
                epoch=epoch,
                epochs=self._settings.epochs,
                steps=steps,
                samples=self._inputs.train_samples,
            )
        )
        self._device.synchronize()
        process_start_s, mono_s, start_s = _process_s(), time.monotonic(), time.perf_counter()
        self._run_steps(epoch, steps, metrics)
        self._device.synchronize()
        epoch_s, process_s = time.perf_counter() - start_s, _process_s() - process_start_s
        finished = EpochFinished(
            epoch=epoch,
            started_mono_s=mono_s,
            epoch_s=epoch_s,
            process_s=process_s,
            samples=metrics.samples,
            steps=steps,
            train_loss=metrics.loss(),
            train_accuracy=metrics.accuracy(),
            phases=self._timer.phases(),
            phase_clock=self._timer.clock,
            device_idle_s=self._timer.device_idle_s(),
            peak_memory_bytes=self._device.peak_memory_bytes(),
            peak_reserved_bytes=self._device.peak_reserved_bytes(),
        )
        self._channel.send(finished)
        return finished

    def _run_steps(self, epoch: int, steps: int, metrics: Metrics) -> None:
        device, timer, channel = self._device.torch_device, self._timer, self._channel
        model, loss_of, optimizer = self._network.model, self._network.loss, self._network.optimizer
        mark, precision, check, now = (
            timer.mark,
            self._network.precision,
            self._stop.check,
            time.perf_counter,
        )
        start_s = told_s = now()
        for step, (images, labels) in enumerate(timer.batches(self._inputs.train), start=1):
            inputs, targets = images.to(device), labels.to(device)
            mark()
            with precision():
                prediction = model(inputs)
                loss = loss_of(prediction, targets)
            mark()
            loss.backward()
            mark()
            optimizer.step()
            optimizer.zero_grad()
            mark()
            metrics.add(loss, prediction, targets)
            channel.steps_done += 1
            if (time_s := now()) - told_s >= _PROGRESS_EVERY_S:
                told_s = time_s
                channel.send(
                    StepProgress(
                        epoch=epoch,
                        step=step,
                        steps=steps,
                        samples=metrics.samples,
                        elapsed_s=time_s - start_s,
                        data_wait_s=timer.data_wait_s(),
                        train_loss=metrics.loss_so_far(),
                    )
                )
            check()


def _process_s() -> float:
    """CPU time of this process and of all its ended children.

    At the edges of an epoch that covers the loader processes: they live within it.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
