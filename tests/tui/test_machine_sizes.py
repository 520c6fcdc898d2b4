"""The machine's panes at many sizes, over many machines: nothing breaks, no number is cut."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace

import pytest
from rich.cells import cell_len

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, MigInstance
from sensors.readings import HostReading, Problem, Reading
from tests.fakes import gpus, scenes
from tui import format as fmt
from tui.theme import Palette
from tui.widgets.cpu.pane import CpuPane
from tui.widgets.gpu.pane import GpuPane
from tui.widgets.rows import strips

PALETTE = Palette({})
WIDTHS = (20, 24, 29, 36, 37, 46, 56, 57, 76, 98, 116, 156, 220)
HEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 24, 37, 60)
NUMBER = re.compile(r"\d[\d.,:]*")
HUGE_FIELDS = ("busy_pct", "temperature_c", "fan_pct", "fan_rpm", "encoder_pct", "decoder_pct")
LONG = "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition 模型 " * 2


def huge(index: int) -> GpuReading:
    """Every number far larger than any card has, every text long."""
    numbers = dict.fromkeys(HUGE_FIELDS, 98_765_432.0 + index)
    return replace(
        gpus.broken(index, 0.0),
        **numbers,  # type: ignore[arg-type]
        name=LONG,
        memory_used_bytes=10**17 + index,
        memory_total_bytes=10**18,
        memory_reserved_bytes=10**16,
        bar1_used_bytes=10**16,
        bar1_total_bytes=10**17,
        power_w=1_234_567.0,
        power_limit_w=7_654_321.0,
        sm_clock_mhz=123_456,
        sm_clock_max_mhz=654_321,
        performance_state=15,
        energy_j=9.87e18,
        pcie_rx_bytes_per_s=9.87e15,
        clock_limits=clock_limits(0xFFFFFF),
        clock_limit_s=dict.fromkeys(("power-cap", "hw-thermal", "sync-boost", "new"), 1e7),
        mig_enabled=True,
        mig_instances=tuple(
            MigInstance(index=number, uuid=f"m{number}", profile=LONG, memory_used_bytes=10**17)
            for number in range(7)
        ),
    )


def nothing_but(index: int) -> GpuReading:
    return GpuReading(index=index, uuid=f"GPU-none-{index}", name="")


def empty_host(_second: float) -> HostReading:
    return HostReading(hostname="", system="")


def huge_host(_second: float) -> HostReading:
    cores = tuple(float(core % 101) for core in range(1024))
    return replace(
        scenes.host(0.0),
        cpu_name=LONG,
        cpu_user_pct=87_654.0,
        cores_usable=512.5,
        core_busy_pct=cores,
        usable_core_ids=tuple(range(0, 1024, 2)),
        memory_used_bytes=10**17,
        swap_used_bytes=10**16,
        load_1_min=98_765.25,
        disk_read_bytes_per_s=1e15,
        tasks_total=10**9,
    )


def machines() -> Iterator[tuple[str, list[Reading]]]:
    """Two readings each, so that counters have grown."""
    for count in range(17):
        readings = [scenes.reading(second, gpus=count) for second in (4.0, 7.0)]
        if not count:
            readings = [replace(reading, driver=scenes.NO_DRIVER) for reading in readings]
        yield f"{count} H200", readings
    for count in (1, 2, 5, 16):
        yield f"{count} huge", showing([huge(index) for index in range(count)], huge_host)
        yield f"{count} mute", showing([nothing_but(index) for index in range(count)], empty_host)
    for index, card in enumerate(gpus.zoo(7.0)):
        yield f"one {card.name} {index}", showing([replace(card, index=0)], scenes.small_host)
    yield "zoo", showing(gpus.zoo(7.0), scenes.host)
    problem = Problem(source="nvml", what="The driver has not answered for 12 s." * 3, remedy=LONG)
    hung = [replace(reading, problems=(problem, problem)) for reading in showing(gpus.zoo(7.0))]
    yield "hung driver", hung


def showing(cards: object, host: object = scenes.host) -> list[Reading]:
    assert isinstance(cards, (list, tuple))
    assert callable(host)
    return [
        replace(scenes.reading(second), gpus=tuple(cards), host=host(second))
        for second in (4.0, 7.0)
    ]


MACHINES = dict(machines())


def pane_of(kind: type[GpuPane] | type[CpuPane], readings: list[Reading]) -> GpuPane | CpuPane:
    pane = kind()
    for reading in readings:
        pane.add(reading)
    return pane


def rows_of(pane: GpuPane | CpuPane, width: int, height: int) -> list[str]:
    """The rows as the widget draws them."""
    drawn = strips(pane.lines(PALETTE, width, height), PALETTE, width, height)
    return ["".join(segment.text for segment in strip) for strip in drawn]


def leaves(record: object) -> Iterator[float | str]:
    """Every number and text a record holds, at any depth."""
    if isinstance(record, (int, float, str)):
        yield record
    elif isinstance(record, Mapping):
        yield from leaves(tuple(record.items()))
    elif isinstance(record, Sequence):
        for item in record:
            yield from leaves(item)
    elif is_dataclass(record):
        for part in fields(record):
            yield from leaves(getattr(record, part.name))


def whole_numbers(pane: GpuPane | CpuPane, reading: Reading) -> set[str]:
    """All numbers that may stand on the screen, in full and in any unit."""
    shown = [reading.gpus, reading.host, reading.problems, reading.driver]
    if isinstance(pane, GpuPane):
        shown += [(growth.held_s, growth.energy_j) for growth in pane._growths.values()]
    else:
        shown += [pane._held.quota.total, 100, *range(len(reading.host.core_busy_pct))]
    axis = {fmt.clock(seconds) for seconds in range(4 * max(WIDTHS))}
    return axis | numbers_of((shown, *range(17), 100.0))


def numbers_of(records: object) -> set[str]:
    """All numbers that records hold, in full and in any unit."""
    found: set[str] = set()
    for leaf in leaves(records):
        if isinstance(leaf, str):
            found |= {text.rstrip(".,:") for text in NUMBER.findall(leaf)}
            continue
        for size in (1, 1e3, 1e6, 1e9, fmt.MIB, fmt.GIB):
            for digits in (0, 1, 2):
                found |= {f"{leaf / size:.{digits}f}", f"{leaf / size:,.{digits}f}"}
        if leaf < 1e10:
            found |= {fmt.clock(leaf), fmt.time_of_day(leaf)}
    return found


def cut_numbers(row: str, known: set[str]) -> list[str]:
    """Numbers in a row that are not whole and have no mark behind them either."""
    row = re.sub(r"\+\d+", "", row)  # Counts of what is hidden.
    return [
        match[0]
        for match in NUMBER.finditer(row)
        if match[0].rstrip(".,:") not in known and row[match.end() : match.end() + 1] != "…"
    ]


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("kind", [GpuPane, CpuPane])
@pytest.mark.parametrize("history", [True, False])
def test_a_pane_fills_its_rows_and_cuts_no_number_without_a_mark(
    name: str, kind: type[GpuPane] | type[CpuPane], history: bool
) -> None:
    pane = pane_of(kind, MACHINES[name])
    pane.show_history = history
    known = whole_numbers(pane, MACHINES[name][-1])
    chance = random.Random(name)
    for width in chance.sample(WIDTHS, 6):
        for height in chance.sample(HEIGHTS, 6):
            rows = rows_of(pane, width, height)
            assert [cell_len(row) for row in rows] == [width] * height
            for row in rows:
                assert cut_numbers(row, known) == [], (width, height, row)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("width", [36, 56, 76, 116])
def test_what_a_pane_prefers_shows_every_gpu_and_ends_without_a_mark(
    count: int, width: int
) -> None:
    pane = pane_of(GpuPane, MACHINES[f"{count} H200"])
    assert isinstance(pane, GpuPane)
    height = pane.preferred_rows(width)
    assert len(pane.lines(PALETTE, width, height)) == height
    rows = rows_of(pane, width, height)
    assert not any("more below" in row for row in rows)
    assert not rows[-1].endswith("…")
    assert any("00000000:" in row for row in rows)
