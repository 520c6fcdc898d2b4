from dataclasses import replace

import pytest
from rich.cells import cell_len

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, GpuState
from sensors.readings import Problem, Reading
from tests.fakes import scenes
from tui.theme import Palette
from tui.widgets.gpu_pane import GpuPane

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})
BARE = GpuReading(index=0, uuid="GPU-0", name="Some GPU")


def pane_rows(reading: Reading, width: int = 56, height: int = 8) -> list[str]:
    pane = GpuPane()
    pane.add(reading)
    rows = [line.strip(width) for line in pane.lines(PALETTE, width, height)]
    return ["".join(segment.text for segment in row) for row in rows]


def showing(*gpus: GpuReading) -> Reading:
    return replace(scenes.reading(0.0), gpus=gpus)


def test_a_card_that_reports_nothing_shows_no_zero() -> None:
    text = "\n".join(pane_rows(showing(BARE), height=4))
    assert text.count("n/a") >= 5
    assert "0 %" not in text
    assert "0 W" not in text


def test_limits_are_in_words_where_there_is_room_and_by_name_where_there_is_not() -> None:
    limited = replace(scenes.gpu(0, 0.0), clock_limits=clock_limits(0x48))
    assert "hardware slowdown: heat or power, too hot" in pane_rows(showing(limited), 90)[3]
    assert "limits hw-slowdown, hw-thermal" in pane_rows(showing(limited), 56)[3]


def test_a_card_without_limits_differs_from_one_that_does_not_say() -> None:
    free, unknown = (replace(scenes.gpu(0, 0.0), clock_limits=value) for value in ((), None))
    assert "limits none" in pane_rows(showing(free))[3]
    assert "limits n/a" in pane_rows(showing(unknown))[3]


def test_a_lost_card_keeps_its_row_and_the_problem_is_said() -> None:
    lost = replace(scenes.gpu(1, 0.0), state=GpuState.LOST)
    problem = Problem(source="nvml", what="GPU 1 is lost since 10:00:00")
    reading = replace(showing(scenes.gpu(0, 0.0), lost), problems=(problem,))
    text = "\n".join(pane_rows(reading, height=10))
    assert "! GPU 1 is lost since 10:00:00" in text
    assert "GPU 1 is lost" in text.replace("! GPU 1 is lost", "", 1)


@pytest.mark.parametrize("gpus", [3, 5, 8, 16])
@pytest.mark.parametrize("height", [4, 8, 10])
def test_cards_that_do_not_fit_are_counted(gpus: int, height: int) -> None:
    rows = pane_rows(scenes.reading(0.0, gpus=gpus), height=height)
    assert len(rows) <= height
    shown = sum(row.lstrip()[:2].strip().isdigit() for row in rows)
    more = [row for row in rows if "more; Tab here" in row]
    assert shown + (int(more[0].split()[1]) if more else 0) == gpus


@pytest.mark.parametrize("width", [20, 36, 56, 75])
def test_rows_are_as_wide_as_the_pane(width: int) -> None:
    for gpus in (0, 1, 2, 16):
        driver = scenes.NO_DRIVER if gpus == 0 else None
        for row in pane_rows(scenes.reading(0.0, gpus=gpus, driver=driver), width):
            assert cell_len(row) == width
