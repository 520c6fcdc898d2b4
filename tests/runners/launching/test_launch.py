from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from runners.events import EpochFinished, ErrorKind, Event, Hello, JobDone, JobFailed
from runners.launching.launch import run_worker, worker_environment
from runners.launching.supervision import Patience
from runners.launching.warm import WarmWorkers
from runners.process_events import LogLine, UnreadableLine, WorkerExited, WorkerStarted
from runners.spec import RunKey
from runners.state import ComparisonState, RunState, RunStatus, apply
from tests.fakes.processes import is_alive, members_of_group, wait_until
from tests.fakes.training import fake_command, fake_server_command, plan, settings

IMPATIENT = Patience(interrupt_s=0.2, terminate_s=0.2, last_words_s=0.2, linger_s=0.2)
ROOT = Path(__file__).parents[3]
SomeEvent = TypeVar("SomeEvent", bound=Event)
Run = Callable[[str, Callable[[Event], None]], Coroutine[None, None, None]]


async def run_cold(scenario: str, on_event: Callable[[Event], None]) -> None:
    await run_worker(settings(), on_event, command=fake_command(scenario), patience=IMPATIENT)


async def run_forked(scenario: str, on_event: Callable[[Event], None]) -> None:
    warm = WarmWorkers(command=fake_server_command(scenario), patience=IMPATIENT)
    try:
        warm.prepare(settings())
        await warm.wait_until_prepared()
        await warm.run_worker(settings(), on_event)
    finally:
        warm.close()


@pytest.fixture(params=[run_cold, run_forked])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs the fake worker in a scenario, in each of the two ways there are."""
    way: Run = request.param
    return way


class Recorder:
    """Keeps the events of one run."""

    def __init__(self, then: Callable[[Event], None] = lambda _event: None) -> None:
        self.events: list[Event] = []
        self._then = then

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._then(event)

    def of(self, kind: type[SomeEvent]) -> list[SomeEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def exit(self) -> WorkerExited:
        assert isinstance(self.events[-1], WorkerExited)
        return self.events[-1]

    @property
    def log(self) -> list[str]:
        return [line.text for line in self.of(LogLine)]

    @property
    def state(self) -> RunState:
        state = ComparisonState.of(plan("cpu"))
        for event in self.events:
            state = apply(state, RunKey(job=0, trial=0), event)
        return state.runs[RunKey(job=0, trial=0)]

    def assert_nothing_left(self) -> None:
        group = self.of(WorkerStarted)[0].pid
        assert wait_until(lambda: not members_of_group(group))


async def run_to_end(run: Run, scenario: str) -> Recorder:
    seen = Recorder()
    await run(scenario, seen)
    seen.assert_nothing_left()
    return seen


async def run_and_cancel(run: Run, scenario: str, times: int = 1) -> Recorder:
    """Cancel the run as soon as the worker has said something."""
    task: asyncio.Task[None]

    def cancel(event: Event) -> None:
        if isinstance(event, Hello | EpochFinished):
            for _ in range(times):
                task.cancel()

    seen = Recorder(cancel if scenario != "polite" else only_on(EpochFinished, cancel))
    task = asyncio.create_task(run(scenario, seen))
    with pytest.raises(asyncio.CancelledError):
        await task
    seen.assert_nothing_left()
    return seen


def only_on(kind: type[Event], action: Callable[[Event], None]) -> Callable[[Event], None]:
    return lambda event: action(event) if isinstance(event, kind) else None


async def test_events_arrive_in_order_between_start_and_exit(run: Run) -> None:
    seen = await run_to_end(run, "normal")

    assert isinstance(seen.events[0], WorkerStarted)
    assert seen.events[0].pid == seen.of(Hello)[0].pid
    assert [epoch.epoch for epoch in seen.of(EpochFinished)] == [1, 2, 3]
    assert isinstance(seen.events[-2], JobDone)
    assert seen.exit.returncode == 0
    assert not seen.exit.stopped
    assert seen.state.status is RunStatus.DONE


async def test_garbage_on_the_channel_is_counted_and_the_job_goes_on(run: Run) -> None:
    seen = await run_to_end(run, "garbage")

    assert len(seen.of(UnreadableLine)) == 4
    assert seen.state.status is RunStatus.DONE
    assert len(seen.of(EpochFinished)) == 3


async def test_an_overlong_line_on_the_channel_is_dropped_and_counted(run: Run) -> None:
    seen = await run_to_end(run, "overlong")

    (line,) = seen.of(UnreadableLine)
    assert len(line.text) < 1000
    assert seen.state.status is RunStatus.DONE


async def test_bytes_that_are_no_text_become_log_lines_and_unreadable_lines(run: Run) -> None:
    seen = await run_to_end(run, "binary")

    assert "last words" in seen.log
    assert seen.log[0].startswith("\ufffd\ufffd")
    assert len(seen.of(UnreadableLine)) == 1
    assert seen.state.status is RunStatus.DONE


async def test_a_flood_of_output_is_cut_down_but_its_end_is_kept(run: Run) -> None:
    seen = await run_to_end(run, "flood")

    assert len(seen.log) < 3_000
    assert any("lines left out" in text for text in seen.log)
    assert seen.log[-1] == "the end"
    assert max(map(len, seen.log)) < 2_100
    assert seen.state.status is RunStatus.DONE


async def test_a_flood_of_events_leaves_the_loop_to_others(run: Run) -> None:
    turns = 0
    most_in_a_turn = 0
    in_this_turn = 0

    def count(_event: Event) -> None:
        nonlocal in_this_turn, most_in_a_turn
        in_this_turn += 1
        most_in_a_turn = max(most_in_a_turn, in_this_turn)

    async def someone_else() -> None:
        nonlocal turns, in_this_turn
        while True:
            turns += 1
            in_this_turn = 0
            await asyncio.sleep(0)

    other = asyncio.create_task(someone_else())
    seen = Recorder(count)
    await run("event_flood", seen)
    other.cancel()

    assert len(seen.of(Hello)) == 5_001
    assert most_in_a_turn < 600
    seen.assert_nothing_left()


async def test_a_worker_that_ended_is_heard_out_however_slowly_we_listen() -> None:
    seen = Recorder()
    command, no_patience = fake_command("event_flood"), replace(IMPATIENT, last_words_s=0.0)
    await run_worker(settings(), seen, command=command, patience=no_patience)

    assert len(seen.of(Hello)) == 5_001
    assert len(seen.of(JobDone)) == 1
    seen.assert_nothing_left()


async def test_a_crash_is_told_with_its_status_and_its_last_words(run: Run) -> None:
    seen = await run_to_end(run, "crash")

    assert seen.exit.returncode == 3
    assert LogLine(stream="stderr", text="about to crash") in seen.events
    assert seen.state.error is not None
    assert seen.state.error.kind is ErrorKind.CRASHED


async def test_a_worker_killed_from_outside_is_told_by_its_signal(run: Run) -> None:
    seen = await run_to_end(run, "killed")

    assert seen.exit.returncode == -signal.SIGKILL
    assert not seen.exit.oom_killed
    assert seen.state.error is not None
    assert "SIGKILL" in seen.state.error.message


async def test_an_error_told_by_the_worker_outlives_its_exit(run: Run) -> None:
    seen = await run_to_end(run, "out_of_memory")

    assert seen.state.status is RunStatus.FAILED
    assert seen.state.error is not None
    assert seen.state.error.kind is ErrorKind.OUT_OF_MEMORY


async def test_a_loader_process_that_outlives_the_worker_is_killed(run: Run) -> None:
    seen = await run_to_end(run, "grandchild")

    assert wait_until(lambda: not is_alive(int(seen.log[0])))
    assert seen.state.status is RunStatus.DONE


async def test_a_process_that_left_the_group_cannot_hold_the_run_open(run: Run) -> None:
    seen = await run_to_end(run, "escaped")

    escaped = int(seen.log[0])
    assert is_alive(escaped), "it must still hold the pipes, or this shows nothing"
    os.kill(escaped, signal.SIGKILL)
    assert seen.state.status is RunStatus.DONE


async def test_a_worker_that_stays_after_its_last_event_is_ended(run: Run) -> None:
    seen = await run_to_end(run, "linger")

    assert seen.exit.returncode == -signal.SIGTERM
    assert seen.state.status is RunStatus.DONE


async def test_a_polite_stop_keeps_the_epochs_that_were_done(run: Run) -> None:
    seen = await run_and_cancel(run, "polite")

    assert seen.exit.returncode == 0
    assert seen.exit.stopped
    assert len(seen.of(EpochFinished)) == 1
    assert seen.state.status is RunStatus.STOPPED


async def test_a_worker_deaf_to_sigint_gets_sigterm(run: Run) -> None:
    seen = await run_and_cancel(run, "terminable")

    assert seen.exit.returncode == -signal.SIGTERM
    assert seen.state.status is RunStatus.STOPPED


async def test_a_worker_deaf_to_all_signals_is_killed_with_its_children(run: Run) -> None:
    seen = await run_and_cancel(run, "stubborn")

    assert seen.exit.returncode == -signal.SIGKILL
    assert seen.exit.stopped
    assert not seen.exit.oom_killed


async def test_cancelling_twice_kills_at_once(run: Run) -> None:
    seen = await run_and_cancel(run, "polite", times=2)

    assert seen.exit.returncode == -signal.SIGKILL
    assert seen.state.status is RunStatus.STOPPED


async def test_an_error_in_the_callback_ends_the_worker_and_is_raised(run: Run) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, Hello):
            raise LookupError("a fault of the screen")

    seen = Recorder(fail)
    with pytest.raises(LookupError):
        await run("polite", seen)
    seen.assert_nothing_left()


async def test_a_command_that_cannot_be_started_is_a_failed_job() -> None:
    seen = Recorder()
    await run_worker(settings(), seen, command=("/nonexistent/python",))

    (failed,) = seen.of(JobFailed)
    assert "could not be started" in failed.message
    assert seen.exit.returncode != 0


async def test_no_descriptor_is_left_open(run: Run) -> None:
    await run_to_end(run, "normal")
    before = psutil.Process().num_fds()
    await run_to_end(run, "normal")
    await run_and_cancel(run, "polite")

    assert psutil.Process().num_fds() == before


COLD = "run_worker(settings(), tell, command=fake_command(sys.argv[1]))"
FORKED = "WarmWorkers(command=fake_server_command(sys.argv[1])).run_worker(settings(), tell)"


@pytest.mark.parametrize("way", [COLD, FORKED])
@pytest.mark.parametrize("scenario", ["polite", "stubborn", "terminable"])
def test_a_killed_parent_leaves_no_worker_behind(scenario: str, way: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from runners.launching.launch import run_worker\n"
        "from runners.launching.warm import WarmWorkers\n"
        "from runners.events import Hello\n"
        "from tests.fakes.training import fake_command, fake_server_command, settings\n"
        "def tell(event):\n"
        "    if isinstance(event, Hello):\n"
        "        print(event.pid, flush=True)\n"
        "async def main():\n"
        f"    await {way}\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code, scenario]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        started = psutil.Process(parent.pid).children(recursive=True)
        assert worker in [process.pid for process in started]
        parent.kill()

    assert wait_until(lambda: not members_of_group(worker))
    assert wait_until(lambda: not any(is_alive(process.pid) for process in started))


def test_a_job_on_the_cpu_sees_no_gpu() -> None:
    assert worker_environment("cpu", {"CUDA_VISIBLE_DEVICES": "1"})["CUDA_VISIBLE_DEVICES"] == ""


def test_a_job_on_a_gpu_counts_gpus_as_the_driver_does() -> None:
    environment = worker_environment("cuda:1", {"CUDA_VISIBLE_DEVICES": "0,1"})

    assert environment["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_checkout_comes_first_on_the_path_of_its_worker() -> None:
    path = worker_environment("cpu", {"PYTHONPATH": "/elsewhere"})["PYTHONPATH"]

    assert path.split(os.pathsep) == [str(ROOT), "/elsewhere"]


@pytest.mark.parametrize("scenario", ["normal", "crash", "grandchild"])
async def test_a_system_that_does_not_tell_of_an_end_is_asked(
    monkeypatch: pytest.MonkeyPatch, scenario: str
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    seen = await run_to_end(run_cold, scenario)

    assert seen.exit.returncode == (3 if scenario == "crash" else 0)
