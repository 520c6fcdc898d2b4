from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from runners.events import (
    EvaluationFinished,
    Heartbeat,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    WorkerEvent,
)
from runners.events.wire import decode
from runners.worker.channel import EventChannel
from tests.fakes.real_worker import fill_pipe

QUIET_S = 3600.0


@dataclass
class Pipe:
    read_fd: int
    write_fd: int

    def close_reader(self) -> None:
        os.close(self.read_fd)
        self.read_fd = -1

    def all_events(self) -> list[WorkerEvent]:
        """Everything written, once the writing end is closed here."""
        os.close(self.write_fd)
        self.write_fd = -1
        with os.fdopen(self.read_fd, "rb") as stream:
            self.read_fd = -1
            return [decode(line) for line in stream if line != b"\n"]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe(*os.pipe())
    yield made
    for fd in (made.read_fd, made.write_fd):
        if fd >= 0:
            os.close(fd)


def step(number: int) -> StepProgress:
    return StepProgress(epoch=1, step=number, steps=9, samples=number, elapsed_s=0.1)


def evaluation(epoch: int) -> EvaluationFinished:
    return EvaluationFinished(epoch=epoch, eval_s=1.0, samples=10, test_loss=0.5, test_accuracy=0.9)


def test_events_arrive_in_order_numbered_and_with_both_times(pipe: Pipe) -> None:
    channel = EventChannel(
        pipe.write_fd, heartbeat_s=QUIET_S, monotonic=lambda: 7.0, wall=lambda: 99.0
    )
    for number in range(3):
        channel.send(step(number))
    channel.close()
    events = pipe.all_events()
    assert [e.seq for e in events] == [0, 1, 2]
    assert [e.step for e in events if isinstance(e, StepProgress)] == [0, 1, 2]
    assert {(e.mono_s, e.wall_s) for e in events} == {(7.0, 99.0)}


def test_a_stalled_reader_costs_step_events_only_and_they_are_counted(pipe: Pipe) -> None:
    fill_pipe(pipe.write_fd)
    channel = EventChannel(pipe.write_fd, heartbeat_s=QUIET_S, queue_limit=10)
    for number in range(500):
        channel.send(step(number))
        channel.send(evaluation(number))
    events: list[WorkerEvent] = []
    with os.fdopen(pipe.read_fd, "rb") as stream:
        pipe.read_fd = -1
        while not events or events[-1].seq < 999:
            line = stream.readline()
            if line != b"\n":
                events.append(decode(line))
        channel.close()
    steps = sum(isinstance(e, StepProgress) for e in events)
    assert [e.epoch for e in events if isinstance(e, EvaluationFinished)] == list(range(500))
    assert channel.dropped_events == 500 - steps
    assert channel.dropped_events >= 490


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    channel = EventChannel(pipe.write_fd, heartbeat_s=QUIET_S)
    pipe.close_reader()
    for number in range(50):
        channel.send(evaluation(number))
    channel.close()
    channel.send(evaluation(51))


def test_closing_waits_for_a_reader_that_stalls(pipe: Pipe) -> None:
    fill_pipe(pipe.write_fd)
    channel = EventChannel(pipe.write_fd, heartbeat_s=QUIET_S)
    channel.send(evaluation(1))
    closing = threading.Thread(target=channel.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    with os.fdopen(os.dup(pipe.read_fd), "rb") as stream:
        while (line := stream.readline()) == b"\n":
            pass
    closing.join()
    assert decode(line).kind == evaluation(1).kind


def test_silence_is_filled_with_heartbeats_that_carry_the_step(pipe: Pipe) -> None:
    channel = EventChannel(pipe.write_fd, heartbeat_s=0.01)
    channel.steps_done = 42
    with os.fdopen(os.dup(pipe.read_fd), "rb") as stream:
        event = decode(stream.readline())
        while isinstance(event, Heartbeat) and event.step != 42:
            event = decode(stream.readline())
    channel.close()
    assert isinstance(event, Heartbeat)
    assert event.step == 42


def test_a_stage_tells_its_start_and_how_long_it_took(pipe: Pipe) -> None:
    times = iter((1.0, 1.0, 3.5, 3.5, 3.5))
    channel = EventChannel(pipe.write_fd, heartbeat_s=QUIET_S, monotonic=lambda: next(times))
    with channel.stage(Stage.COMPILE):
        pass
    channel.close()
    started, finished = pipe.all_events()
    assert isinstance(started, StageStarted)
    assert isinstance(finished, StageFinished)
    assert (finished.stage, finished.took_s) == (Stage.COMPILE, 2.5)


def test_a_stage_that_fails_is_not_told_as_finished(pipe: Pipe) -> None:
    channel = EventChannel(pipe.write_fd, heartbeat_s=QUIET_S)
    with pytest.raises(OSError, match="no"), channel.stage(Stage.IMPORT):
        raise OSError("no")
    channel.close()
    assert [type(e) for e in pipe.all_events()] == [StageStarted]
