import pytest

from benchmarks.epochs import noise_points
from benchmarks.training import Run, ratios_within, steady_ratios


def test_the_steady_epoch_leaves_the_first_one_out() -> None:
    assert Run(epochs_s=(9.0, 2.0, 4.0, 3.0)).steady_s == 3.0


def test_sides_are_compared_round_by_round() -> None:
    above = [Run(epochs_s=(9.0, 2.0)), Run(epochs_s=(9.0, 6.0))]
    below = [Run(epochs_s=(1.0, 1.0)), Run(epochs_s=(1.0, 2.0))]
    assert steady_ratios(above, below) == (2.0, 3.0)


def test_epochs_before_a_hold_are_compared_with_those_in_it() -> None:
    run = Run(
        starts_mono_s=(0.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0),
        epochs_s=(9.0, 1.5, 1.7, 1.9, 1.0, 1.9, 1.8, 1.2),
    )
    # In the first hold lies one whole epoch; the one begun at 14 ends in it, that of 18 after it.
    assert ratios_within(run, [(15.0, 19.0), (21.9, 24.0)]) == (1.6, 1.5)


def test_a_hold_without_a_whole_epoch_tells_nothing() -> None:
    run = Run(starts_mono_s=(0.0, 10.0, 12.0), epochs_s=(9.0, 1.5, 1.7))
    assert ratios_within(run, [(12.5, 13.0), (20.0, 22.0)]) == ()


def test_two_equal_networks_may_differ_by_the_chance_of_the_test_samples() -> None:
    assert noise_points(0.9, 10_000) == pytest.approx(0.849, abs=0.001)
    assert noise_points(1.0, 10_000) == 0.0
