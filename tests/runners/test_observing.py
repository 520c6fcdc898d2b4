"""Looks at the machine become figures of the epochs of a comparison."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from runners.comparison import Comparison
from runners.events import DeviceReady, EpochStarted, Event, JobDone, Phases, StepProgress
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved, WorkerExited
from runners.spec import Plan, RunKey
from runners.state import ComparisonState
from runners.workloads import JobSettings
from tests.fakes.looks import GPU, gpu, look, silent
from tests.fakes.training import epoch, plan

Step = Event | Callable[[], None]


class Kept:
    """A recorder that notes what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_finished = False

    def event(self, _key: RunKey, event: Event) -> None:
        assert not self.is_finished
        self.events.append(event)

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        raise AssertionError((keys, why))

    def finish(self, _state: ComparisonState) -> None:
        self.is_finished = True


class Scripted:
    """A comparison of one job, whose worker says what a script holds; looks come in between."""

    def __init__(self, plan: Plan, *, now_s: float = 100.0) -> None:
        self.kept = Kept()
        self.changes: list[Event | None] = []
        self.looks_asked = 0
        self.script: list[Step] = []
        self.comparison = Comparison(
            plan,
            lambda _state, _key, event: self.changes.append(event),
            run_worker=self.run,
            recorder=self.kept,
            look_now=self.asked,
            clock=lambda: now_s,
        )

    def asked(self) -> None:
        self.looks_asked += 1

    def looks(self, *seconds: float, busy_pct: float = 90.0) -> None:
        """Put looks at these moments into the script."""
        for at_s in seconds:
            reading = look(at_s, gpu(busy_pct=busy_pct))
            self.script.append(lambda reading=reading: self.comparison.observe(reading))  # type: ignore[misc]

    def says(self, *events: Event) -> None:
        self.script.extend(events)

    async def run(self, _settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        for step in self.script:
            if isinstance(step, Event):
                on_event(step)
            else:
                step()
            await asyncio.sleep(0)

    async def machine(self) -> dict[int, EpochMachine]:
        state = await self.comparison.run()
        (run,) = state.runs.values()
        return dict(run.machine)

    @property
    def observed(self) -> list[int]:
        return [e.epoch for e in self.kept.events if isinstance(e, EpochObserved)]


def on_gpu() -> DeviceReady:
    return DeviceReady(device_name="H200", device_uuid=GPU, versions={}, threads=1)


ENDED = (
    JobDone(interrupted=False, dropped_events=0),
    WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=0.0),
)


async def test_an_epoch_is_told_of_by_the_first_look_after_its_end() -> None:
    scripted = Scripted(plan("cuda:0"))
    scripted.says(on_gpu())
    scripted.looks(99.0, 100.0, 101.0)
    scripted.says(epoch(1, 4.0, started_mono_s=100.0, process_s=4.0))
    scripted.looks(102.0, 103.0)
    scripted.script.append(lambda: scripted.changes.append(None))
    scripted.looks(104.0)
    scripted.says(epoch(2, 1.0, started_mono_s=104.0))
    scripted.looks(105.5)
    scripted.says(*ENDED)
    found = await scripted.machine()

    assert list(found) == [1, 2]
    assert found[1].gpu_busy_pct == 90.0
    assert found[1].own_cores_busy == 1.0
    assert scripted.observed == [1, 2]
    kinds = [type(event) for event in scripted.changes]
    assert kinds.index(EpochObserved) > kinds.index(type(None))
    assert scripted.looks_asked == 0


async def test_steps_tell_of_the_data_wait_in_which_the_gpu_idled() -> None:
    scripted = Scripted(plan("cuda:0"))
    scripted.looks(10.0)
    scripted.says(
        on_gpu(),
        EpochStarted(epoch=1, epochs=1, steps=10, samples=10, mono_s=10.0),
        *(
            StepProgress(
                epoch=1, step=1, steps=10, samples=1, elapsed_s=1.0, mono_s=at_s,
                phases=Phases(data_wait_s=waited_s),
            )
            for at_s, waited_s in ((13.0, 0.0), (14.0, 0.9))
        ),
        epoch(1, 6.0, started_mono_s=10.0, phases=Phases(data_wait_s=1.0)),
    )  # fmt: skip
    scripted.looks(11.0, 12.0, 13.0)
    scripted.looks(14.0, busy_pct=10.0)
    scripted.looks(15.0, 16.0)
    scripted.says(*ENDED)
    found = await scripted.machine()

    assert (found[1].dips, found[1].dips_in_wait) == (1, 1)


async def test_an_epochs_edges_ask_for_a_look_unless_one_was_just_there() -> None:
    scripted = Scripted(plan("cpu"), now_s=100.0)
    started = EpochStarted(epoch=1, epochs=1, steps=10, samples=10, mono_s=100.0)
    scripted.says(started)
    scripted.looks(99.0)
    scripted.says(started)
    scripted.looks(99.6)
    scripted.says(started, epoch(1, 1.0, started_mono_s=98.0), *ENDED)
    await scripted.machine()

    assert scripted.looks_asked == 1


async def test_without_a_look_there_are_no_figures_and_nothing_is_waited_for() -> None:
    scripted = Scripted(plan("cpu"))
    scripted.says(epoch(1, 1.0, started_mono_s=99.0), *ENDED)

    assert await scripted.machine() == {}
    assert scripted.observed == []
    assert scripted.looks_asked == 0


async def test_the_last_epoch_is_told_of_by_a_look_that_is_asked_for() -> None:
    scripted = Scripted(plan("cpu"))

    def look_now() -> None:
        asyncio.get_running_loop().call_soon(scripted.comparison.observe, look(100.0))

    scripted.comparison._look_now = look_now
    scripted.looks(98.0, 99.0)
    scripted.says(epoch(1, 1.5, started_mono_s=98.25, process_s=1.5), *ENDED)
    found = await scripted.machine()

    assert found[1].other_cores_busy == 0.0
    assert found[1].disk_read_bytes is None
    assert scripted.kept.is_finished


async def test_where_no_look_comes_any_more_what_is_known_is_told() -> None:
    scripted = Scripted(plan("cpu"), now_s=200.0)
    scripted.looks(98.0, 99.0)
    scripted.says(epoch(1, 1.5, started_mono_s=98.25), *ENDED)
    found = await scripted.machine()

    assert found[1].looks == 1
    # As the epoch ended; none was to be expected at the end.
    assert scripted.looks_asked == 1


async def test_a_gpu_that_hangs_is_not_waited_for_for_ever() -> None:
    scripted = Scripted(plan("cuda:0"))
    scripted.says(on_gpu())
    scripted.looks(99.0, 100.0)
    scripted.says(epoch(1, 1.0, started_mono_s=99.5))
    hung = [silent(look(100.0, gpu()), at_s) for at_s in (101.0, 105.4, 105.6)]
    before = []
    for reading in hung:
        scripted.script.append(lambda: before.append(len(scripted.observed)))
        scripted.script.append(lambda reading=reading: scripted.comparison.observe(reading))  # type: ignore[misc]
    scripted.says(*ENDED)
    found = await scripted.machine()

    assert before == [0, 0, 0]
    assert found[1].energy_j is None
    assert found[1].gpu_busy_pct == 90.0


async def test_killed_workers_are_not_looked_after() -> None:
    scripted = Scripted(plan("cpu"), now_s=99.2)
    scripted.looks(98.0, 99.0)
    scripted.says(epoch(1, 1.0, started_mono_s=98.1), *ENDED)
    scripted.script.append(scripted.comparison.kill)
    await scripted.machine()

    assert scripted.looks_asked == 0
    assert scripted.observed == [1]
