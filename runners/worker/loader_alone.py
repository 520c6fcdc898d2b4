"""The training input by itself: its batches are taken, and nothing is trained."""

from __future__ import annotations

import time

from runners.events import EpochFinished, EpochStarted, StepProgress
from runners.worker.batches import Batches
from runners.worker.channel import PROGRESS_EVERY_S, EventChannel
from runners.worker.devices import Device
from runners.worker.loader_use import LoaderWatch
from runners.worker.stop import Stop
from runners.worker.timing import HostTimer, NoTimer
from runners.worker.unit import time_unit
from runners.workloads import JobSettings


class LoaderAlone:
    """Takes batches from the training input as fast as they come, and does nothing with them."""

    def __init__(
        self,
        settings: JobSettings,
        train: Batches,
        samples: int,
        device: Device,
        channel: EventChannel,
        stop: Stop,
    ) -> None:
        """Prepare to take batches.

        Args:
            settings: The job.
            train: Where batches come from.
            samples: Samples in a pass.
            device: Synchronized at both ends of a pass.
            channel: Where each pass is told of, as an epoch.
            stop: Asks for a stop.
        """
        self._settings = settings
        self._train = train
        self._samples = samples
        self._device = device
        self._channel = channel
        self._stop = stop
        self._timer = HostTimer() if settings.phase_timing else NoTimer()
        self._loader = LoaderWatch.of(train, lambda: channel.steps_done)

    def run_epoch(self, epoch: int) -> EpochFinished:
        """Take all batches once and send what became of it.

        Raises:
            StopAsked: A stop was asked for, and there are batches left.
        """
        steps = len(self._train)
        self._channel.send(
            EpochStarted(
                epoch=epoch, epochs=self._settings.epochs, steps=steps, samples=self._samples
            )
        )
        unit = time_unit(
            self._device,
            lambda: self._take_all(epoch, steps),
            epoch=epoch,
            samples=self._samples,
            steps=steps,
            is_watched=self._settings.phase_timing,
            timer=self._timer,
            loader=self._loader,
        )
        self._channel.send(unit)
        return unit

    def _take_all(self, epoch: int, steps: int) -> None:
        now, timer, channel = time.perf_counter, self._timer, self._channel
        samples = 0
        start_s = told_s = now()
        for step, (_, labels) in enumerate(timer.batches(self._train), start=1):
            samples += len(labels)
            channel.steps_done += 1
            if (time_s := now()) - told_s >= PROGRESS_EVERY_S:
                told_s = time_s
                channel.send(
                    StepProgress(
                        epoch=epoch,
                        step=step,
                        steps=steps,
                        samples=samples,
                        elapsed_s=time_s - start_s,
                        phases=timer.phases(),
                    )
                )
            if step < steps:
                self._stop.check()
