from __future__ import annotations

from dataclasses import replace

import pytest

from runners.events import EvaluationFinished, Event
from runners.fluctuation import fluctuation, outliers
from runners.spec import JobSpec, Order, Plan
from runners.statistics import steady_epoch_s, total_s
from runners.verdict import verdict
from tests.fakes.training import epoch, finished_run, plan, replayed, settings


def test_an_epoch_far_from_the_others_is_an_outlier() -> None:
    assert outliers([1.0, 1.01, 0.99, 1.02, 5.0]) == (5.0,)
    assert outliers([1.0, 1.01, 0.99, 1.02, 1.05]) == ()


@pytest.mark.parametrize("values", [[], [1.0, 9.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
def test_few_or_equal_values_have_no_outliers(values: list[float]) -> None:
    assert outliers(values) == ()


def test_an_outlier_is_told_and_kept_in_the_figures() -> None:
    state = replayed(plan("cpu"), finished_run(2.0, 1.0, 1.01, 0.99, 1.02, 5.0))
    found = fluctuation(state, 0)
    assert found is not None
    assert (found.count, found.outliers) == (5, (5.0,))
    assert "cpu: 1 outlier (5 s), kept in all figures." in verdict(state)


def test_of_many_outliers_some_are_named() -> None:
    times_s = (1.0, 1.01, 0.99, 1.02, 1.0, 1.01, 0.99, 1.02, 1.0, 5.0, 6.0, 7.0, 300.0)
    said = verdict(replayed(plan("cpu"), finished_run(2.0, *times_s)))
    assert "cpu: 4 outliers (5 s, 6 s, 7 s, ...), kept in all figures." in said


def test_an_outlier_moves_no_median_and_leaves_its_mark_in_the_total() -> None:
    quiet = replayed(plan("cpu"), finished_run(2.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    disturbed = replayed(plan("cpu"), finished_run(2.0, 1.0, 1.0, 1.0, 1.0, 50.0))
    runs = [next(iter(state.runs.values())) for state in (quiet, disturbed)]
    assert [steady_epoch_s(run) for run in runs] == [1.0, 1.0]
    assert [total_s(run) for run in runs] == [7.0, 56.0]


def test_epochs_that_vary_a_little_are_told_without_blame() -> None:
    state = replayed(plan("cpu"), finished_run(2.0, 1.0, 1.06, 1.12, 1.18))
    assert not any("vary by" in sentence for sentence in verdict(state))
    wider = replayed(plan("cpu"), finished_run(2.0, 1.0, 1.1, 1.2, 1.3))
    assert "cpu: 4 steady epochs vary by 13 %." in verdict(wider)


@pytest.mark.parametrize(
    ("apart", "told"),
    [
        (0.045, []),
        (0.055, ["cpu: 5 steady epochs vary by 11 %."]),
        (0.12, ["cpu: 5 steady epochs vary by 24 %."]),
        (0.13, ["cpu: 5 steady epochs vary by 26 %; the machine did not keep its pace."]),
    ],
)
def test_from_which_spread_between_the_quartiles_on_it_is_told(
    apart: float, told: list[str]
) -> None:
    times_s = (1 - apart, 1.0, 1 + apart, 1 - apart, 1 + apart)
    said = verdict(replayed(plan("cpu"), finished_run(1.0, *times_s)))
    assert [sentence for sentence in said if "vary by" in sentence] == told


def evaluated(share: float) -> list[Event]:
    return [
        epoch(1, 2.0),
        EvaluationFinished(epoch=1, eval_s=0.1, samples=10_000, test_loss=0.1, test_accuracy=share),
    ]


def test_accuracies_within_their_noise_are_no_difference() -> None:
    state = replayed(plan("cpu", "cuda:0"), evaluated(0.9931), evaluated(0.9925))
    assert "No difference in accuracy: 0.06 points apart, noise 0.24." in verdict(state)


def test_accuracies_beyond_their_noise_are_told_with_it() -> None:
    state = replayed(plan("cpu", "cuda:0"), evaluated(0.95), evaluated(0.93))
    assert (
        "cuda:0 is 2.00 points less accurate than cpu (noise of the test set 0.66; one seed)."
    ) in verdict(state)


def test_the_time_saved_is_told() -> None:
    state = replayed(plan("cpu", "cuda:0"), finished_run(60.0, 60.0), finished_run(2.0, 1.0))
    assert "cuda:0 saves 117 s of 2.0 min a run." in verdict(state)


def test_calls_left_out_by_the_sources_rule_are_told() -> None:
    job = JobSpec(label="cpu", settings=settings(workload="resnet63", epochs=4))
    asked = Plan(order=Order.IN_TURN, trials=1, jobs=(job,))
    state = replayed(asked, finished_run(9.0, 5.0, 1.0, 1.1))
    assert "resnet63: steady figures leave out the first 2 calls of a run." in verdict(state)
    assert "cpu: the cold call took 8.6x the steady one." in verdict(state)
    assert "call" not in " ".join(verdict(replace(state, plan=plan("cpu"))))
