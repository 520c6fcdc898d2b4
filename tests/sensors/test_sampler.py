"""Readings at a steady pace."""

from __future__ import annotations

import queue
import threading

import pytest

from sensors.readings import Reading
from sensors.sampler import GAP_S, Sampler, next_due_s, take_reading, take_readings
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.reading_source import PATIENCE_S, FakeReadingSource

NEVER_S = 3600.0


class Watched:
    """A sampler with a fake source, and a queue of what it hands out."""

    def __init__(self, interval_s: float = NEVER_S) -> None:
        self.source = FakeReadingSource()
        self.readings: queue.Queue[Reading] = queue.Queue()
        self.sampler = Sampler(
            self.readings.put,
            interval_s=interval_s,
            wanted=lambda: Wanted(own_pids=frozenset({7})),
            make_source=self.source.make,
        )

    def __enter__(self) -> Watched:
        self.sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sampler.stop()

    def next(self) -> Reading:
        return self.readings.get(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("now_s", "due_s"), [(100.0, 101.0), (100.4, 101.0), (101.0, 102.0), (107.5, 108.0)]
)
def test_readings_fall_on_a_fixed_grid_and_missed_points_are_skipped(
    now_s: float, due_s: float
) -> None:
    assert next_due_s(100.0, 1.0, now_s) == due_s


def test_the_first_reading_comes_at_once_and_does_not_wait_for_the_driver() -> None:
    with Watched() as watched:
        assert watched.next().taken_at_s == 1
    assert watched.source.waits_s == [0.0]


def test_readings_go_on_at_the_interval() -> None:
    with Watched(interval_s=0.001) as watched:
        assert [watched.next().taken_at_s for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_look_that_fails_is_told_and_the_next_one_is_taken() -> None:
    with Watched(interval_s=0.001) as watched:
        watched.next()
        watched.source.failing_with = ValueError("an odd line in /proc")
        while not (failed := watched.next()).problems:
            pass
        watched.source.failing_with = None
        while watched.next().problems:
            pass
    assert failed.problems[0].what == "the sensors failed: ValueError: an odd line in /proc"


def test_a_reading_out_of_turn_can_be_asked_for() -> None:
    with Watched() as watched:
        watched.next()
        watched.sampler.read_now()
        assert watched.next().taken_at_s == 2


def test_the_drivers_first_answer_gives_a_reading() -> None:
    with Watched() as watched:
        watched.next()
        assert watched.source.on_driver is not None
        watched.source.on_driver()
        assert watched.next().taken_at_s == 2


def test_a_changed_interval_holds_at_once() -> None:
    with Watched() as watched:
        watched.next()
        watched.sampler.interval_s = 0.001
        assert [watched.next().taken_at_s for _ in range(3)] == [2, 3, 4]
        assert watched.sampler.interval_s == 0.001


def test_own_processes_are_asked_for_with_each_reading() -> None:
    with Watched() as watched:
        watched.next()
    assert [wanted.own_pids for wanted in watched.source.wanted] == [{7}]


def test_stopping_ends_the_thread_and_closes_the_source() -> None:
    with Watched() as watched:
        watched.next()
    assert watched.source.is_closed
    assert watched.source.thread is not None
    assert not watched.source.thread.is_alive()


def test_a_sampler_can_be_stopped_from_its_own_callback() -> None:
    source, done = FakeReadingSource(), threading.Event()

    def stop(_reading: Reading) -> None:
        sampler.stop()
        done.set()

    sampler = Sampler(stop, make_source=source.make)
    sampler.start()
    assert done.wait(PATIENCE_S)
    sampler.stop()
    assert source.is_closed


def test_a_sampler_that_never_started_can_be_stopped() -> None:
    source = FakeReadingSource()
    Sampler(lambda _reading: None, make_source=source.make).stop()
    assert source.thread is None


def test_one_reading_is_the_second_look_so_that_rates_are_known() -> None:
    source = FakeReadingSource()
    assert take_reading(source.make).taken_at_s == 2
    assert source.waits_s[0] > 10  # waits for a driver that starts
    assert source.is_closed


def test_a_number_of_readings_is_taken_on_a_grid() -> None:
    source, clock, slept = FakeReadingSource(), FakeClock(), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds + 0.25)

    found = take_readings(2.0, 3, make_source=source.make, clock=clock, sleep=sleep)
    assert [reading.taken_at_s for reading in found] == [2, 3, 4]
    assert slept == [GAP_S, 2.0, 1.75]
    assert source.is_closed
