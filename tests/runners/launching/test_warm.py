"""Warm workers around fake ones; what holds for cold ones as well is in test_launch."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from runners.events import (
    DeviceReady,
    EpochFinished,
    Event,
    Hello,
    JobDone,
    Stage,
    StageFinished,
    StageStarted,
)
from runners.launching.launch import run_worker
from runners.launching.supervision import Patience
from runners.launching.warm import WarmWorkers
from runners.process_events import LogLine, WorkerExited, WorkerStarted
from tests.fakes.processes import is_alive, wait_until
from tests.fakes.training import fake_command, fake_server_command, settings

IMPATIENT = Patience(interrupt_s=0.2, terminate_s=0.2, last_words_s=0.2, linger_s=0.2, server_s=0.2)
FORKED_IMPORT_S = 0.25

Make = Callable[..., WarmWorkers]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes warm workers that are closed in the end."""
    made = []

    def warm_workers(
        scenario: str, *, is_possible: bool | None = None, patience: Patience = IMPATIENT
    ) -> WarmWorkers:
        made.append(
            WarmWorkers(
                command=fake_server_command(scenario),
                patience=patience,
                start_cold=partial(run_worker, command=fake_command("crash")),
                is_possible=is_possible,
            )
        )
        return made[-1]

    yield warm_workers
    for warm in made:
        warm.close()


def started(events: list[Event]) -> list[int]:
    return [event.pid for event in events if isinstance(event, WorkerStarted)]


def notes(events: list[Event]) -> tuple[str, ...]:
    return next(event.notes for event in events if isinstance(event, DeviceReady))


def was_cold(events: list[Event]) -> bool:
    """Only the worker started cold crashes."""
    return LogLine(stream="stderr", text="about to crash") in events


def is_reaped(process: psutil.Process) -> bool:
    return not process.is_running()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_alive(child.pid)]


async def test_the_first_run_tells_of_its_import(make: Make) -> None:
    events: list[Event] = []
    await make("normal").run_worker(settings(), events.append)

    waiting, importing, at_work, imported, hello = events[:5]
    assert isinstance(waiting, WorkerStarted)
    assert isinstance(importing, StageStarted)
    assert isinstance(at_work, WorkerStarted)
    assert isinstance(imported, StageFinished)
    assert isinstance(hello, Hello)
    assert waiting.mono_s == at_work.mono_s
    assert waiting.pid != at_work.pid == hello.pid
    assert (importing.stage, imported.stage) == (Stage.IMPORT, Stage.IMPORT)
    assert imported.took_s == FORKED_IMPORT_S
    assert notes(events) == ()
    assert not was_cold(events)


async def test_later_runs_are_processes_of_their_own_whose_import_was_ahead(make: Make) -> None:
    warm = make("normal")
    runs: list[list[Event]] = [[], [], []]
    for events in runs:
        await warm.run_worker(settings(), events.append)

    pids = [started(events)[-1] for events in runs]
    assert len(set(pids)) == 3
    assert len(children()) == 1
    for events in runs[1:]:
        assert started(events) == [started(events)[-1]]
        imports = [e.took_s for e in events if isinstance(e, StageFinished)]
        assert imports[0] == FORKED_IMPORT_S
        assert "imported ahead" in notes(events)[0]


async def test_a_run_that_was_prepared_for_does_not_wait(make: Make) -> None:
    warm = make("normal")
    warm.prepare(settings())
    await warm.wait_until_prepared()
    events: list[Event] = []
    await warm.run_worker(settings(), events.append)

    assert not any(isinstance(event, StageStarted) for event in events)
    assert "imported ahead" in notes(events)[0]


async def test_nothing_is_prepared_while_a_run_is_measured(make: Make) -> None:
    warm = make("normal")
    seen: list[int] = []

    def prepare_more(event: Event) -> None:
        if isinstance(event, Hello):
            warm.prepare(settings(cores=(7,)))
            seen.append(len(children()))

    await warm.run_worker(settings(), prepare_more)

    assert seen == [1]


async def test_runs_at_the_same_time_hold_none_of_each_others_pipes(make: Make) -> None:
    warm = make("polite")
    held: dict[int, set[str]] = {}
    ready = asyncio.Event()

    def note(event: Event) -> None:
        if isinstance(event, EpochFinished) and len(held) == 2:
            ready.set()
        if isinstance(event, Hello):
            held[event.pid] = pipes_of(event.pid)

    runs = [asyncio.create_task(warm.run_worker(settings(), note)) for _ in range(2)]
    await asyncio.wait_for(ready.wait(), 20.0)
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)

    first, second = held.values()
    assert len(first) == len(second) == 4
    assert not first & second


def pipes_of(pid: int) -> set[str]:
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("pipe:")}


@pytest.mark.parametrize("scenario", ["no_import", "dies", "hangs"])
async def test_a_server_that_fails_is_made_up_for_by_a_cold_start(
    make: Make, scenario: str
) -> None:
    events: list[Event] = []
    await make(scenario).run_worker(settings(), events.append)

    assert was_cold(events)
    assert isinstance(events[-1], WorkerExited)
    assert not children()


async def test_a_server_that_cannot_import_is_not_tried_again(make: Make) -> None:
    warm = make("no_import")
    await warm.run_worker(settings(), lambda _event: None)
    events: list[Event] = []
    await warm.run_worker(settings(), events.append)

    assert len(started(events)) == 1
    assert was_cold(events)


async def test_where_there_can_be_no_server_workers_are_started_cold(make: Make) -> None:
    on_mps: list[Event] = []
    elsewhere: list[Event] = []
    await make("normal").run_worker(settings(device="mps"), on_mps.append)
    await make("normal", is_possible=False).run_worker(settings(), elsewhere.append)

    assert was_cold(on_mps)
    assert was_cold(elsewhere)


async def test_a_command_that_is_not_there_is_made_up_for_by_a_cold_start() -> None:
    cold = partial(run_worker, command=fake_command("normal"))
    events: list[Event] = []
    await WarmWorkers(command=("/nonexistent/python",), start_cold=cold).run_worker(
        settings(), events.append
    )

    assert any(isinstance(event, JobDone) for event in events)


async def test_a_worker_whose_server_is_killed_is_gone_and_told_of(make: Make) -> None:
    warm = make("polite")
    events: list[Event] = []

    def kill_server(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochFinished):
            os.kill(started(events)[0], signal.SIGKILL)

    await warm.run_worker(settings(), kill_server)
    server, worker = started(events)

    assert events[-1] == WorkerExited(
        returncode=-signal.SIGKILL,
        stopped=False,
        oom_killed=False,
        mono_s=events[-1].mono_s,  # type: ignore[attr-defined]
    )
    assert wait_until(lambda: not is_alive(worker))
    assert not is_alive(server)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_worker_whose_server_hangs_can_be_stopped(make: Make, times: int) -> None:
    warm = make("polite")
    warm.prepare(settings())
    await warm.wait_until_prepared()
    (server,) = children()
    events: list[Event] = []

    def hang_server_and_stop(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochFinished):
            server.suspend()
            for _ in range(times):
                run.cancel()

    run = asyncio.create_task(warm.run_worker(settings(), hang_server_and_stop))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(run, 20.0)

    assert isinstance(events[-1], WorkerExited)
    assert events[-1].stopped
    assert not children()


async def test_a_server_that_was_killed_is_started_anew(make: Make) -> None:
    warm = make("normal")
    runs: list[list[Event]] = [[], []]
    for events in runs:
        await warm.run_worker(settings(), events.append)
        (server,) = children()
        server.kill()
        # It runs no more once its end was noticed and it was reaped.
        assert await asyncio.to_thread(wait_until, partial(is_reaped, server))

    assert len(started(runs[1])) == 2
    assert not was_cold(runs[1])


async def test_a_stop_during_the_import_is_told_at_once(make: Make) -> None:
    warm = make("slow_import")
    events: list[Event] = []
    run = asyncio.create_task(warm.run_worker(settings(), events.append))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert isinstance(events[-1], WorkerExited)
    assert events[-1].stopped
    warm.close()
    assert not children()


async def test_a_stop_while_a_worker_is_forked_leaves_none(make: Make) -> None:
    warm = make("polite")
    warm.prepare(settings())
    await warm.wait_until_prepared()
    (server,) = children()
    events: list[Event] = []
    run = asyncio.create_task(warm.run_worker(settings(), events.append))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert isinstance(events[-1], WorkerExited)
    assert events[-1].stopped
    assert wait_until(lambda: not server.children())
    await warm.run_worker(settings(), lambda event: stop_at_hello(event, server))


async def test_a_worker_forked_while_we_were_held_up_is_kept(make: Make) -> None:
    warm = make("polite", patience=replace(IMPATIENT, server_s=0.0))
    warm.prepare(settings())
    await warm.wait_until_prepared()
    (server,) = children()
    events: list[Event] = []

    def stop_at_work(event: Event) -> None:
        events.append(event)
        if isinstance(event, EpochFinished):
            run.cancel()

    run = asyncio.create_task(warm.run_worker(settings(), stop_at_work))
    await asyncio.sleep(0)
    assert wait_until(lambda: bool(server.children()) and server.status() == "sleeping")
    await asyncio.gather(run, return_exceptions=True)

    assert len(started(events)) == 1
    assert not was_cold(events)
    assert isinstance(events[-1], WorkerExited)
    assert events[-1].stopped


def stop_at_hello(event: Event, server: psutil.Process) -> None:
    """Ends the worker from outside, which shows that the server still forks."""
    if isinstance(event, Hello):
        assert [child.pid for child in server.children()] == [event.pid]
        os.kill(event.pid, signal.SIGTERM)


async def test_a_run_waits_for_an_import_that_another_needs(make: Make) -> None:
    warm = make("normal")
    warm.prepare(settings())
    await warm.wait_until_prepared()
    order: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Hello):
            order.append("run")

    warm.prepare(settings(cores=(1,)))
    run = asyncio.create_task(warm.run_worker(settings(), note))
    await warm.wait_until_prepared()
    order.append("imported")
    await run

    assert order == ["imported", "run"]


async def test_servers_of_the_newest_two_kinds_are_kept(make: Make) -> None:
    warm = make("normal")
    pids = []
    for core in (0, 1, 2):
        events: list[Event] = []
        await warm.run_worker(settings(cores=(core,)), events.append)
        pids.append(started(events)[0])

    assert sorted(child.pid for child in children()) == sorted(pids[1:])


async def test_closing_ends_all_servers_and_leaves_no_descriptor(make: Make) -> None:
    before = psutil.Process().num_fds()
    warm = make("normal")
    for core in (0, 1):
        await warm.run_worker(settings(cores=(core,)), lambda _event: None)
    warm.close()

    assert not children()
    assert psutil.Process().num_fds() == before


async def test_closing_leaves_no_dead_worker_for_others_to_reap(make: Make) -> None:
    for _ in range(5):
        events: list[Event] = []
        warm = make("normal")
        await warm.run_worker(settings(), events.append)
        warm.close()
        assert not psutil.pid_exists(started(events)[-1])
