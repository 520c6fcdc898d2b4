import pytest
from rich.text import Text

from tui.charts import EpochLine, epoch_chart, uses_log_axis

CPU = EpochLine(epochs=(1, 2, 3), epoch_s=(8.0, 7.3, 7.3), mark="●", color=(95, 175, 255))
GPU = EpochLine(epochs=(1, 2), epoch_s=(4.9, 1.8), mark="▲", color=(143, 209, 79))


def rows_of(lines: list[EpochLine], width: int = 60, height: int = 12) -> list[str]:
    return Text.from_ansi(epoch_chart(lines, 10, width, height)).plain.split("\n")


def test_a_chart_has_a_mark_for_each_epoch_and_fills_its_room() -> None:
    rows = rows_of([CPU, GPU])
    assert len(rows) == 12
    assert {len(row) for row in rows} == {60}
    text = "".join(rows)
    assert (text.count("●"), text.count("▲")) == (3, 2)


def test_a_linear_axis_starts_at_zero() -> None:
    assert any(row.startswith(("0.0", " 0.0", "  0.0")) for row in rows_of([CPU]))


def test_times_tenfold_apart_get_a_log_axis() -> None:
    fast = EpochLine(epochs=(1,), epoch_s=(0.2,), mark="▲", color=(0, 0, 0))
    assert uses_log_axis([CPU, fast])
    assert not uses_log_axis([CPU, GPU])
    assert not uses_log_axis([])


@pytest.mark.parametrize("epochs", [1, 5, 200])
def test_epoch_numbers_stay_readable(epochs: int) -> None:
    last_row = Text.from_ansi(epoch_chart([CPU], epochs, 60, 12)).plain.split("\n")[-1]
    numbers = [int(word) for word in last_row.split()]
    assert numbers[0] == 1
    assert numbers == sorted(numbers)
    assert len(numbers) <= 10


def test_one_chart_leaves_nothing_in_the_next() -> None:
    first = epoch_chart([GPU], 10, 60, 12)
    epoch_chart([CPU], 3, 40, 8)
    assert epoch_chart([GPU], 10, 60, 12) == first
