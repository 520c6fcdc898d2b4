import pytest

from benchmarks.epochs import noise_points
from benchmarks.training import Run


def test_the_steady_epoch_leaves_the_first_one_out() -> None:
    run = Run(epochs_s=(9.0, 2.0, 4.0, 3.0), processes_s=(8.0, 1.0, 1.5, 1.25))
    assert run.steady_s == 3.0
    assert run.steady_process_s == 1.25


def test_two_equal_networks_may_differ_by_the_chance_of_the_test_samples() -> None:
    assert noise_points(0.9, 10_000) == pytest.approx(0.849, abs=0.001)
    assert noise_points(1.0, 10_000) == 0.0
