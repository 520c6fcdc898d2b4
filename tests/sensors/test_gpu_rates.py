"""Rates out of a card's counters."""

from __future__ import annotations

import pytest

from sensors.gpus.rates import Rate


def test_a_rate_needs_two_looks() -> None:
    rate = Rate()
    assert rate.since_last(100, 50.0) is None
    assert rate.since_last(130, 52.0) == 15


def test_two_looks_in_quick_succession_keep_the_rate() -> None:
    rate = Rate()
    rate.since_last(0, 50.0)
    rate.since_last(4, 51.0)
    assert rate.since_last(5, 51.01) == 4
    assert rate.since_last(9, 52.0) == 5


@pytest.mark.parametrize("count", [None, 1])
def test_a_counter_that_is_unknown_or_went_back_has_no_rate(count: float | None) -> None:
    rate = Rate()
    rate.since_last(10, 50.0)
    assert rate.since_last(20, 51.0) == 10
    assert rate.since_last(count, 52.0) is None
