"""What runs without a screen is looked at meanwhile."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from runners.events import Event
from runners.launching.launch import run_worker
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved
from runners.spec import RunKey
from runners.state import ComparisonState, RunStatus
from runners.workloads import JobSettings
from sensors.readings import Reading
from sensors.wanted import Wanted
from tests.fakes.looks import look
from tests.fakes.saved import history as history_of
from tests.fakes.training import fake_command, finished_run, plan, replayed
from tui.commands.progress import Progress
from tui.commands.running import run_plan


class FakeSampler:
    """Hands out a reading from a thread of its own whenever it is asked to, a second apart."""

    def __init__(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float,
        wanted: Callable[[], Wanted],
    ) -> None:
        self.interval_s = interval_s
        self.wanted = wanted
        self.is_running = False
        self._on_reading = on_reading
        self._seconds: Iterator[int] = iter(range(100))

    def start(self) -> None:
        self.is_running = True

    def read_now(self) -> None:
        reading = look(float(next(self._seconds)), throttled_s=1.0, cpu_busy_pct=50.0)
        thread = threading.Thread(target=self._on_reading, args=(reading,))
        thread.start()
        thread.join()

    def stop(self) -> None:
        self.is_running = False


class Room:
    """Runs one job of two epochs with a look after each of its events."""

    def __init__(self) -> None:
        self.samplers: list[FakeSampler] = []

    def make(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float = 1.0,
        wanted: Callable[[], Wanted],
    ) -> FakeSampler:
        self.samplers.append(FakeSampler(on_reading, interval_s=interval_s, wanted=wanted))
        return self.samplers[-1]

    async def work(self, _settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        (sampler,) = self.samplers
        assert sampler.is_running
        assert not sampler.wanted().processes
        for event in finished_run(2.0, 2.0):
            sampler.read_now()
            on_event(event)


@pytest.fixture
def progress() -> Progress:
    return Progress(io.StringIO(), quiet=False, is_live=False)


async def test_looks_are_taken_while_a_plan_runs_and_kept_with_its_epochs(
    progress: Progress, history_file: Path
) -> None:
    room, of, history = Room(), plan("cpu"), history_of(history_file)
    recorder = history.begin(of, None)
    state, _ = await run_plan(of, progress, room.work, recorder=recorder, make_sampler=room.make)
    kept = history.load(1).state
    history.close()
    found = state.runs[RunKey(job=0, trial=0)].machine

    assert list(found) == [1, 2]
    assert isinstance(found[2], EpochMachine)
    assert found[2].throttled_s == 0.0
    assert found[2].cpu_busy_pct == 50.0
    assert not room.samplers[0].is_running
    assert kept == state


async def test_epochs_of_a_worker_process_are_told_of(progress: Progress) -> None:
    room, of = Room(), plan("cpu")
    worker = partial(run_worker, command=fake_command("normal"))

    async def work(settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        for _ in range(4):
            room.samplers[0].read_now()
        await worker(settings, on_event)

    state, _ = await run_plan(of, progress, work, make_sampler=room.make)
    (run,) = state.runs.values()

    assert run.status is RunStatus.DONE
    assert [epoch.epoch for epoch in run.epochs] == list(run.machine) == [1, 2, 3]
    # As that worker says: 1.5 s of CPU time in epochs of 2, 1 and 1 s.
    assert [machine.own_cores_busy for machine in run.machine.values()] == [0.75, 1.5, 1.5]


def test_the_first_epoch_that_heat_slowed_is_told_of_at_once() -> None:
    stream = io.StringIO()
    progress = Progress(stream, quiet=False, is_live=False)
    (key,) = ComparisonState.of(plan("cuda:0")).runs
    state = replayed(plan("cuda:0"), finished_run(4.1, 4.1, 4.1))
    hot = EpochMachine(
        looks=4, sm_clock_mhz=1410, sm_clock_max_mhz=1980, clock_limit_s={"sw-thermal": 3.2}
    )
    for number, machine in enumerate((EpochMachine(looks=4), hot, hot), 1):
        progress.show(state, key, EpochObserved(epoch=number, machine=machine))

    assert stream.getvalue() == (
        "racetop: cuda:0: epoch 2 was slowed by sw-thermal for 3.2 of 4.1 s, "
        "clock 1,410 of 1,980 MHz\n"
    )


async def test_a_run_is_not_told_to_be_silent_after_its_end_because_of_a_look(
    progress: Progress,
) -> None:
    room = Room()
    await run_plan(plan("cpu"), progress, room.work, make_sampler=room.make)

    assert progress._sign_of_life_s == {}
