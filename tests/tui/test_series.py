from tui.series import History, braille_graph


def test_a_gap_stays_a_gap() -> None:
    history = History()
    for second, value in enumerate([10.0, None, 30.0]):
        history.add(float(second), value)
    assert history.columns(4, 1.0) == [None, 10.0, None, 30.0]
    assert braille_graph(history.columns(4, 1.0), 1, 100.0)[0][0] != "⠀"


def test_values_that_share_a_column_keep_their_maximum() -> None:
    history = History()
    for tenth in range(20):
        history.add(tenth / 10, 90.0 if tenth == 13 else 10.0)
    assert history.columns(2, 1.0) == [10.0, 90.0]


def test_full_columns_never_change_when_time_moves_on() -> None:
    history = History()
    history.add(10.2, 5.0)
    history.add(10.9, 7.0)
    before = history.columns(3, 1.0)
    history.add(11.1, 9.0)
    assert history.columns(3, 1.0)[:2] == before[1:] == [None, 7.0]


def test_readings_that_stop_leave_a_gap_of_their_length() -> None:
    history = History()
    history.add(0.0, 1.0)
    history.add(3.0, 2.0)
    assert history.columns(4, 1.0) == [1.0, None, None, 2.0]


def test_old_values_leave_a_full_history() -> None:
    history = History(capacity=3)
    for second in range(10):
        history.add(float(second), float(second))
    assert len(history) == 3
    assert history.columns(5, 1.0) == [None, None, 7.0, 8.0, 9.0]


def test_a_curve_joins_steps_and_stays_inside() -> None:
    rows = braille_graph([0.0, 100.0, 250.0, -5.0], 2, 100.0)
    assert [len(row) for row in rows] == [2, 2]
    assert rows[1][0] == "⣸"  # the low dot left, and the whole rise right of it
    assert "⠀" not in "".join(rows)


def test_an_empty_history_is_blank() -> None:
    assert braille_graph(History().columns(6, 1.0), 2, 100.0) == ["   ", "   "]
