from __future__ import annotations

import pytest

from runners.machine.figures import EpochMachine
from runners.machine.slowed import slowed


def gpu(clock: float | None = 1410.0, **held: float) -> EpochMachine:
    limits = {name.replace("_", "-"): seconds for name, seconds in held.items()}
    return EpochMachine(looks=4, sm_clock_mhz=clock, sm_clock_max_mhz=1980.0, clock_limit_s=limits)


def words(machine: EpochMachine, epoch_s: float) -> str | None:
    found = slowed(machine, epoch_s)
    return found.in_words() if found else None


def test_heat_that_lowered_the_clock_is_told_with_both() -> None:
    assert (
        words(gpu(hw_thermal=3.21), 4.1)
        == "slowed by hw-thermal for 3.2 of 4.1 s, clock 1,410 of 1,980 MHz"
    )
    assert words(gpu(power_cap=0.4), 0.5) == (
        "slowed by power-cap for 0.40 of 0.50 s, clock 1,410 of 1,980 MHz"
    )
    assert words(gpu(power_cap=400.4), 1234.5) == (
        "slowed by power-cap for 400 of 1,234 s, clock 1,410 of 1,980 MHz"
    )


def test_of_what_held_as_long_the_cause_is_named() -> None:
    found = slowed(gpu(hw_slowdown=4.2, hw_thermal=4.1, power_cap=1.0), 4.1)

    assert found is not None
    assert (found.by, found.held_s) == ("hw-thermal", 4.1)


def test_a_cause_that_is_counted_is_named_before_the_slowdown_that_looks_round_up() -> None:
    hot = words(gpu(hw_slowdown=2.0, hw_thermal=1.4), 4.1) or ""
    braked = words(gpu(hw_slowdown=2.0, power_brake=1.8), 4.1) or ""
    capped = words(gpu(power_cap=4.0, sw_thermal=0.2), 4.1) or ""

    assert hot.startswith("slowed by hw-thermal for 1.4 of 4.1 s")
    assert braked.startswith("slowed by power-brake for 1.8 of 4.1 s")
    assert capped.startswith("slowed by power-cap for 4.0 of 4.1 s")


@pytest.mark.parametrize(
    "machine",
    [
        gpu(clock=1950.0, power_cap=4.0),
        gpu(hw_thermal=0.3),
        gpu(),
        gpu(clock=None, hw_thermal=4.0),
        gpu(sync_boost=4.0, reliability_limit=4.0),
        EpochMachine(looks=0),
        EpochMachine(looks=1, thermal_throttled_s=0.1),
    ],
    ids=["clock-kept", "brief", "none", "clock-unknown", "other-limits", "unknown", "cpu-brief"],
)
def test_what_cost_nothing_is_not_told(machine: EpochMachine) -> None:
    assert slowed(machine, 4.1) is None


def test_a_hot_processor_is_told() -> None:
    machine = EpochMachine(looks=4, thermal_throttled_s=9.0)

    assert words(machine, 4.1) == "slowed by heat of the processor for 4.1 of 4.1 s"
