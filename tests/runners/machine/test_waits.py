from __future__ import annotations

import tracemalloc

import pytest

from runners.machine.waits import MOST_MOMENTS, DataWaits


def waits(*moments: tuple[float, float | None]) -> DataWaits:
    found = DataWaits(10.0)
    for at_s, waited_s in moments:
        found.add(at_s, waited_s)
    return found


def test_the_wait_between_two_moments_is_even() -> None:
    found = waits((11.0, 0.8), (13.0, 0.8))

    assert found.share(10.0, 11.0) == pytest.approx(0.8)
    assert found.share(10.5, 11.5) == pytest.approx(0.4)
    assert found.share(11.0, 13.0) == pytest.approx(0.0)


def test_what_was_not_told_is_not_known() -> None:
    found = waits((11.0, None), (12.0, 1.0), (12.0, 9.0))

    assert found.share(10.0, 12.0) == pytest.approx(0.5)
    assert found.share(9.9, 11.0) is None
    assert found.share(11.0, 12.1) is None
    assert waits().share(10.0, 10.0) is None


def test_a_long_epoch_keeps_its_ends() -> None:
    found = waits(*((10.0 + n, 0.5 * n) for n in range(1, 5 * MOST_MOMENTS)))

    assert found.share(10.0, 10.0 + 5 * MOST_MOMENTS - 1) == pytest.approx(0.5)
    assert found.share(1000.3, 1001.9) == pytest.approx(0.5)


def test_the_waits_of_an_epoch_take_little_memory() -> None:
    tracemalloc.start()
    found = waits(*((10.0 + n / 10, n / 100) for n in range(1, MOST_MOMENTS)))
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.known_until_s > 100
    assert held_bytes < 40 * MOST_MOMENTS
