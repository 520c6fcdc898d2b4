"""Counters that grow together."""

from __future__ import annotations

from sensors.system.summed_rate import SummedRate


def test_a_rate_needs_two_looks() -> None:
    rate = SummedRate()
    assert rate.since_last({"a": 100, "b": 10}, 50.0) is None
    assert rate.since_last({"a": 104, "b": 12}, 52.0) == 3


def test_what_is_not_there_has_no_rate() -> None:
    rate = SummedRate()
    assert rate.since_last({}, 50.0) is None
    assert rate.since_last({}, 51.0) is None


def test_a_counter_that_comes_adds_nothing_at_first() -> None:
    rate = SummedRate()
    rate.since_last({"a": 0}, 50.0)
    assert rate.since_last({"a": 1, "b": 1_000_000}, 51.0) == 1
    assert rate.since_last({"b": 1_000_005}, 52.0) == 5


def test_a_counter_that_starts_anew_takes_nothing_away() -> None:
    rate = SummedRate()
    rate.since_last({"a": 2**32 - 1, "b": 0}, 50.0)
    assert rate.since_last({"a": 5, "b": 7}, 51.0) == 7


def test_two_looks_in_quick_succession_keep_the_rate() -> None:
    rate = SummedRate()
    rate.since_last({"a": 0}, 50.0)
    rate.since_last({"a": 4}, 51.0)
    assert rate.since_last({"a": 5}, 51.01) == 4
    assert rate.since_last({"a": 9}, 52.0) == 5


def test_a_zero_rate_is_known() -> None:
    rate = SummedRate()
    rate.since_last({"a": 4}, 50.0)
    assert rate.since_last({"a": 4}, 51.0) == 0
