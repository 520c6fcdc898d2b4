"""What looks at the machine come to over an epoch: planted readings, figures known beforehand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from runners.machine.figures import EnergySource, EpochMachine
from runners.machine.looks import Looks, Subject
from runners.machine.waits import DataWaits
from sensors.readings import Reading
from tests.fakes.looks import (
    GPU,
    HW_SLOWDOWN,
    HW_THERMAL,
    IDLE,
    OTHER_GPU,
    POWER_CAP,
    gpu,
    look,
    silent,
)

ON_GPU = Subject(gpu_uuid=GPU)
ON_CPU = Subject(is_cpu=True)


def seen(
    readings: Iterable[Reading],
    start_s: float,
    end_s: float,
    subject: Subject = ON_GPU,
    **more: object,
) -> EpochMachine:
    looks = Looks()
    for reading in readings:
        looks.add(reading)
    machine = looks.machine(start_s, end_s, subject, **more)  # type: ignore[arg-type]
    assert machine is not None
    return machine


def test_means_are_over_time_and_each_look_tells_of_the_time_before_it() -> None:
    busy = {0: 0.0, 1: 0.0, 2: 100.0, 6: 50.0, 7: 0.0}
    found = seen((look(at, gpu(busy_pct=pct)) for at, pct in busy.items()), 1.0, 6.0)

    assert found.gpu_busy_pct == pytest.approx((1 * 100 + 4 * 50) / 5)
    assert found.looks == 2
    assert found.gpu_busy_min_pct == 50.0


def test_a_look_mostly_outside_sets_no_extremes() -> None:
    clocks = {0: 300, 1: 1980, 2: 1980, 3: 300}
    temperatures = {0: 90.0, 1: 70.0, 2: 71.0, 3: 40.0}
    readings = [
        look(at, gpu(sm_clock_mhz=mhz, temperature_c=temperatures[at]))
        for at, mhz in clocks.items()
    ]
    found = seen(readings, 0.1, 2.1)

    assert found.sm_clock_min_mhz == 1980
    assert found.temperature_c == 71.0
    assert found.sm_clock_mhz == pytest.approx((1.9 * 1980 + 0.1 * 300) / 2)
    assert found.sm_clock_max_mhz == 1980


def test_an_epoch_shorter_than_an_interval_is_told_by_the_looks_around_it() -> None:
    readings = [look(at, gpu(busy_pct=40.0)) for at in (0, 1, 2)]
    found = seen(readings, 0.2, 0.5)

    assert (found.gpu_busy_pct, found.gpu_busy_min_pct, found.looks) == (40.0, 40.0, 0)


def test_calls_much_shorter_than_an_interval_have_no_figures() -> None:
    looks = Looks()
    for at in (0.0, 1.0, 2.0):
        looks.add(look(at, gpu()))

    assert looks.machine(0.2, 0.4, ON_GPU) is None
    assert looks.machine(1.9, 2.1, ON_GPU) is None


def test_energy_is_the_counters_interpolated_at_both_edges() -> None:
    readings = [look(at, gpu(energy_j=1000 + 300.0 * at)) for at in range(12)]
    found = seen(readings, 1.5, 9.25)

    assert found.energy_j == pytest.approx(300 * 7.75)
    assert found.energy_source is EnergySource.GPU_COUNTER
    assert found.power_w == 300.0


def test_power_beside_the_counters_energy_is_what_that_comes_to() -> None:
    joules = [0.0, 100.0, 200.0, 500.0, 800.0, 1100.0, 1400.0]
    readings = [look(at, gpu(energy_j=energy, power_w=555.0)) for at, energy in enumerate(joules)]
    found = seen(readings, 1.0, 6.0)

    assert found.energy_j == pytest.approx(1300)
    assert found.power_w == pytest.approx(260)
    # Where the counter does not reach, the looks tell.
    assert seen(readings, 1.0, 6.5).power_w == 555.0


def test_a_brief_epoch_while_the_driver_is_silent_has_the_hosts_figures_alone() -> None:
    first = look(1, gpu(energy_j=300.0))
    hung = [silent(first, at) for at in range(2, 10)]
    late = look(10, gpu(busy_pct=5.0, energy_j=3000.0))
    found = seen([look(0, gpu()), first, *hung, late], 4.0, 6.0)

    assert (found.gpu_busy_pct, found.sm_clock_mhz, found.energy_j) == (None, None, None)
    assert found.clock_limit_s is None
    assert found.looks == 2


def test_energy_of_an_epoch_that_few_looks_tell_of_is_not_known() -> None:
    readings = [look(at, gpu(energy_j=300.0 * at)) for at in range(4)]

    assert seen(readings, 0.5, 2.5).energy_j is None
    assert seen(readings, 0.5, 2.5).energy_source is None
    # At its edges a look each: nothing is left to be guessed.
    assert seen(readings, 1.0, 2.0).energy_j == pytest.approx(300)


def test_a_card_without_a_counter_has_its_power_added_up() -> None:
    power = [100.0, 100.0, 200.0, 300.0, 300.0, 300.0, 300.0, 100.0]
    readings = [look(at, gpu(power_w=watts)) for at, watts in enumerate(power)]
    found = seen(readings, 1.0, 6.0)

    assert found.energy_j == pytest.approx(200 + 4 * 300)
    assert found.energy_source is EnergySource.GPU_POWER


def test_a_counter_that_begins_anew_is_not_subtracted() -> None:
    energy = [5000.0, 5300.0, 10.0, 310.0, 610.0, 910.0, 1210.0, 1510.0]
    readings = [look(at, gpu(energy_j=joules)) for at, joules in enumerate(energy)]
    found = seen(readings, 0.0, 7.0)

    assert found.energy_j == pytest.approx(7 * 300)
    assert found.energy_source is EnergySource.GPU_POWER
    assert seen(readings, 2.0, 7.0).energy_source is EnergySource.GPU_COUNTER


def test_energy_beyond_the_last_look_is_not_known() -> None:
    readings = [look(at, gpu(energy_j=300.0 * at)) for at in range(9)]

    assert seen(readings, 0.0, 8.5).energy_j is None
    assert seen(readings, 0.0, 8.5).power_w == 300.0


def test_a_mean_of_less_than_half_the_time_is_none() -> None:
    readings = [look(at, gpu()) for at in range(3)]

    assert seen(readings, 0.0, 4.5).gpu_busy_pct is None
    assert seen(readings, 0.0, 4.0).gpu_busy_pct == 90.0


def test_seconds_of_limits_are_the_counters_where_the_card_counts() -> None:
    readings = [
        look(at, gpu(bits=HW_THERMAL | HW_SLOWDOWN, clock_limit_s={"hw-thermal": 0.6 * at}))
        for at in range(6)
    ]
    held = seen(readings, 0.5, 4.5).clock_limit_s or {}

    assert held.keys() == {"hw-thermal", "hw-slowdown"}
    assert held["hw-thermal"] == pytest.approx(2.4)
    assert held["hw-slowdown"] == pytest.approx(4.0)


def test_seconds_of_limits_are_the_bits_over_time_where_it_does_not() -> None:
    bits = [0, 0, POWER_CAP, POWER_CAP, IDLE, IDLE, 0]
    readings = [look(at, gpu(bits=mask)) for at, mask in enumerate(bits)]

    assert seen(readings, 0.0, 6.0).clock_limit_s == {"power-cap": 2.0}
    assert seen(readings, 4.0, 6.0).clock_limit_s == {}
    unknown = [look(at, gpu(bits=None)) for at in range(7)]
    assert seen(unknown, 0.0, 6.0).clock_limit_s is None


def test_a_driver_that_hangs_is_a_gap_that_only_counters_bridge() -> None:
    first = look(1, gpu(energy_j=300.0, clock_limit_s={"hw-thermal": 0.0}))
    hung = [silent(first, at) for at in range(2, 20)]
    late = look(20, gpu(busy_pct=5.0, energy_j=6000.0, clock_limit_s={"hw-thermal": 3.0}))
    found = seen([look(0, gpu(energy_j=0.0)), first, *hung, late], 1.0, 20.0)

    assert found.gpu_busy_pct is None
    assert found.energy_j == pytest.approx(5700)
    assert found.clock_limit_s == {"hw-thermal": 3.0}
    assert found.cpu_busy_pct is None
    assert found.looks == 1


def test_two_gpus_are_told_apart() -> None:
    readings = [
        look(at, gpu(busy_pct=10.0), gpu(OTHER_GPU, busy_pct=80.0, power_w=500.0))
        for at in range(4)
    ]

    assert seen(readings, 0.0, 3.0).gpu_busy_pct == 10.0
    assert seen(readings, 0.0, 3.0, Subject(gpu_uuid=OTHER_GPU)).power_w == 500.0
    assert seen(readings, 0.0, 3.0, Subject(gpu_uuid="GPU-9")).gpu_busy_pct is None


def test_a_job_on_the_cpu_has_the_processors_energy_and_heat() -> None:
    readings = [look(at, gpu(), package_power_w=50.0, temperature_c=70.0 + at) for at in range(7)]
    found = seen(readings, 1.0, 6.0, ON_CPU)

    assert found.energy_j == pytest.approx(250)
    assert found.energy_source is EnergySource.CPU_POWER
    assert found.temperature_c == 76.0
    assert found.gpu_busy_pct is None
    assert seen(readings, 1.0, 6.0, Subject()).energy_j is None


def test_cores_that_others_kept_busy() -> None:
    readings = [look(at, core_busy_pct=(100.0, 70.0)) for at in range(4)]

    found = seen(readings, 0.0, 3.0, ON_CPU, process_s=3.3)
    assert found.own_cores_busy == pytest.approx(1.1)
    assert found.other_cores_busy == pytest.approx(0.6)
    assert seen(readings, 0.0, 3.0, ON_CPU, process_s=9.0).other_cores_busy == 0.0
    assert seen(readings, 0.0, 3.0, ON_CPU).other_cores_busy is None


def test_only_cores_that_may_be_used_count() -> None:
    busy = (100.0, 100.0, 20.0)
    readings = [look(at, core_busy_pct=busy, usable_core_ids=(2,)) for at in range(4)]

    found = seen(readings, 0.0, 3.0, ON_CPU, process_s=0.3)
    assert found.other_cores_busy == pytest.approx(0.1)


def test_the_hosts_counters_rates_and_pressure() -> None:
    readings = [
        look(
            at,
            throttled_s=10.0 + 0.5 * at,
            thermal_throttled_s=None if at == 2 else 1.0,
            disk_read_bytes_per_s=1000.0 * at,
            pressure_io_s=[7.0, 7.0, 7.6, 7.9, 7.9][at],
            cpu_steal_pct=4.0,
            cpu_busy_pct=50.0,
        )
        for at in range(5)
    ]
    found = seen(readings, 0.5, 3.0, ON_CPU)

    assert found.throttled_s == pytest.approx(1.25)
    assert found.thermal_throttled_s is None
    assert found.disk_read_bytes == pytest.approx(500 + 2000 + 3000)
    assert found.pressure_io_pct == pytest.approx(100 * 0.9 / 2.5)
    assert found.pressure_cpu_pct is None
    assert (found.steal_pct, found.cpu_busy_pct) == (4.0, 50.0)


def test_dips_are_tied_to_the_data_waits_of_the_same_moments() -> None:
    busy = [90.0, 90.0, 20.0, 92.0, 10.0, 94.0, 91.0]
    waits = DataWaits(0.0)
    for at, waited in {1: 0.1, 2: 0.9, 3: 0.95, 4: 1.1, 5: 1.1, 6: 1.1}.items():
        waits.add(float(at), waited)
    readings = [look(at, gpu(busy_pct=pct)) for at, pct in enumerate(busy)]

    found = seen(readings, 0.0, 6.0, waits=waits)
    assert (found.dips, found.dips_in_wait) == (2, 1)
    assert seen(readings, 0.0, 6.0).dips_in_wait is None
    assert seen(readings, 0.0, 2.0, waits=waits).dips is None


def test_no_look_at_the_time_no_figures() -> None:
    looks = Looks()
    assert looks.machine(0.0, 1.0, ON_CPU) is None
    for at in (0.0, 1.0):
        looks.add(look(at))

    assert looks.machine(5.0, 6.0, ON_CPU) is None
    assert looks.machine(0.5, 0.5, ON_CPU) is None
    assert not looks.is_past(1.5, None)
    assert looks.is_past(1.0, None)


def test_hours_of_looks_are_thinned_and_sums_stay() -> None:
    looks = Looks(most_spans=16)
    for at in range(1001):
        busy = 0.0 if at == 500 else 80.0
        looks.add(look(at, gpu(energy_j=300.0 * at, busy_pct=busy, bits=POWER_CAP)))
    found = looks.machine(0.0, 1000.0, ON_GPU)

    assert found is not None
    assert found.energy_j == pytest.approx(300_000)
    assert found.gpu_busy_pct == pytest.approx(79.92)
    assert found.gpu_busy_min_pct == 0.0
    assert (found.clock_limit_s or {})["power-cap"] == pytest.approx(1000)
    assert found.looks == 1000
    part = looks.machine(10.0, 1000.0, ON_GPU)
    assert part is not None
    assert part.looks == 990
    assert part.energy_j == pytest.approx(297_000)
    newest = looks.machine(990.0, 1000.0, ON_GPU)
    assert newest is not None
    assert newest.energy_j == pytest.approx(3000)
