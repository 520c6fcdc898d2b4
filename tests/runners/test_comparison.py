from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from runners.comparison import Comparison, rounds
from runners.events import ErrorKind, Event, JobDone, JobFailed
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Order, Plan, RunKey
from runners.state import ComparisonState, RunStatus
from runners.workloads import JobSettings
from tests.fakes.training import plan

OnEvent = Callable[[Event], None]


class FakeWorkers:
    """Runs jobs that last until told to end, as many at a time as it is asked for."""

    def __init__(self, *, failing: tuple[str, ...] = (), at_once: bool = True) -> None:
        self.started: list[str] = []
        self.running = 0
        self.most_at_a_time = 0
        self.killed: list[str] = []
        self.has_started = asyncio.Event()
        self._failing = failing
        self._go = asyncio.Event()
        if at_once:
            self._go.set()

    async def run(self, settings: JobSettings, on_event: OnEvent) -> None:
        self.started.append(settings.device)
        self.running += 1
        self.most_at_a_time = max(self.most_at_a_time, self.running)
        on_event(WorkerStarted(pid=1, mono_s=0.0))
        self.has_started.set()
        stopped = await self._work(settings.device)
        if settings.device in self._failing:
            on_event(JobFailed(error=ErrorKind.EXCEPTION, message="It broke."))
        elif not stopped:
            on_event(JobDone(interrupted=False, dropped_events=0))
        on_event(WorkerExited(returncode=0, stopped=stopped, oom_killed=False, mono_s=1.0))
        self.running -= 1
        if stopped:
            raise asyncio.CancelledError

    async def _work(self, device: str) -> bool:
        """Whether it was stopped; a second cancellation is noted as a kill."""
        try:
            await asyncio.sleep(0)
            await self._go.wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling() > 1:
                self.killed.append(device)
            return True
        return False


def statuses(state: ComparisonState) -> list[RunStatus]:
    return [run.status for run in state.runs.values()]


def order_of(plan: Plan) -> list[list[tuple[int, int]]]:
    return [[(key.job, key.trial) for key in keys] for keys in rounds(plan)]


def ignore(_state: ComparisonState, _key: RunKey | None, _event: Event | None) -> None:
    pass


def test_together_all_jobs_of_a_trial_go_at_once() -> None:
    assert order_of(plan("cpu", "cuda:0", trials=2)) == [[(0, 0), (1, 0)], [(0, 1), (1, 1)]]


def test_in_turn_every_other_trial_is_reversed() -> None:
    in_turn = plan("cpu", "cuda:0", order=Order.IN_TURN, trials=3)

    assert order_of(in_turn) == [[(0, 0)], [(1, 0)], [(1, 1)], [(0, 1)], [(0, 2)], [(1, 2)]]


async def test_together_jobs_run_at_the_same_time() -> None:
    workers = FakeWorkers()
    state = await Comparison(plan("cpu", "mps"), ignore, run_worker=workers.run).run()

    assert workers.most_at_a_time == 2
    assert statuses(state) == [RunStatus.DONE, RunStatus.DONE]


async def test_in_turn_jobs_run_one_at_a_time_and_interleaved() -> None:
    workers = FakeWorkers()
    in_turn = plan("cpu", "mps", order=Order.IN_TURN, trials=2)
    state = await Comparison(in_turn, ignore, run_worker=workers.run).run()

    assert workers.most_at_a_time == 1
    assert workers.started == ["cpu", "mps", "mps", "cpu"]
    assert state.is_over


async def test_a_failing_job_stops_no_other() -> None:
    workers = FakeWorkers(failing=("cpu",))
    in_turn = plan("cpu", "mps", order=Order.IN_TURN)
    state = await Comparison(in_turn, ignore, run_worker=workers.run).run()

    assert statuses(state) == [RunStatus.FAILED, RunStatus.DONE]


async def test_each_event_is_handed_on_with_the_state_after_it() -> None:
    seen: list[tuple[RunKey | None, Event | None, RunStatus]] = []

    def note(state: ComparisonState, key: RunKey | None, event: Event | None) -> None:
        assert key is not None
        seen.append((key, event, state.runs[key].status))

    await Comparison(plan("cpu"), note, run_worker=FakeWorkers().run).run()

    assert [status for _, _, status in seen] == [
        RunStatus.STARTING,
        RunStatus.DONE,
        RunStatus.DONE,
    ]


async def test_stopping_ends_what_runs_and_starts_nothing_more() -> None:
    workers = FakeWorkers(at_once=False)
    in_turn = plan("cpu", "mps", order=Order.IN_TURN)
    comparison = Comparison(in_turn, ignore, run_worker=workers.run)
    task = asyncio.create_task(comparison.run())
    await workers.has_started.wait()
    comparison.stop()
    comparison.stop()
    state = await task

    assert workers.started == ["cpu"]
    assert workers.killed == []
    assert statuses(state) == [RunStatus.STOPPED, RunStatus.STOPPED]


async def test_stopping_one_job_lets_the_others_go_on() -> None:
    workers = FakeWorkers(at_once=False)
    comparison = Comparison(plan("cpu", "mps", trials=2), ignore, run_worker=workers.run)
    task = asyncio.create_task(comparison.run())
    await workers.has_started.wait()
    comparison.stop(job=0)
    workers._go.set()
    state = await task

    assert [run.status for run in state.runs_of(0)] == [RunStatus.STOPPED, RunStatus.STOPPED]
    assert [run.status for run in state.runs_of(1)] == [RunStatus.DONE, RunStatus.DONE]


@pytest.mark.parametrize("stop_first", [True, False])
async def test_killing_does_not_wait_for_anyone(stop_first: bool) -> None:
    workers = FakeWorkers(at_once=False)
    comparison = Comparison(plan("cpu", "mps"), ignore, run_worker=workers.run)
    task = asyncio.create_task(comparison.run())
    await workers.has_started.wait()
    if stop_first:
        comparison.stop()
    comparison.kill()
    state = await task

    assert workers.killed == ["cpu", "mps"]
    assert state.is_over


async def test_cancelling_waits_for_the_workers_to_be_gone() -> None:
    workers = FakeWorkers(at_once=False)
    comparison = Comparison(plan("cpu", "mps"), ignore, run_worker=workers.run)
    task = asyncio.create_task(comparison.run())
    await workers.has_started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert workers.running == 0
    assert comparison.state.is_over


async def test_a_stop_before_the_first_worker_starts_none() -> None:
    workers = FakeWorkers()
    comparison = Comparison(plan("cpu"), ignore, run_worker=workers.run)
    comparison.stop()
    state = await comparison.run()

    assert workers.started == []
    assert statuses(state) == [RunStatus.STOPPED]


async def test_a_fault_of_the_listener_is_raised() -> None:
    def fail(_state: ComparisonState, _key: RunKey | None, _event: Event | None) -> None:
        raise LookupError("a fault of the screen")

    with pytest.raises(LookupError):
        await Comparison(plan("cpu"), fail, run_worker=FakeWorkers().run).run()
