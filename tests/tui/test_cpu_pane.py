from dataclasses import replace

import pytest

from sensors.readings import HostReading
from tests.fakes import scenes
from tui.theme import Palette
from tui.widgets.cpu.detail import busy_pct
from tui.widgets.cpu.pane import CpuPane, title
from tui.widgets.rows import strips

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})


def pane_of(*hosts: HostReading, history: bool = False) -> CpuPane:
    pane = CpuPane()
    pane.show_history = history
    for second, host in enumerate(hosts):
        pane.add(replace(scenes.reading(float(second)), host=host))
    return pane


def pane_rows(pane: CpuPane, width: int = 56, height: int = 24) -> list[str]:
    rows = strips(pane.lines(PALETTE, width, height), PALETTE, width, height)
    return ["".join(segment.text for segment in row).rstrip() for row in rows]


def text_of(host: HostReading, width: int = 56, height: int = 24) -> str:
    return "\n".join(pane_rows(pane_of(host), width, height))


def test_in_a_container_the_first_gauge_is_of_what_it_may_use() -> None:
    host = replace(scenes.host(0.0), group_busy_cores=8.0, cpu_busy_pct=11.0)
    for height in (4, 24):
        first = pane_rows(pane_of(host), height=height)[0]
        assert first.startswith("yours")
        assert first.endswith("8.0/16 cores")
        gauge = first[7:40]
        assert gauge.count("━") in (len(gauge) // 2, len(gauge) // 2 + 1)
    assert pane_rows(pane_of(host))[1].split()[0] == "host"
    assert pane_of(host).border_title is not None


def test_under_affinity_the_first_gauge_is_of_its_cores_and_not_of_the_whole_group() -> None:
    host = replace(
        scenes.host(0.0),
        cores_usable=2.0,
        cores_limit="affinity",
        usable_core_ids=(1, 3),
        core_busy_pct=(100.0, 30.0, 100.0, 50.0) + (100.0,) * 92,
        group_busy_cores=52.8,
    )
    assert pane_rows(pane_of(host))[0].endswith(" 0.8/2 cores")
    assert busy_pct(host) == pytest.approx(40.0)
    before_the_second_look = replace(host, core_busy_pct=())
    assert busy_pct(before_the_second_look) == host.cpu_busy_pct


def test_the_row_of_clocks_is_called_heat_only_where_there_is_a_temperature() -> None:
    host = scenes.host(0.0)
    assert "heat    71 °C · 2.90" in text_of(host)
    assert "clock  2.90/3.71 GHz" in text_of(replace(host, temperature_c=None))
    only_power = replace(host, temperature_c=None, frequency_mhz=None)
    assert "power  214 W" in text_of(only_power)


def test_a_narrow_title_keeps_the_number_of_cores_and_cuts_the_name() -> None:
    host = scenes.host(0.0)
    cores = "16 of 96 cores (cgroup)"
    assert title(host) == f"CPU · AMD EPYC 9654 · {cores}"
    assert title(host, 40) == f"CPU · AMD EPY… · {cores}"
    assert title(host, 36) == f"CPU · {cores}"


def test_where_it_is_narrow_the_seconds_held_back_stay_whole() -> None:
    before = replace(scenes.host(0.0), thermal_throttled_s=0.0)
    pane = pane_of(before, replace(before, throttled_s=903.4, thermal_throttled_s=6.0))
    rows = pane_rows(pane, width=28, height=30)
    assert any("! quota 15:00" in row for row in rows)
    assert any("! heat 6.0 s" in row for row in rows)


def test_the_parts_of_the_busy_share_have_marks_of_their_own() -> None:
    host = replace(
        scenes.small_host(0.0),
        cpu_busy_pct=50.0,
        cpu_user_pct=30.0,
        cpu_system_pct=20.0,
        cpu_iowait_pct=10.0,
        cpu_steal_pct=40.0,
    )
    first = pane_rows(pane_of(host), width=43)[0]
    assert first == "busy   ━━━━━━════╍╍××××××××            50 %"
    text = text_of(host, width=76)
    assert "━ user 30% · ═ system 20% · ╍ iowait 10% · × steal 40%" in text


def test_few_cores_get_a_gauge_and_a_number_each_and_many_a_cell() -> None:
    assert "0 ━━━━━━" in text_of(replace(scenes.small_host(0.0), core_busy_pct=(35.0, 20.0)))
    many = replace(scenes.small_host(0.0), core_busy_pct=(0.0, 100.0) * 16, usable_core_ids=())
    assert "cores  " + "▁█" * 16 in text_of(many)
    assert "cores  " + "▁█" * 16 in text_of(many, height=4)


def test_cores_of_others_stand_apart() -> None:
    host = replace(scenes.host(0.0), core_busy_pct=(0.0, 100.0) * 8, usable_core_ids=(1, 3, 5))
    text = text_of(host)
    assert "yours  ███\n" in text
    assert "others ▁▁▁▁█▁█▁█▁█▁█\n" in text


@pytest.mark.parametrize("height", [4, 24])
def test_cores_that_find_no_room_are_counted(height: int) -> None:
    host = replace(scenes.host(0.0), core_busy_pct=(50.0,) * 512, usable_core_ids=tuple(range(512)))
    text = text_of(host, width=36, height=height)
    shown = text.count("▄")
    assert f" +{512 - shown}" in text


@pytest.mark.parametrize("width", range(1, 9))
def test_cores_are_counted_where_not_one_finds_room(width: int) -> None:
    host = replace(scenes.host(0.0), core_busy_pct=(50.0,) * 16, usable_core_ids=(0, 1))
    assert text_of(host, width=width)


def test_being_held_back_counts_from_the_opening_on() -> None:
    before = replace(scenes.host(0.0), throttled_s=100.0, thermal_throttled_s=7.0)
    after = replace(before, throttled_s=103.2)
    for height in (4, 24):
        pane = pane_of(before)
        assert "!" not in "".join(pane_rows(pane, height=height))
        pane.add(replace(scenes.reading(1.0), host=after))
        assert "! quota held back 3.2 s" in "\n".join(pane_rows(pane, height=height))
    assert "slowed by heat 0.0 s" in text_of(before)
    assert "slowed by heat" not in text_of(replace(before, thermal_throttled_s=None))


def test_all_that_is_known_is_shown_in_full() -> None:
    text = text_of(scenes.host(0.0), width=76)
    for words in (
        "71 °C · 2.90/3.71 GHz · 214 W",
        "cpu 12 % · io  0 % all  0 % · mem  0 % all  0 %",
        "cache 41.7 GiB · swap 0.00/8.00 GiB",
        "read  212 MB/s · write 1.40 MB/s",
        "rx 3.10 MB/s · tx   88 kB/s",
        "14.20 12.03 9.87 · 1,204 tasks, 17 running",
        "22.1/128.0 GiB",
    ):
        assert words in text


def test_what_is_unknown_is_left_out_or_named_and_never_zero() -> None:
    host = HostReading(hostname="x", system="y")
    for height in (4, 24):
        text = text_of(host, height=height)
        assert "n/a" in text
        assert "0" not in text


def test_history_is_drawn_only_where_wanted() -> None:
    hosts = [scenes.host(float(second)) for second in range(30)]
    assert any("│" in row for row in pane_rows(pane_of(*hosts, history=True), height=8))
    assert not any("│" in row for row in pane_rows(pane_of(*hosts), height=40))


@pytest.mark.parametrize("width", [36, 56, 116])
def test_the_preferred_rows_show_all(width: int) -> None:
    pane = pane_of(scenes.host(0.0))
    rows = pane_rows(pane, width, pane.preferred_rows(width))
    assert rows[-1]
    assert not rows[-1].endswith("…")
