from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from runners.worker.stop import Stop, StopAsked


@pytest.fixture
def stop() -> Iterator[Stop]:
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    stop.listen()
    yield stop
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_waits_for_the_next_check(stop: Stop) -> None:
    interrupt()
    with pytest.raises(StopAsked):
        stop.check()


def test_where_nothing_is_lost_a_signal_ends_the_work_at_once(stop: Stop) -> None:
    went_on = False
    with suppress(StopAsked), stop.at_once():
        interrupt()
        went_on = True
    assert not went_on


def test_what_was_asked_before_or_within_by_others_ends_it_too(stop: Stop) -> None:
    with pytest.raises(StopAsked), stop.at_once():
        stop.ask()
    with pytest.raises(StopAsked), stop.at_once():
        pytest.fail("a stop was asked for")


def test_afterwards_a_signal_waits_again(stop: Stop) -> None:
    with stop.at_once():
        pass
    interrupt()
    with pytest.raises(StopAsked):
        stop.check()
