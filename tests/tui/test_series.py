from array import array

import pytest

from tui.history.series import CAPACITY, UNKNOWN, History, Timeline, envelopes


def history_of(*points: tuple[float, float | None]) -> History:
    history = History()
    for at_s, value in points:
        history.add(at_s, value)
    return history


def test_a_gap_stays_a_gap() -> None:
    history = history_of((0.0, 10.0), (1.0, None), (2.0, 30.0))
    assert history.columns(range(-1, 3), 1.0) == [None, (10.0, 10.0), None, (30.0, 30.0)]


def test_values_that_share_a_column_keep_minimum_and_maximum() -> None:
    history = history_of((4.1, 50.0), (4.4, 90.0), (4.5, None), (4.9, 10.0), (5.0, 70.0))
    assert history.columns(range(4, 6), 1.0) == [(10.0, 90.0), (70.0, 70.0)]


def test_zero_and_negative_values_are_no_gaps() -> None:
    history = history_of((0.0, 0.0), (1.0, -5.0))
    assert history.columns(range(2), 1.0) == [(0.0, 0.0), (-5.0, -5.0)]


def test_full_columns_never_change_when_time_moves_on() -> None:
    history = History()
    seen: dict[int, object] = {}
    for number, at_s in enumerate((0.2, 1.1, 1.9, 4.0, 5.2, 5.3, 60.0, 61.0, 62.5, 90.0)):
        history.add(at_s, float(number))
        full = range(int(at_s))
        for column, values in zip(full, history.columns(full, 1.0), strict=True):
            assert seen.setdefault(column, values) == values


def test_readings_rarer_than_columns_leave_no_gaps() -> None:
    history = history_of(*((2.0 * number, float(number)) for number in range(1, 5)))
    found = history.columns(range(3, 9), 1.0)
    assert found == [(float(n), float(n)) for n in (2, 2, 3, 3, 4, 4)]


def test_a_late_reading_speaks_for_one_interval_only() -> None:
    history = history_of((0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (10.0, 7.0), (11.0, 7.0))
    found = history.columns(range(2, 12), 1.0)
    assert found == [(1.0, 1.0), *[None] * 6, *[(7.0, 7.0)] * 3]


def test_a_longer_interval_is_usual_after_its_second_reading() -> None:
    history = history_of(*((float(t), 1.0) for t in (0, 1, 2, 12, 22, 32)))
    found = history.columns(range(2, 33), 1.0)
    assert found[1:9] == [None] * 8
    assert None not in found[10:]


def test_an_extra_reading_in_between_makes_no_gap() -> None:
    history = history_of(*((t, 1.0) for t in (0.0, 2.0, 4.0, 4.1, 6.0)))
    assert None not in history.columns(range(7), 1.0)


def test_the_oldest_values_leave_a_full_history() -> None:
    history = History(capacity=80)
    for second in range(1000):
        history.add(float(second), float(second))
        assert len(history) < 90
    assert history.columns(range(920, 1000), 1.0) == [
        (float(s), float(s)) for s in range(920, 1000)
    ]
    assert history.columns(range(900), 1.0) == [None] * 900


def test_all_series_drop_what_their_timeline_drops() -> None:
    timeline, values = Timeline(), array("f")
    for second in range(3 * CAPACITY):
        surplus = timeline.add(float(second))
        values.append(UNKNOWN if second % 2 else second)
        del values[:surplus]
        assert len(values) == len(timeline)
    newest = range(3 * CAPACITY - 4, 3 * CAPACITY)
    assert envelopes(values, timeline.slices(newest, 1.0)) == [
        (newest[0], newest[0]),
        None,
        (newest[2], newest[2]),
        None,
    ]


@pytest.mark.parametrize("seconds_per_column", [0.5, 2.0, 30.0])
def test_an_empty_history_is_all_gaps(seconds_per_column: float) -> None:
    assert History().columns(range(-3, 3), seconds_per_column) == [None] * 6
