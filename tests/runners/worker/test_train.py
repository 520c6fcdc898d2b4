"""The training loop with parts that are slow on purpose: time lands where it was planted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from runners.events import EpochFinished, Phases, StepProgress, WorkerEvent
from runners.events.wire import decode
from runners.worker import train
from runners.worker.channel import EventChannel
from runners.worker.devices import Device
from runners.worker.inputs import Inputs
from runners.worker.models import RECIPES
from runners.worker.network import Network
from runners.worker.stop import Stop
from runners.worker.timing import HostTimer, PhaseTimer
from runners.worker.train import Trainer
from runners.workloads import JobSettings
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.torch

PHASES = ("data_wait_s", "host_to_device_s", "forward_s", "backward_s", "optimizer_s")
STEPS, BATCH, LAST = 6, 4, 2
SAMPLES = (STEPS - 1) * BATCH + LAST

Sleep = Callable[[float], None]
Naps = dict[str, float]


class Far:
    """A tensor that has to be copied, which takes a while."""

    def __init__(self, tensor: Tensor, sleep: Callable[[], None]) -> None:
        self._tensor = tensor
        self._sleep = sleep
        self.nbytes = tensor.nbytes

    def __len__(self) -> int:
        return len(self._tensor)

    def to(self, *_args: Any, **_options: Any) -> Tensor:
        self._sleep()
        return self._tensor


class Slow:
    """Every part of a training, each with a nap in every step."""

    def __init__(self, sleep: Sleep, naps: Naps) -> None:
        self._naps = naps
        self._sleep = sleep
        self.module = SlowModule(lambda: self.nap("forward_s"), lambda: self.nap("backward_s"))
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=0.1)
        self.optimizer.register_step_pre_hook(lambda *_: self.nap("optimizer_s"))

    def nap(self, phase: str) -> None:
        if nap_s := self._naps.get(phase):
            self._sleep(nap_s)

    def __len__(self) -> int:
        return STEPS

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]:
        for size in (*[BATCH] * (STEPS - 1), LAST):
            self.nap("data_wait_s")
            images, labels = torch.zeros(size, 3), torch.zeros(size, dtype=torch.int64)
            if "host_to_device_s" in self._naps:
                yield Far(images, lambda: self.nap("host_to_device_s")), labels
            else:
                yield images, labels

    def network(self) -> Network:
        return Network(
            model=self.module,
            module=self.module,
            loss=nn.CrossEntropyLoss(),
            optimizer=self.optimizer,
            precision=torch.enable_grad,
            schedule=None,
            input_kind=RECIPES["mlp"].input_kind,
            weights=None,
        )


class SlowModule(nn.Module):
    def __init__(self, forward_nap: Callable[[], None], backward_nap: Callable[[], None]) -> None:
        super().__init__()
        self._layer = nn.Linear(3, 2)
        self._forward_nap = forward_nap
        self._backward_nap = backward_nap

    def forward(self, images: Tensor) -> Tensor:
        self._forward_nap()
        scores: Tensor = self._layer(images)
        scores.register_hook(lambda _gradient: self._backward_nap())
        return scores


class Timed(Device):
    """The CPU, under a timer that is given."""

    def __init__(self, timer: PhaseTimer) -> None:
        super().__init__(torch.device("cpu"))
        self._timer = timer

    def phase_timer(self, *, wanted: bool) -> PhaseTimer:
        assert wanted
        return self._timer


def trained(slow: Slow, device: Device) -> tuple[EpochFinished, list[StepProgress]]:
    """An epoch, and what was told within it."""
    settings = JobSettings(workload="mlp", device="cpu", batch_size=BATCH, epochs=1)
    inputs = Inputs(
        train=slow, train_samples=SAMPLES, test=[], test_samples=0, sample=torch.zeros(1, 3)
    )
    read_fd, write_fd = os.pipe()
    channel = EventChannel(write_fd)
    trainer = Trainer(settings, slow.network(), inputs, device, channel, Stop())
    finished = trainer.run_epoch(1)
    channel.close()
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as stream:
        events: list[WorkerEvent] = [decode(line) for line in stream]
    return finished, [event for event in events if isinstance(event, StepProgress)]


def values(phases: Phases) -> dict[str, float | None]:
    return {name: getattr(phases, name) for name in PHASES}


@pytest.mark.parametrize("planted", PHASES)
def test_time_lands_in_the_phase_it_was_planted_in_and_nowhere_else(planted: str) -> None:
    clock = FakeClock()
    slow = Slow(clock.advance, {planted: 0.5})
    finished, _ = trained(slow, Timed(HostTimer(clock)))
    assert values(finished.phases) == {**dict.fromkeys(PHASES, 0.0), planted: STEPS * 0.5}
    assert finished.step_times is not None
    assert getattr(finished.step_times, planted) == (0.5,) * 6
    assert finished.step_times.whole_s == (0.5,) * 6
    assert finished.first_wait_s == (0.5 if planted == "data_wait_s" else 0.0)


def test_what_is_told_within_an_epoch_ends_up_as_what_is_told_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train, "PROGRESS_EVERY_S", 0.0)
    clock = FakeClock()
    naps = dict(zip(PHASES, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True))
    finished, told = trained(Slow(clock.advance, naps), Timed(HostTimer(clock)))
    assert [values(event.phases) for event in told] == [
        {phase: step * nap_s for phase, nap_s in naps.items()} for step in range(1, STEPS + 1)
    ]
    assert told[-1].phases == finished.phases


def test_a_real_epoch_is_its_phases_and_little_else() -> None:
    naps = dict(zip(PHASES, (0.02, 0.01, 0.015, 0.01, 0.01), strict=True))
    finished, _ = trained(Slow(time.sleep, naps), Device(torch.device("cpu")))
    for phase, found_s in values(finished.phases).items():
        assert found_s is not None
        assert found_s >= STEPS * naps[phase]
    total_s = finished.phases.total_s()
    assert total_s is not None
    assert 0.8 * finished.epoch_s < total_s <= finished.epoch_s


def test_what_is_copied_is_told_in_bytes_of_the_whole_pass() -> None:
    clock = FakeClock()
    far, _ = trained(Slow(clock.advance, {"host_to_device_s": 0.5}), Timed(HostTimer(clock)))
    # Three numbers of four bytes a sample; the labels lie where they are needed.
    assert far.copied_bytes == SAMPLES * 3 * 4
    near, _ = trained(Slow(clock.advance, {}), Timed(HostTimer(clock)))
    assert near.copied_bytes is None
