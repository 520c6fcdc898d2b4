from tui.history.braille import BrailleCurve


def test_a_curve_joins_steps_and_stays_inside() -> None:
    curve = BrailleCurve(2, 2, 100.0)
    curve.extend([(0.0, 0.0), (100.0, 100.0), (250.0, 250.0), (-5.0, -5.0)])
    rows = curve.texts()
    assert rows == ["⢸⢹", "⣸⢸"]


def test_a_column_runs_from_its_minimum_to_its_maximum() -> None:
    curve = BrailleCurve(1, 2, 70.0)
    curve.extend([(20.0, 50.0)])
    assert curve.texts() == ["⡄", "⠃"]


def test_a_gap_is_blank_and_is_not_bridged() -> None:
    curve = BrailleCurve(3, 1, 100.0)
    curve.extend([(0.0, 0.0), None, None, None, (100.0, 100.0), None])
    assert curve.texts() == ["⡀ ⠁"]


def test_columns_drawn_one_by_one_give_the_same_curve() -> None:
    columns = [(float(x), float(x * x % 90)) if x % 5 else None for x in range(20)]
    whole, pieces = BrailleCurve(10, 3, 100.0), BrailleCurve(10, 3, 100.0)
    whole.extend(columns)
    for column in columns:
        pieces.extend([column])
    assert whole.texts() == pieces.texts()
    assert pieces.drawn == 20


def test_nothing_drawn_is_blank() -> None:
    assert BrailleCurve(3, 2, 1.0).texts() == ["   ", "   "]


def test_the_cursor_fills_its_half_of_the_cells() -> None:
    curve = BrailleCurve(2, 2, 100.0)
    curve.extend([(0.0, 0.0), (0.0, 0.0)])
    assert curve.cursor(0) == ["⡇", "⣇"]
    assert curve.cursor(1) == ["⢸", "⣸"]
