from dataclasses import replace

from tests.fakes import scenes
from tui.growth import GpuGrowth, Growth


def grown(*values: float | None) -> float | None:
    growth = Growth()
    for value in values:
        growth.add(value)
    return growth.total


def test_a_counter_counts_from_its_first_value_on() -> None:
    assert grown(100.0, 103.0, 103.5) == 3.5
    assert grown(100.0) == 0.0


def test_a_counter_never_seen_is_unknown_and_gaps_do_not_matter() -> None:
    assert grown() is None
    assert grown(None, None) is None
    assert grown(5.0, None, 7.0) == 2.0


def test_a_counter_that_starts_anew_goes_on_adding() -> None:
    assert grown(100.0, 104.0, 1.0, 3.0) == 7.0


def test_a_gpu_counts_energy_and_each_limit() -> None:
    growth = GpuGrowth()
    card = scenes.gpu(0, 0.0)
    growth.add(replace(card, energy_j=10.0, clock_limit_s={"power-cap": 5.0}))
    growth.add(replace(card, energy_j=30.0, clock_limit_s={"power-cap": 6.0, "hw-thermal": 1.0}))
    growth.add(replace(card, energy_j=None, clock_limit_s=None))
    assert growth.energy_j == 20.0
    assert growth.held_s == {"power-cap": 1.0, "hw-thermal": 0.0}
