import sys
from array import array
from dataclasses import fields, replace
from typing import Any

import pytest

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import HostReading, Reading
from tui.history.all_gpus import AllGpus
from tui.history.quantities import (
    DEFAULT_WITH_GPU,
    DEFAULT_WITHOUT_GPU,
    LIMITS,
    QUANTITIES,
    Quantity,
    nice_top,
    range_text,
    scale_text,
)
from tui.history.recording import HOST, Recording
from tui.history.series import CAPACITY

BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}
BUSY, POWER, CLOCK = BY_NAME["gpu.busy"], BY_NAME["gpu.power"], BY_NAME["gpu.sm-clock"]
CPU, QUOTA = BY_NAME["host.busy"], BY_NAME["host.quota-held"]
WALL_S = 1_780_000_000.0


def reading(
    second: float, *gpus: GpuReading, wall_ahead_s: float = 0.0, **host: float | None
) -> Reading:
    return Reading(
        taken_at_s=500.0 + second,
        wall_time_s=WALL_S + second + wall_ahead_s,
        took_s=0.0,
        host=replace(HostReading(hostname="h", system="s"), **host),  # type: ignore[arg-type]
        driver=DriverReading(state=NvmlState.OK),
        gpus=gpus,
    )


def gpu(name: str = "a", **values: object) -> GpuReading:
    return replace(GpuReading(index=0, uuid=name, name="card"), **values)  # type: ignore[arg-type]


def newest_columns(recording: Recording, count: int) -> range:
    assert recording.timeline.newest_s is not None
    stop = int(recording.timeline.newest_s) + 1
    return range(stop - count, stop)


def values(
    recording: Recording, subject: str, quantity: Quantity, count: int
) -> list[float | None]:
    columns = recording.columns(subject, quantity, newest_columns(recording, count), 1.0)
    return [None if column is None else column[1] for column in columns]


def test_series_of_several_subjects_stay_apart() -> None:
    recording = Recording()
    for second in range(3):
        a, b = gpu("a", busy_pct=float(second)), gpu("b", busy_pct=50.0 + second)
        recording.add(reading(second, a, b, cpu_busy_pct=90.0 + second))
    assert values(recording, "a", BUSY, 3) == [0.0, 1.0, 2.0]
    assert values(recording, "b", BUSY, 3) == [50.0, 51.0, 52.0]
    assert values(recording, HOST, CPU, 3) == [90.0, 91.0, 92.0]


def test_a_gpu_that_comes_back_goes_on_with_its_series_after_a_gap() -> None:
    recording = Recording()
    for second in range(6):
        there = [gpu("b", busy_pct=7.0)]
        if second not in (2, 3):
            there.insert(0, gpu("a", busy_pct=float(second)))
        recording.add(reading(second, *there))
    assert values(recording, "a", BUSY, 6) == [0.0, 1.0, None, None, 4.0, 5.0]
    assert values(recording, "b", BUSY, 6) == [7.0] * 6


def test_what_is_left_from_before_a_driver_fell_silent_is_a_gap() -> None:
    recording = Recording()
    for second in range(4):
        now = reading(second, gpu("a", busy_pct=94.0), cpu_busy_pct=3.0)
        if second in (1, 2):
            now = replace(now, driver=DriverReading(state=NvmlState.SILENT))
        recording.add(now)
    assert values(recording, "a", BUSY, 4) == [94.0, None, None, 94.0]
    assert values(recording, HOST, CPU, 4) == [3.0] * 4


def read_late(second: float, look_second: float, **values: object) -> Reading:
    """A reading that holds a look at the GPUs of another second."""
    return replace(
        reading(second, gpu("a", **values), cpu_busy_pct=3.0), gpus_taken_at_s=500.0 + look_second
    )


def test_a_driver_that_hangs_is_a_gap_from_the_next_reading_on() -> None:
    for interval_s in (0.5, 1.0, 10.0):
        recording = Recording()
        for number in range(6):
            look = 1 if 1 < number < 5 else number
            recording.add(read_late(number * interval_s, look * interval_s, busy_pct=10.0 + look))
        known = recording._subjects["a"].series["gpu.busy"]
        assert [value > 0 for value in known] == [True, True, False, False, False, True]
        assert values(recording, HOST, CPU, 1) == [3.0]


def test_a_reading_asked_for_at_the_same_moment_is_no_gap() -> None:
    recording = Recording()
    for second, look in ((0.0, 0.0), (1.0, 1.0), (1.2, 1.0), (1.4, 1.0), (2.0, 2.0)):
        recording.add(read_late(second, look, busy_pct=10.0 + look))
    known = recording._subjects["a"].series["gpu.busy"]
    assert list(known) == [10.0, 11.0, 11.0, 11.0, 12.0]


def test_a_slow_driver_whose_answers_come_a_reading_late_has_no_gap() -> None:
    recording = Recording()
    for second in range(1, 6):
        recording.add(read_late(second, second - 1, busy_pct=10.0 + second))
    assert values(recording, "a", BUSY, 5) == [11.0, 12.0, 13.0, 14.0, 15.0]


def test_a_quantity_known_late_has_no_past() -> None:
    recording = Recording()
    for second in range(4):
        recording.add(reading(second, gpu(busy_pct=1.0, power_w=None if second < 2 else 300.0)))
        assert recording.has("a", POWER) == (second >= 2)
    assert values(recording, "a", POWER, 4) == [None, None, 300.0, 300.0]
    assert recording.newest("a", POWER) == 300.0
    assert recording.newest("b", POWER) is None


def test_the_newest_value_is_unknown_where_the_newest_reading_has_none() -> None:
    recording = Recording()
    recording.add(reading(0, gpu(busy_pct=0.0)))
    assert recording.newest("a", BUSY) == 0.0
    recording.add(reading(1))
    assert recording.newest("a", BUSY) is None


def test_two_cards_with_one_identity_do_not_disturb_the_clock() -> None:
    recording = Recording()
    for second in range(3):
        recording.add(reading(second, gpu(busy_pct=float(second)), gpu(busy_pct=99.0)))
    assert values(recording, "a", BUSY, 3) == [0.0, 1.0, 2.0]


def test_scales_end_at_the_limits_that_the_card_tells() -> None:
    recording = Recording()
    recording.add(reading(0, gpu(power_w=300.0, power_limit_w=700.0, sm_clock_mhz=1200)))
    recording.add(reading(1, gpu(power_w=300.0, power_limit_w=None, sm_clock_mhz=1200)))
    assert recording.top("a", POWER) == 700.0
    assert recording.top("a", CLOCK) is None
    assert recording.top("a", BUSY) is None


def test_what_counts_up_is_shown_as_its_growth_a_second() -> None:
    recording = Recording()
    for second, total_s in ((0, 10.0), (1, 10.5), (3, 11.5), (4, None), (5, 12.0), (6, 1.0)):
        recording.add(reading(second, throttled_s=total_s))
    assert values(recording, HOST, QUOTA, 7) == [None, 0.5, 0.5, 0.5, None, None, None]


def test_after_a_suspension_the_clock_has_gone_on_and_left_a_gap() -> None:
    recording = Recording()
    for second in range(3):
        recording.add(reading(second, cpu_busy_pct=5.0))
    for second in range(3, 6):
        recording.add(reading(second, wall_ahead_s=600.0, cpu_busy_pct=6.0))
    assert recording.timeline.newest_s == WALL_S + 605.0
    assert recording.wall_offset_s == 0
    assert values(recording, HOST, CPU, 605) == [5.0, 5.0, *[None] * 599, *[6.0] * 4]


def test_a_wall_clock_set_back_shifts_the_labels_not_the_series() -> None:
    recording = Recording()
    for second in range(4):
        recording.add(
            reading(second, wall_ahead_s=0.0 if second < 2 else -3600.0, cpu_busy_pct=5.0)
        )
    assert values(recording, HOST, CPU, 4) == [5.0] * 4
    assert recording.wall_offset_s == -3600


def test_limits_that_hold_now_or_held_since_the_last_reading_are_kept() -> None:
    recording = Recording()
    recording.add(reading(0, gpu(clock_limits=(), clock_limit_s={"power-cap": 3.0})))
    recording.add(reading(1, gpu(clock_limits=(), clock_limit_s={"power-cap": 3.2})))
    recording.add(
        reading(2, gpu(clock_limits=clock_limits(0x41), clock_limit_s={"power-cap": 3.2}))
    )
    recording.add(reading(3, gpu(clock_limits=None)))
    recording.add(reading(4, gpu(clock_limits=(), clock_limit_s={"new-reason": 1.0})))
    recording.add(reading(5, gpu(clock_limits=(), clock_limit_s={"new-reason": 2.0})))
    columns = recording.limit_columns("a", newest_columns(recording, 6), 1.0)
    names = [c if c is None else [limit.name for limit in c] for c in columns]
    assert names == [[], ["power-cap"], ["hw-thermal", "idle"], None, [], ["new-reason"]]
    wide = recording.limit_columns("a", range(int(WALL_S) // 30, int(WALL_S) // 30 + 1), 30.0)
    assert wide[0] is not None
    assert [limit.name for limit in wide[0]][:2] == ["hw-thermal", "power-cap"]


def test_limits_of_a_card_that_does_not_tell_are_unknown() -> None:
    recording = Recording()
    recording.add(reading(0, gpu(busy_pct=1.0)))
    assert not recording.has_limits("a")
    assert recording.newest_limits("a") is None
    assert recording.limit_columns("a", newest_columns(recording, 2), 1.0) == [None, None]


def test_an_hour_of_sixteen_gpus_stays_small() -> None:
    recording = Recording()
    names = [f"GPU-{number}" for number in range(16)]
    for second in range(CAPACITY + 500):
        gpus = [
            gpu(
                name,
                busy_pct=1.0,
                memory_busy_pct=1.0,
                memory_used_bytes=1,
                memory_total_bytes=2,
                power_w=3.0,
                temperature_c=4.0,
                sm_clock_mhz=5,
                pcie_rx_bytes_per_s=6.0,
                pcie_tx_bytes_per_s=7.0,
                nvlink_rx_bytes_per_s=8.0,
                nvlink_tx_bytes_per_s=9.0,
            )
            for name in names
        ]
        recording.add(reading(second, *gpus, cpu_busy_pct=1.0))
    kept = [values for s in recording._subjects.values() for values in s.series.values()]
    # 10 of each card, 3 of all together, 1 of the host.
    assert len(kept) == 164
    assert {len(series) for series in kept} == {len(recording.timeline)}
    assert len(recording.timeline) >= CAPACITY
    assert sum(map(sys.getsizeof, kept)) < 3 * 2**20


KINDS: dict[str, type[Any]] = {"gpu": GpuReading, "gpus": AllGpus, "host": HostReading}
IDENTITIES: dict[type[Any], dict[str, Any]] = {
    GpuReading: {"index": 0, "uuid": "a", "name": "card"},
    AllGpus: {},
    HostReading: {"hostname": "h", "system": "s"},
}


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_every_quantity_reads_a_record_that_knows_nothing_and_one_that_does(
    quantity: Quantity,
) -> None:
    kind = KINDS[quantity.name.partition(".")[0]]
    numbers = {
        field.name: 40
        for field in fields(kind)
        if "None" in str(field.type) and ("float" in str(field.type) or "int" in str(field.type))
    }
    bare = kind(**IDENTITIES[kind])
    assert quantity.of(bare) is None
    value = quantity.of(replace(bare, **numbers))
    assert value in (40, 100.0)
    assert len(quantity.title) <= 10
    assert " " in quantity.text(40.0).strip()


def test_the_names_of_quantities_are_unique_and_the_defaults_exist() -> None:
    assert len(BY_NAME) == len(QUANTITIES)
    assert {*DEFAULT_WITH_GPU, *DEFAULT_WITHOUT_GPU} <= {*BY_NAME, LIMITS}


def test_nice_tops_are_one_two_or_five_times_a_power_of_ten() -> None:
    found = [nice_top(value) for value in (0.03, 1.0, 1.01, 2.0, 388.0, 501.0, 3.2e9)]
    assert found == pytest.approx([0.05, 1.0, 2.0, 2.0, 500.0, 1000.0, 5e9])


def test_ranges_say_their_unit_once_and_both_units_where_they_differ() -> None:
    rx = BY_NAME["gpu.pcie-rx"]
    assert range_text(BUSY, 41.0, 87.2, 13) == "41–87 %"
    assert range_text(BUSY, 41.1, 41.4, 13) == "41 %"
    assert range_text(CLOCK, 1740.0, 1980.0, 13) == "1740–1980 MHz"
    assert range_text(CLOCK, 1740.0, 1980.0, 9) == "≤ 1980 MHz"
    assert range_text(rx, 9.5e6, 1.25e9, 20) == "9.50 MB/s–1.25 GB/s"


def test_scales_are_marked_in_four_cells() -> None:
    tops = (CLOCK, 1980.0), (POWER, 700.0), (BY_NAME["gpu.pcie-rx"], 5e8), (QUOTA, 2.0)
    assert [scale_text(*top) for top in tops] == ["1980", "700", "500M", "2"]


def test_series_are_kept_in_single_precision() -> None:
    recording = Recording()
    recording.add(reading(0, gpu(busy_pct=1.0)))
    assert recording._subjects["a"].series["gpu.busy"] == array("f", [1.0])
