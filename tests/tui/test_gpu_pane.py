from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import (
    ON_REQUEST,
    TOO_SOON,
    DriverReading,
    GpuReading,
    MigInstance,
    NvmlState,
)
from sensors.readings import Problem, Reading
from tests.fakes import gpus, scenes
from tui import format as fmt
from tui.theme import Palette
from tui.widgets.gpu.pane import GpuPane
from tui.widgets.rows import strips

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})
BARE = GpuReading(index=0, uuid="GPU-0", name="Some GPU")


def showing(*cards: GpuReading) -> Reading:
    return scenes.reading(0.0, cards=cards)


def pane_of(*readings: Reading, history: bool = False) -> GpuPane:
    pane = GpuPane()
    pane.show_history = history
    for reading in readings:
        pane.add(reading)
    return pane


def pane_rows(pane: GpuPane, width: int = 56, height: int = 8) -> list[str]:
    rows = strips(pane.lines(PALETTE, width, height), PALETTE, width, height)
    return ["".join(segment.text for segment in row).rstrip() for row in rows]


def text_of(*cards: GpuReading, width: int = 56, height: int = 24) -> str:
    return "\n".join(pane_rows(pane_of(showing(*cards)), width, height))


@pytest.mark.parametrize("height", [4, 20])
def test_a_card_that_reports_nothing_shows_no_zero(height: int) -> None:
    text = text_of(BARE, height=height)
    assert text.count("n/a") >= 4
    assert "0 %" not in text
    assert "0 W" not in text


def test_the_detail_says_why_a_figure_is_missing() -> None:
    text = text_of(gpus.bare(0))
    assert text.count("n/a (not supported)") == 6
    assert "limit n/a (not supported)" in text_of(gpus.laptop(0, 0.0))


def test_limits_are_in_words_where_there_is_room_and_by_name_where_there_is_not() -> None:
    limited = replace(scenes.gpu(0, 0.0), clock_limits=clock_limits(0x48), clock_limit_s=None)
    pane = pane_of(showing(limited))
    assert "!! too hot: clocks halved or less, !! hardware slow" in pane_rows(pane, 90, 4)[3]
    assert "limits !! hw-thermal, !! hw-slowdown" in pane_rows(pane, 56, 4)[3]
    assert "limits hw-hot, hw-slow" in pane_rows(pane, 35, 4)[3]
    assert "limits hw-hot +1" in pane_rows(pane, 21, 4)[3]


def test_a_card_without_limits_differs_from_one_that_does_not_say() -> None:
    free, unknown = (
        replace(scenes.gpu(0, 0.0), clock_limits=value, clock_limit_s=None) for value in ((), None)
    )
    assert "limits none" in pane_rows(pane_of(showing(free)), height=4)[3]
    assert "limits n/a" in pane_rows(pane_of(showing(unknown)), height=4)[3]


@pytest.mark.parametrize(("count", "height"), [(1, 4), (1, 20), (2, 8), (5, 7), (16, 20)])
def test_a_limit_that_came_and_went_between_two_looks_is_told(count: int, height: int) -> None:
    quiet = [replace(scenes.gpu(index, 0.0), clock_limits=()) for index in range(count)]
    before = [replace(card, clock_limit_s={"hw-thermal": 100.0}) for card in quiet]
    after = [replace(card, clock_limit_s={"hw-thermal": 102.3}) for card in quiet]
    rows = pane_rows(pane_of(showing(*before), showing(*after)), 76, height)
    told = [row for row in rows if "hw-thermal 2.3 s" in row or "halved or less 2.3 s" in row]
    assert len(told) >= min(count, height - 2)


def test_seconds_before_racetop_opened_do_not_count() -> None:
    card = replace(scenes.gpu(0, 0.0), clock_limits=(), clock_limit_s={"power-cap": 500.0})
    assert "power-cap" not in text_of(card)


def test_cards_without_an_answer_keep_their_rows_and_say_since_when() -> None:
    text = text_of(scenes.gpu(0, 0.0), gpus.lost(1), gpus.asleep(2), gpus.failed(3))
    since = fmt.time_of_day(scenes.EPOCH_START_S - 100)
    assert f"GPU 1 lost since {since}" in text
    assert "GPU 2 asleep (power saving): not woken" in text
    assert f"GPU 3 does not answer since {since}" in text


def test_failing_memory_is_told_in_words_and_in_the_table() -> None:
    text = text_of(gpus.broken(0, 0.0))
    for words in (
        "the driver asks for: reset",
        "row remap failed: exchange the card",
        "3 memory errors not corrected",
        "driver error Xid 94 at ",
        "1,204 memory errors corrected",
        "2 rows remapped",
    ):
        assert words in text
    cards = [gpus.broken(0, 0.0), *(scenes.gpu(index, 0.0) for index in range(1, 8))]
    assert "needs reset +" in text_of(*cards, width=76, height=9)


def test_the_instances_of_a_card_that_is_cut_up_are_listed() -> None:
    text = text_of(gpus.mig(0, 0.0))
    assert [f"MIG {number}" in text for number in range(4)] == [True, True, True, False]
    assert "40.1/69.5 GiB · SM   0 %" in text


def test_shared_memory_a_slower_link_and_inner_activity_are_named() -> None:
    assert "shared with the host" in text_of(gpus.gb10(0, 0.0))
    assert "shared with the host" in text_of(gpus.gb10(0, 0.0), height=4)
    assert "PCIe   3×8 of 4×8" in text_of(gpus.laptop(0, 0.0))
    assert "SM busy  50 % · occupancy  25 % · tensor  19 %" in text_of(gpus.profiled(0, 0.0))


def test_bar1_and_the_speed_of_fans_are_named_where_known() -> None:
    text = text_of(gpus.hot(0, 0.0), width=90)
    assert "fan 100 % 3,480 rpm" in text
    assert "BAR1 21 MiB/64.0 GiB" in text
    assert "fan 1,450 rpm" in text_of(replace(gpus.hot(0, 0.0), fan_pct=None, fan_rpm=1_450))
    assert "BAR1" not in text_of(gpus.gb10(0, 0.0))
    assert "GI 1 CI 0 · BAR1 3 MiB/69.5 GiB" in text_of(gpus.mig(0, 0.0), width=110)


def test_energy_is_counted_from_the_opening_and_from_the_driver() -> None:
    text = "\n".join(pane_rows(pane_of(scenes.reading(0.0), scenes.reading(9.0)), height=20))
    assert "3.60 kJ since racetop opened" in text
    assert "1.00 MJ since the driver loaded" in text


def test_a_hung_driver_stays_named_in_two_rows() -> None:
    what = "The driver has not answered for 12 s: a query hangs."
    problem = Problem(source="nvml", what=what, remedy="Look at dmesg for Xid. " * 9)
    reading = replace(scenes.reading(0.0), problems=(problem,))
    rows = pane_rows(pane_of(reading), 56, 10)
    assert rows[0] == f"! {what}"
    assert rows[1].endswith("…")
    assert rows[2].startswith("busy")


def test_content_that_goes_on_is_marked_in_the_last_row() -> None:
    driver = replace(scenes.NO_DRIVER, remedy="Do this, then that, and see whether it helped. " * 9)
    rows = pane_rows(pane_of(scenes.reading(0.0, gpus=0, driver=driver)), 30, 4)
    assert rows[-1].endswith("…")
    assert pane_rows(pane_of(scenes.reading(0.0)), 56, 8)[-1].endswith("…")


@pytest.mark.parametrize("count", [3, 5, 8, 16])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 8, 10])
def test_cards_that_do_not_fit_are_counted_and_the_selected_one_is_visible(
    count: int, height: int
) -> None:
    pane = pane_of(scenes.reading(0.0, gpus=count))
    for selected in range(count):
        pane._place = selected
        rows = pane_rows(pane, height=height)
        shown = [row for row in rows if row[1:3].strip().isdigit()]
        assert any(row.startswith(f"▸{selected:>2}") for row in shown)
        more = [row.split() for row in rows if "more" in row and "▸" not in row]
        hidden = sum(int(word) for row in more for word in row if word.isdigit())
        assert len(shown) + hidden == count or height == 1


def test_names_stand_in_the_table_where_they_differ() -> None:
    assert "H200" not in text_of(*scenes.reading(0.0, gpus=8).gpus, width=116, height=9)
    mixed = text_of(*gpus.zoo(0.0), width=116, height=11)
    assert "L40S" in mixed
    assert "RTX 4060 Laptop G…" in mixed


def test_columns_leave_from_the_least_important_on() -> None:
    def titles(width: int) -> set[str]:
        head = pane_rows(pane_of(scenes.reading(0.0, gpus=8)), width, 9)[0]
        return set(head.replace("/", " /").split())

    seen: set[str] = set()
    for width in (30, 36, 56, 64, 76, 116):
        assert seen <= titles(width)
        seen = titles(width)
    assert {"GPU", "BUSY", "LIMITS"} <= titles(24)
    assert {"°C", "W", "GiB"} <= titles(36)


def test_video_gets_its_column_once_it_was_used_and_keeps_it() -> None:
    cards = scenes.reading(0.0, gpus=8).gpus
    encoding = replace(cards[3], encoder_pct=23.0)
    pane = pane_of(showing(*cards))
    assert "ENC" not in pane_rows(pane, 116, 9)[0]
    pane.add(showing(*cards[:3], encoding, *cards[4:]))
    pane.add(showing(*cards))
    assert "ENC" in pane_rows(pane, 116, 9)[0]


def test_a_table_keeps_the_cause_recognisable_and_counts_the_rest() -> None:
    limited = [
        replace(scenes.gpu(index, 0.0), clock_limits=clock_limits(bits), clock_limit_s=None)
        for index, bits in enumerate((0x4C, 0x2C, 0x8C, 0xCC, 0x4C, 0, 0, 0))
    ]
    words = ("hw-hot +2", "sw-hot +2", "brake +2", "hw-hot +3")
    for width in (47, 51):
        rows = pane_rows(pane_of(showing(*limited)), width, 9)
        assert all(map(str.endswith, rows[1:], words))


def test_four_gpus_leave_room_for_the_detail_of_the_selected_one() -> None:
    cards = [scenes.gpu(index, 0.0) for index in range(4)]
    for height in (9, 12, 19):
        assert "▸─ GPU 0" in "\n".join(pane_rows(pane_of(showing(*cards)), 58, height))
    assert pane_rows(pane_of(showing(*cards)), 58, 20)[0].startswith("▸0 busy")


def test_cards_tell_of_the_video_engines_in_use() -> None:
    cards = [replace(scenes.gpu(index, 0.0), encoder_pct=23.0 * index) for index in range(2)]
    rows = pane_rows(pane_of(showing(*cards)), 76, 12)
    assert ["enc  23 % dec" in row for row in rows[:8]] == [False] * 6 + [True, False]


@pytest.mark.parametrize("reason", ["not supported", "no permission"])
def test_counters_asked_for_that_are_not_there_are_named_with_the_reason(reason: str) -> None:
    card = replace(scenes.gpu(0, 0.0), unknown={"sm_busy_pct": reason})
    assert f"inside n/a ({reason})" in "\n".join(pane_rows(pane_of(showing(card)), 76, 30))
    unasked = replace(card, unknown={"sm_busy_pct": ON_REQUEST})
    assert "inside" not in "\n".join(pane_rows(pane_of(showing(unasked)), 76, 30))


def in_instances() -> GpuReading:
    cut = tuple(MigInstance(index=number, uuid=f"MIG-{number}") for number in range(7))
    return replace(scenes.gpu(0, 0.0), mig_enabled=True, mig_instances=cut)


def test_instances_stand_below_heat_clocks_and_link() -> None:
    rows = pane_rows(pane_of(showing(in_instances())), 76, 40)
    labels = [row.split(" ")[0] for row in rows]
    first = labels.index("MIG")
    assert {"heat", "clocks", "PCIe"} <= set(labels[:first])
    assert "energy" in labels[first:]


def test_one_error_is_one_error() -> None:
    card = replace(scenes.gpu(0, 0.0), ecc_corrected=1, ecc_uncorrected=1, remapped_rows=1)
    text = "\n".join(pane_rows(pane_of(showing(card)), 100, 30))
    assert "1 memory error not corrected" in text
    assert "1 memory error corrected · 1 row remapped" in text


class OnePane(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pane = GpuPane()
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_gpu_pane_selected(self, message: GpuPane.Selected) -> None:
        self.told.append(message.uuid)


async def test_the_arrows_select_a_gpu_and_tell_which() -> None:
    app = OnePane()
    async with app.run_test(size=(60, 12)) as pilot:
        app.pane.add(showing(*(replace(scenes.gpu(n, 0.0), index=n + 4) for n in range(3))))
        app.pane.focus()
        await pilot.press("down", "down", "down", "up")
        chosen = [scenes.gpu(n, 0.0).uuid for n in (1, 2, 0, 2)]
        assert app.told == chosen
        assert app.pane.selected == 6
        app.pane.add(showing(scenes.gpu(0, 0.0)))
        assert app.pane.selected == 0
        await pilot.press("down")
        assert app.told == chosen


def test_without_a_gpu_none_is_selected() -> None:
    assert pane_of(scenes.reading(0.0, gpus=0, driver=scenes.NO_DRIVER)).selected is None


def test_a_lone_card_gets_its_history_only_where_wanted() -> None:
    readings: Sequence[Reading] = [scenes.reading(float(second)) for second in range(30)]
    assert any("│" in row for row in pane_rows(pane_of(*readings, history=True), 56, 8))
    assert not any("│" in row for row in pane_rows(pane_of(*readings), 56, 24))


def test_the_history_of_a_silent_driver_is_a_gap() -> None:
    silent, unknown = DriverReading(state=NvmlState.SILENT), replace(BARE, busy_pct=None)
    began = [scenes.reading(float(second)) for second in range(20)]
    left = [replace(scenes.reading(20.0 + second), driver=silent) for second in range(5)]
    gap = [scenes.reading(20.0 + second, cards=[unknown]) for second in range(5)]
    (with_left, with_gap) = (
        [row for row in pane_rows(pane_of(*began, *late, history=True), 56, 30) if "│" in row]
        for late in (left, gap)
    )
    assert with_left
    assert with_left == with_gap


def test_a_driver_that_wakes_up_is_waited_for() -> None:
    starting = DriverReading(state=NvmlState.STARTING)
    rows = pane_rows(pane_of(scenes.reading(0.0, gpus=0, driver=starting)))
    assert rows[0] == "waiting for the NVIDIA driver …"


async def test_alone_on_the_screen_the_pane_scrolls_to_its_last_row() -> None:
    app = OnePane()
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.add(showing(in_instances()))
        app.pane.styles.height = "100%"
        app.pane.focus()
        app.screen.maximize(app.pane)
        await pilot.pause()
        app.pane.redraw()
        whole = app.pane.preferred_rows(app.pane.size.width)
        for _ in range(3):
            await pilot.press("pagedown")
        last = "".join(piece.text for piece in app.pane.render_line(app.pane.size.height - 1))
        assert "MIG on" in last
        assert whole > app.pane.size.height
        await pilot.press(*["up"] * whole)
        assert "busy" in "".join(piece.text for piece in app.pane.render_line(0))


async def test_where_no_card_counts_its_inner_activity_that_is_said_once() -> None:
    app = OnePane()
    async with app.run_test(size=(80, 12)) as pilot:
        card = replace(scenes.gpu(0, 0.0), unknown={"sm_busy_pct": "not supported"})
        for reasons in ({"sm_busy_pct": TOO_SOON}, card.unknown, card.unknown):
            app.pane.add(showing(replace(card, unknown=reasons)))
        await pilot.pause()
        told = [note.message for note in app._notifications]
        assert told == ["No GPU here tells its inner activity: not supported."]
