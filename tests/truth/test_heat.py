"""A card that its readings show as slowed by heat or power is named; nothing real runs here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing
from runners.diagnosis.records import Bottleneck, Diagnosis
from runners.events import DataReady, DeviceReady, Event, JobDone
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Plan
from runners.state import ComparisonState
from runners.workloads import JobSettings
from tests.fakes.looks import GPU, HW_THERMAL, POWER_CAP, gpu, look
from tests.fakes.training import epoch, settings

EPOCH_S = 2.0
LOOK_EVERY_S = 1.0


class Card:
    """Trains on a card that is looked at once a second, by a clock of its own.

    Args:
        bits: What holds its clocks all the time, as NVML tells it.
        sm_clock_mhz: Its clock; the highest is 1,980.
    """

    def __init__(self, bits: int, sm_clock_mhz: int) -> None:
        self._reading = gpu(bits=bits, sm_clock_mhz=sm_clock_mhz)
        self._now_s = 0.0
        self._comparison: Comparison | None = None

    async def run_plan(self, plan: Plan) -> ComparisonState:
        self._comparison = Comparison(
            plan, lambda *_: None, run_worker=self._train, clock=lambda: self._now_s
        )
        return await self._comparison.run()

    async def _train(self, job: JobSettings, on_event: Callable[[Event], None]) -> None:
        samples = job.train_samples or 1_000
        on_event(WorkerStarted(pid=1, mono_s=self._now_s))
        on_event(DeviceReady(device_name="H200", device_uuid=GPU, versions={}, threads=1))
        on_event(
            DataReady(
                source="generated", name="MNIST", path="-", train_samples=samples, test_samples=10
            )
        )
        self._look()
        for number in range(1, job.epochs + 1):
            finished = epoch(number, EPOCH_S, samples=samples, started_mono_s=self._now_s)
            for _ in range(int(EPOCH_S / LOOK_EVERY_S)):
                self._now_s += LOOK_EVERY_S
                self._look()
            on_event(finished)
        on_event(JobDone(interrupted=False, dropped_events=0))
        self._now_s += LOOK_EVERY_S
        self._look()
        on_event(WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=self._now_s))

    def _look(self) -> None:
        assert self._comparison is not None
        self._comparison.observe(look(self._now_s, self._reading))


async def found_on(card: Card) -> Diagnosis:
    diagnosing = Diagnosing(settings(device="cuda:0"), run_plan=card.run_plan)
    found = diagnose(await diagnosing.run())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("bits", "word"), [(HW_THERMAL, "hw-thermal"), (POWER_CAP, "power-cap")], ids=["heat", "power"]
)
async def test_a_limit_that_holds_the_clock_down_is_named(bits: int, word: str) -> None:
    found = await found_on(Card(bits, 1_200))

    assert found.bottleneck is Bottleneck.THROTTLED
    assert found.shares.throttled is not None
    assert found.shares.throttled.value == pytest.approx(1.0)
    assert word in " ".join((found.sentence, *found.evidence))


@pytest.mark.parametrize("bits", [0, POWER_CAP], ids=["none", "a power limit that costs nothing"])
async def test_a_card_at_its_full_clock_is_not_throttled(bits: int) -> None:
    found = await found_on(Card(bits, 1_980))

    assert found.bottleneck is not Bottleneck.THROTTLED
    assert found.shares.throttled is not None
    assert found.shares.throttled.value == 0.0
