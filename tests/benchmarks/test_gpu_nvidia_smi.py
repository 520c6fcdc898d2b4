from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.nvidia_smi import PAIRS, Pair, Value, is_same, query

GIB = 1 << 30


class FakeSmi:
    """Answers as the program does, which knows some columns."""

    def __init__(self, cells: dict[str, str], lacking: str = "") -> None:
        self.cells = cells
        self.lacking = lacking
        self.asked = 0

    def run(self, command: Sequence[str]) -> str:
        self.asked += 1
        program, columns, form = command
        assert (program, form) == ("nvidia-smi", "--format=csv,noheader,nounits")
        names = columns.removeprefix("--query-gpu=").split(",")
        if self.lacking in names:
            return f'Field "{self.lacking}" is not a valid field to query.\n\n'
        return ", ".join(self.cells.get(name, "[N/A]") for name in names) + "\n"


def test_columns_become_our_units() -> None:
    cells = {"uuid": "GPU-1", "memory.total": "1024", "pstate": "P8", "fan.speed": "[N/A]"}
    row = query(FakeSmi(cells).run)["GPU-1"]
    assert (row["memory.total"], row["pstate"], row["fan.speed"]) == (GIB, 8, None)


def test_a_column_that_the_program_does_not_know_is_left_out() -> None:
    smi = FakeSmi({"uuid": "GPU-1", "temperature.gpu": "54"}, lacking="memory.reserved")
    row = query(smi.run)["GPU-1"]
    assert row["temperature.gpu"] == 54
    assert "memory.reserved" not in row
    assert smi.asked == 2


def test_an_answer_that_is_none_is_said() -> None:
    with pytest.raises(NotMeasuredError, match="couldn't communicate"):
        query(lambda _command: "NVIDIA-SMI has failed because it couldn't communicate.")


@pytest.mark.parametrize(
    ("before", "after", "theirs", "agrees"),
    [
        (54, 60, 57, True),
        (54, 54, 57, True),
        (54, 54, 58, False),
        (60, 54, 50, False),
        (None, 54, 54, True),
        (None, None, 54, False),
        (54, 54, None, True),
    ],
)
def test_numbers_agree_between_our_two_readings_and_a_little_beyond(
    before: Value, after: Value, theirs: Value, agrees: bool
) -> None:
    assert is_same(Pair("temperature_c", "temperature.gpu", 3), before, after, theirs) is agrees


def test_text_agrees_where_it_is_the_same() -> None:
    name = next(pair for pair in PAIRS if pair.ours == "name")
    assert is_same(name, "NVIDIA H200", "NVIDIA H200", "NVIDIA H200")
    assert not is_same(name, "NVIDIA H200", "NVIDIA H200", "NVIDIA H100")
