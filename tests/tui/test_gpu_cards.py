"""Cards of several GPUs: below each other, or two beside each other where they have room."""

from collections.abc import Sequence
from dataclasses import replace

from sensors.gpu_readings import GpuReading
from tests.fakes import gpus, scenes
from tui.theme import Palette
from tui.widgets.gpu.pane import CARD_GAP, MIN_CARD_WIDTH, GpuPane
from tui.widgets.rows import strips

PALETTE = Palette({})
ROOM_FOR_TWO = 2 * MIN_CARD_WIDTH + CARD_GAP


def rows_of(cards: Sequence[GpuReading], width: int, height: int) -> list[str]:
    pane = GpuPane()
    pane.show_history = False
    pane.add(replace(scenes.reading(0.0), gpus=tuple(cards)))
    drawn = strips(pane.lines(PALETTE, width, height), PALETTE, width, height)
    return ["".join(segment.text for segment in row).rstrip() for row in drawn]


def four() -> list[GpuReading]:
    return [scenes.gpu(index, 0.0) for index in range(4)]


def test_two_cards_stand_beside_each_other_where_each_keeps_its_traffic() -> None:
    rows = rows_of(four(), ROOM_FOR_TWO, 8)
    assert [row.count("busy") for row in rows] == [2, 0, 0, 0] * 2
    assert [row.count("tx") for row in rows] == [0, 0, 2, 0] * 2
    assert rows[0].index(" 1 busy") == rows[4].index(" 3 busy") == MIN_CARD_WIDTH + CARD_GAP
    assert rows[0].startswith("▸0 busy")


def test_with_a_cell_less_cards_stand_below_each_other() -> None:
    rows = rows_of(four(), ROOM_FOR_TWO - 1, 20)
    assert [row.count("busy") for row in rows[:16]] == [1, 0, 0, 0] * 4


def test_a_card_without_an_answer_leaves_the_one_beside_it_in_its_place() -> None:
    cards = four()
    cards[0] = gpus.lost(0)
    cards[3] = gpus.lost(3)
    rows = rows_of(cards, ROOM_FOR_TWO, 8)
    assert "GPU 0 lost since" in rows[0]
    assert [row.find("mem ") for row in rows] == [-1, 55, -1, -1, -1, 3, -1, -1]
    assert "GPU 3 lost since" in rows[4]


def test_many_gpus_stay_a_table_where_cards_would_take_the_place_of_the_detail() -> None:
    cards = [scenes.gpu(index, 0.0) for index in range(8)]
    for height in (18, 20):
        rows = rows_of(cards, ROOM_FOR_TWO, height)
        assert rows[0].startswith("GPU")
        assert any("GPU 0 ·" in row for row in rows)
    rows = rows_of(cards, ROOM_FOR_TWO, 40)
    assert rows[0].count("busy") == 2
    assert any("00000000:" in row for row in rows)
