from __future__ import annotations

import random
from dataclasses import replace

import pytest

from runners.events import Event, Phases
from runners.spec import Order, RunKey
from runners.state import RunState
from runners.statistics import (
    Ratio,
    cold_epoch_s,
    data_wait_share,
    interval_of,
    interval_of_ratio,
    latency,
    ratios,
    samples_per_s,
    spread,
    steady_epoch_s,
    total_s,
)
from tests.fakes.training import epoch, finished_run, plan, replayed


def run_of(*events: Event) -> RunState:
    return replayed(plan("cpu"), list(events)).runs[RunKey(job=0, trial=0)]


def test_cold_is_the_first_epoch_and_steady_the_median_of_the_later_ones() -> None:
    run = run_of(*finished_run(9.0, 2.0, 1.0, 4.0))

    assert cold_epoch_s(run) == 9.0
    assert steady_epoch_s(run) == 2.0
    assert total_s(run) == 16.0
    assert samples_per_s(run) == 500.0


def test_one_epoch_is_cold_and_never_steady() -> None:
    run = run_of(*finished_run(4.0))

    assert cold_epoch_s(run) == 4.0
    assert steady_epoch_s(run) is None
    assert samples_per_s(run) == 250.0


def test_no_epoch_is_no_figure() -> None:
    run = run_of()

    assert cold_epoch_s(run) is steady_epoch_s(run) is total_s(run) is None
    assert samples_per_s(run) is data_wait_share(run) is None


def test_an_epoch_cut_short_is_no_steady_epoch() -> None:
    run = run_of(epoch(1, 4.0), epoch(2, 2.0), epoch(3, 0.1, samples=50))

    assert steady_epoch_s(run) == 2.0


def test_data_wait_is_a_share_of_the_steady_epochs() -> None:
    run = run_of(
        epoch(1, 4.0, phases=Phases(data_wait_s=4.0)),
        epoch(2, 1.0, phases=Phases(data_wait_s=0.25)),
        epoch(3, 3.0, phases=Phases(data_wait_s=0.75)),
    )

    assert data_wait_share(run) == 0.25


def test_an_unknown_data_wait_stays_unknown() -> None:
    assert data_wait_share(run_of(epoch(1, 4.0, phases=Phases()))) is None


def test_the_spread_of_few_values_is_their_range() -> None:
    found = spread([3.0, 1.0, 2.0])

    assert found is not None
    assert (found.median, found.low, found.high, found.count) == (2.0, 1.0, 3.0, 3)


def test_the_spread_of_many_values_is_between_the_quartiles() -> None:
    found = spread([1.0, 2.0, 3.0, 4.0, 100.0])

    assert found is not None
    assert (found.median, found.low, found.high) == (3.0, 2.0, 4.0)
    assert spread([]) is None


def test_latencies_are_summed_up() -> None:
    found = latency([*range(1, 101)])

    assert found is not None
    assert found.mean_ms == 50.5
    assert found.p50_ms == 50.5
    assert found.p95_ms == pytest.approx(95.05)
    assert found.std_ms == pytest.approx(29.01, abs=0.01)
    assert latency([]) is None


def test_a_ratio_above_one_means_faster_than_the_baseline() -> None:
    state = replayed(
        plan("cpu", "cuda:0"), finished_run(5.0, 4.0, 4.0), finished_run(9.0, 2.0, 2.0)
    )

    (ratio,) = ratios(state)
    assert (ratio.baseline, ratio.job) == ("cpu", "cuda:0")
    assert ratio.steady == 2.0
    assert ratio.total == 1.0
    assert (ratio.low, ratio.high) == (None, None)
    assert ratio.basis == "steady epochs"
    assert ratio.label == "side by side, single run"


def test_with_one_epoch_there_is_only_a_total_ratio() -> None:
    state = replayed(plan("cpu", "cuda:0"), finished_run(4.0), finished_run(2.0))

    (ratio,) = ratios(state)
    assert ratio.steady is None
    assert ratio.total == ratio.value == 2.0
    assert ratio.basis == "cold epoch only"
    assert ratio.label == "cold epoch only, side by side, single run"


def test_a_trial_stopped_before_a_steady_epoch_does_not_count() -> None:
    whole = finished_run(4.0, 2.0)
    stopped: list[Event] = [epoch(1, 4.0)]
    state = replayed(plan("cpu", "mps", order=Order.IN_TURN, trials=2), whole, whole, stopped)

    assert ratios(state)[0].label == "alone, single run"


def test_epochs_after_the_other_job_ended_do_not_count_side_by_side() -> None:
    slow, fast = finished_run(5.0, 4.0, 2.0, 2.0), finished_run(3.0, 2.0, 2.0)
    state = replayed(plan("cpu", "mps"), slow, fast)

    assert ratios(state)[0].steady == 2.0
    assert ratios(state)[0].label == "side by side, single run"


def test_where_all_steady_epochs_of_one_job_ran_alone_the_label_says_so() -> None:
    slow, fast = finished_run(9.0, 4.0), finished_run(1.0, 1.0, 1.0)
    side_by_side = replayed(plan("cpu", "mps"), slow, fast)
    in_turn = replayed(plan("cpu", "mps", order=Order.IN_TURN), slow, fast)

    assert ratios(side_by_side)[0].steady == 4.0
    assert ratios(side_by_side)[0].label == "side by side, partly alone, single run"
    assert ratios(in_turn)[0].label == "alone, single run"


def test_a_job_still_at_work_is_beside_the_other() -> None:
    under_way: list[Event] = [epoch(1, 1.0), epoch(2, 1.0, started_mono_s=1.0)]
    state = replayed(plan("cpu", "mps"), finished_run(4.0, 4.0), under_way)

    assert ratios(state)[0].label == "side by side, single run"


def test_before_both_have_an_epoch_there_is_no_ratio() -> None:
    assert ratios(replayed(plan("cpu", "cuda:0"), finished_run(4.0, 4.0))) == ()


def test_different_sample_counts_are_compared_per_sample_and_labelled() -> None:
    state = replayed(
        plan("cpu", "cuda:0"),
        finished_run(4.0, 4.0, samples=1000),
        finished_run(1.0, 1.0, samples=500),
    )

    (ratio,) = ratios(state)
    assert ratio.steady == 2.0
    assert ratio.total is None
    assert "different sample counts" in ratio.label


def test_single_epochs_over_different_sample_counts_are_not_compared() -> None:
    state = replayed(
        plan("cpu", "cuda:0"), finished_run(4.0, samples=1000), finished_run(1.0, samples=500)
    )

    assert ratios(state) == ()


def test_from_three_trials_up_a_ratio_has_an_interval() -> None:
    slow = [finished_run(9.0, 4.0 + i / 10) for i in range(3)]
    fast = [finished_run(9.0, 2.0 + i / 10) for i in range(3)]
    runs = [run for pair in zip(slow, fast, strict=True) for run in pair]
    state = replayed(plan("cpu", "cuda:0", order=Order.IN_TURN, trials=3), *runs)

    (ratio,) = ratios(state)
    assert ratio.label == "alone, 3 trials"
    assert ratio.steady == pytest.approx(4.1 / 2.1)
    assert ratio.low is not None
    assert ratio.high is not None
    assert 4.0 / 2.2 <= ratio.low < 4.1 / 2.1 < ratio.high <= 4.2 / 2.0
    assert not ratio.is_undecided


@pytest.mark.parametrize(
    ("trials", "label"),
    [(1, "alone, single run"), (2, "alone, 2 trials, no interval"), (3, "alone, 3 trials")],
)
def test_too_few_trials_for_an_interval_are_called_so(trials: int, label: str) -> None:
    runs = [finished_run(9.0, 2.0 + n / 10) for n in range(2 * trials)]
    state = replayed(plan("cpu", "mps", order=Order.IN_TURN, trials=trials), *runs)

    (ratio,) = ratios(state)
    assert ratio.label == label
    assert (ratio.low is None) == (trials < 3)


def test_an_interval_that_holds_one_is_undecided() -> None:
    trials = [finished_run(9.0, s) for s in (1.0, 1.1, 1.2, 0.9, 1.05, 1.15)]
    state = replayed(plan("cpu", "cuda:0", order=Order.IN_TURN, trials=3), *trials)

    assert ratios(state)[0].is_undecided


def test_an_interval_that_is_told_to_begin_at_one_is_undecided() -> None:
    ratio = Ratio(
        baseline="a", job="b", steady=1.4, total=None, low=1.003, high=6.0, label="", basis=""
    )

    assert ratio.is_undecided
    assert not replace(ratio, low=1.006).is_undecided
    assert not replace(ratio, low=None, high=None).is_undecided


def test_an_interval_is_the_same_each_time() -> None:
    sides = (1.0, 2.0, 3.0), (1.5, 1.6, 1.7)
    first = interval_of_ratio(*sides)
    interval_of.cache_clear()

    assert first == interval_of_ratio(*sides)


def drawn(draw: random.Random, median_s: float, *, trials: int) -> tuple[float, ...]:
    """Times that vary by 5 %, as those of a machine do that is used a little."""
    return tuple(median_s * draw.lognormvariate(0, 0.05) for _ in range(trials))


@pytest.mark.parametrize(("trials", "wrong_at_most"), [(3, 18), (5, 12), (8, 9)])
def test_where_there_is_no_difference_few_intervals_find_one(
    trials: int, wrong_at_most: int
) -> None:
    draw = random.Random(3)
    wrong = 0
    for _ in range(100):
        found = interval_of_ratio(drawn(draw, 1.0, trials=trials), drawn(draw, 1.0, trials=trials))
        assert found is not None
        wrong += not found[0] <= 1.0 <= found[1]

    assert wrong <= wrong_at_most


def test_a_difference_beyond_the_noise_is_always_found() -> None:
    draw = random.Random(4)
    for _ in range(50):
        found = interval_of_ratio(drawn(draw, 1.5, trials=3), drawn(draw, 1.0, trials=3))
        assert found is not None
        assert 1.0 < found[0] < 1.5 * 1.1


def test_the_interval_turns_round_with_its_sides() -> None:
    a, b = (4.0, 4.1, 4.4, 4.2), (1.0, 1.3, 1.1, 1.2)
    there, back = interval_of_ratio(a, b), interval_of_ratio(b, a)

    assert there is not None
    assert back is not None
    assert there == pytest.approx((1 / back[1], 1 / back[0]), rel=0.05)


def test_the_interval_of_the_true_ratio_covers_it_most_of_the_time() -> None:
    draw = random.Random(1)
    covered = 0
    for _ in range(60):
        a = tuple(draw.gauss(2.0, 0.1) for _ in range(8))
        b = tuple(draw.gauss(1.0, 0.05) for _ in range(8))
        interval = interval_of_ratio(a, b)
        assert interval is not None
        covered += interval[0] <= 2.0 <= interval[1]

    assert covered >= 50
