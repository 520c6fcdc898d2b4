"""A driver that takes its time, seen by who waits for it and by who does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sensors.gpu_readings import DriverReading, NvmlState
from sensors.gpu_thread import SILENT_AFTER_S, GpuThread
from sensors.nvidia import NvidiaReading
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock

PATIENCE_S = 10.0
READY = NvidiaReading(driver=DriverReading(state=NvmlState.OK))


class SlowSource:
    """Answers each question when it is let."""

    def __init__(self) -> None:
        self.may_answer = threading.Semaphore(0)
        self.is_open = False
        self.threads: set[str] = set()
        self.closed = threading.Event()
        self.left = self.breaks_at = 0
        self.log: list[str] = []
        self.on_idle: Callable[[], object] | None = None

    def read(self, wanted: Wanted) -> NvidiaReading:
        del wanted
        self.log.append("read")
        self.threads.add(threading.current_thread().name)
        assert self.may_answer.acquire(timeout=PATIENCE_S)
        if self.log.count("read") == self.breaks_at:
            raise ZeroDivisionError
        return READY

    def idle(self) -> bool:
        self.log.append("idle")
        self.left -= 1
        if self.on_idle is not None:
            self.on_idle()
        return self.left > 0

    def close(self) -> None:
        self.closed.set()


@contextmanager
def gpu_thread(
    source: SlowSource, first: threading.Event | None = None, clock: FakeClock | None = None
) -> Iterator[GpuThread]:
    thread = GpuThread(source, (first or threading.Event()).set, clock=clock or FakeClock())
    try:
        yield thread
    finally:
        source.may_answer.release(10)
        thread.close()


def test_nobody_waits_for_a_driver_that_starts() -> None:
    with gpu_thread(SlowSource()) as gpus:
        gpus.ask()
        reading = gpus.newest(wait_s=0)
    assert reading.driver.state is NvmlState.STARTING
    assert reading.problems == ()


def test_an_answer_is_waited_for_when_asked_to() -> None:
    source = SlowSource()
    with gpu_thread(source) as gpus:
        source.may_answer.release()
        assert gpus.ask()
        assert gpus.newest(wait_s=PATIENCE_S) is READY


def test_the_first_answer_is_announced() -> None:
    source, first = SlowSource(), threading.Event()
    with gpu_thread(source, first) as gpus:
        gpus.ask()
        assert not first.is_set()
        source.may_answer.release()
        assert first.wait(PATIENCE_S)
        assert gpus.newest(wait_s=0) is READY


def test_a_driver_that_is_long_in_starting_is_a_problem() -> None:
    clock = FakeClock()
    with gpu_thread(SlowSource(), clock=clock) as gpus:
        gpus.ask()
        clock.advance(SILENT_AFTER_S + 9.2)
        reading = gpus.newest(wait_s=0)
    assert "still starting after 12 s" in reading.problems[0].what
    assert reading.driver.state is NvmlState.STARTING
    assert reading.driver.problem == reading.problems[0].what
    assert "Persistence mode" in (reading.driver.remedy or "")


def test_a_driver_that_hangs_once_it_was_opened_is_told_from_one_that_starts() -> None:
    source, clock = SlowSource(), FakeClock()
    source.is_open = True
    with gpu_thread(source, clock=clock) as gpus:
        gpus.ask()
        clock.advance(12)
        driver = gpus.newest(wait_s=0).driver
    assert driver.problem == "The NVIDIA driver started, but has not answered for 12 s."
    assert "reboot" in (driver.remedy or "")


def test_a_driver_that_falls_silent_is_a_problem_and_its_last_answer_stays() -> None:
    source, clock = SlowSource(), FakeClock()
    with gpu_thread(source, clock=clock) as gpus:
        source.may_answer.release()
        gpus.ask()
        gpus.newest(wait_s=PATIENCE_S)
        assert gpus.ask()
        clock.advance(12)
        assert not gpus.ask()
        reading = gpus.newest(wait_s=0)
        assert reading.driver.state is NvmlState.SILENT
        assert reading.gpus == READY.gpus
        assert "has not answered for 12 s" in reading.problems[0].what
        assert reading.driver.problem == reading.problems[0].what
        source.may_answer.release()
        assert gpus.newest(wait_s=PATIENCE_S) == READY


def test_the_source_is_used_in_one_thread_and_closed_at_the_end() -> None:
    source = SlowSource()
    with gpu_thread(source) as gpus:
        for _ in range(2):
            source.may_answer.release()
            gpus.ask()
            gpus.newest(wait_s=PATIENCE_S)
    assert source.threads == {"gpus"}
    assert source.closed.is_set()


def test_what_takes_long_is_done_after_the_answer_was_handed_out() -> None:
    source, measured = SlowSource(), threading.Event()
    answered: list[NvidiaReading] = []

    def on_idle() -> None:
        answered.append(gpus.newest(wait_s=0))
        if source.left <= 0:
            measured.set()

    source.left, source.on_idle = 3, on_idle
    with gpu_thread(source) as gpus:
        source.may_answer.release()
        gpus.ask()
        assert measured.wait(PATIENCE_S)
    assert answered == [READY] * 3


def test_a_new_question_goes_before_what_takes_long() -> None:
    source, done = SlowSource(), threading.Event()

    def on_idle() -> None:
        if source.log.count("idle") == 1:
            # A question comes while the first of three is measured.
            source.may_answer.release()
            gpus.ask()
        elif source.left <= 0:
            done.set()

    source.left, source.on_idle = 3, on_idle
    with gpu_thread(source) as gpus:
        source.may_answer.release()
        gpus.ask()
        assert done.wait(PATIENCE_S)
    assert source.log == ["read", "idle", "read", "idle", "idle"]


def test_a_look_that_breaks_is_a_problem_and_the_next_one_answers() -> None:
    source = SlowSource()
    source.breaks_at = 1
    with gpu_thread(source) as gpus:
        source.may_answer.release(2)
        gpus.ask()
        reading = gpus.newest(wait_s=PATIENCE_S)
        assert "ZeroDivisionError" in reading.problems[0].what
        gpus.ask()
        assert gpus.newest(wait_s=PATIENCE_S) is READY
