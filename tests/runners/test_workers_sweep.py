"""The counts of a sweep of loader processes, its knee, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runners.spec import Order
from runners.state import ComparisonState, skip_waiting
from runners.verdict import verdict
from runners.workers_sweep import WorkersSweep, workers_sweeps
from runners.workers_words import workers_sentences
from runners.workloads import Precision, Variant
from tests.fakes.finished import FAILED
from tests.fakes.loaders import MIB, Fed, workers_sweep

GAINS = {0: Fed(epoch_s=2.0), 1: Fed(epoch_s=1.4), 2: Fed(epoch_s=1.0), 4: Fed(epoch_s=0.98)}
# Images a second and shares of data wait as measured once on two cores.
MISLED = {
    0: Fed(epoch_s=1000 / 13_050, wait_s=0.45 * 1000 / 13_050),
    1: Fed(epoch_s=1000 / 10_900, wait_s=0.28 * 1000 / 10_900),
    2: Fed(epoch_s=1000 / 10_000, wait_s=0.25 * 1000 / 10_000, core_s=0.012),
}


def sweep(state: ComparisonState) -> WorkersSweep:
    (found,) = workers_sweeps(state)
    return found


def knee(state: ComparisonState) -> int | None:
    found = sweep(state).knee
    return None if found is None else found.workers


def test_the_figures_are_of_the_steady_epochs() -> None:
    fed = Fed(epoch_s=0.5, wait_s=0.1, first_s=0.05, core_s=0.02, loader_s=0.75)
    counts = sweep(workers_sweep({0: Fed(epoch_s=1.0, first_s=0.01), 2: fed})).counts
    none, two = (count.cell.loader for count in counts)
    assert [count.speed for count in counts] == [1.0, 2.0]
    assert (two.data_wait_share, two.first_wait_s, two.first_wait_share) == (0.2, 0.05, 0.1)
    assert (two.core_wait_share, two.cores_busy) == (0.04, 1.5)
    assert (two.memory_bytes, two.processes, two.start_method) == (200 * MIB, 2, "fork")
    assert (none.cores_busy, none.memory_bytes, none.processes) == (0.0, 0, 0)
    assert counts[1].start_s == pytest.approx(0.04)
    assert counts[1].start_share == pytest.approx(0.08)
    assert counts[0].start_s is None


def test_what_no_worker_told_stays_unknown_and_the_knee_is_named_all_the_same() -> None:
    untold: dict[str, Any] = dict.fromkeys(
        ("wait_s", "first_s", "core_s", "loader_s", "memory_bytes")
    )
    state = workers_sweep({0: Fed(epoch_s=2.0, **untold), 2: Fed(epoch_s=1.0, **untold)})
    two = sweep(state).counts[1].cell.loader
    assert (two.data_wait_share, two.first_wait_s, two.core_wait_share) == (None, None, None)
    assert (two.cores_busy, two.memory_bytes, two.processes) == (None, None, 2)
    assert knee(state) == 2


def test_the_knee_is_the_fewest_processes_within_five_percent_of_the_best() -> None:
    state = workers_sweep(GAINS)
    assert knee(state) == 2
    assert sweep(state).slower == ()
    assert workers_sentences(state) == [
        "2 workers are enough: 2.00x as fast as 0, 2 % from the fastest (4)."
    ]


def test_the_counts_need_not_be_asked_for_in_order() -> None:
    state = workers_sweep(dict(reversed(GAINS.items())))
    assert [count.workers for count in sweep(state).counts] == [0, 1, 2, 4]
    assert knee(state) == 2


def test_what_is_still_gaining_at_the_end_says_so() -> None:
    state = workers_sweep({**GAINS, 4: Fed(epoch_s=0.5)})
    assert workers_sentences(state) == [
        "4 workers are the fastest of those tried, 4.00x as fast as 0: more may be faster yet."
    ]


def test_a_sweep_that_was_stopped_says_nothing_of_what_was_not_tried() -> None:
    state = skip_waiting(workers_sweep({0: Fed(epoch_s=2.0), 1: Fed(epoch_s=1.0), 2: [], 4: []}))
    assert workers_sentences(state) == [
        "1 worker is the fastest of those tried, 2.00x as fast as 0: more may be faster yet."
    ]


def test_where_more_failed_no_more_are_recommended() -> None:
    state = workers_sweep({0: Fed(epoch_s=2.0), 1: Fed(epoch_s=1.0), 2: FAILED})
    assert workers_sentences(state) == [
        "1 worker is the fastest of those tried, 2.00x as fast as 0."
    ]


def test_more_processes_than_cores_are_named_with_the_wait_for_a_core() -> None:
    state = workers_sweep({**GAINS, 4: Fed(epoch_s=1.5, core_s=0.3)})
    assert workers_sentences(state) == [
        "2 workers are enough: 2.00x as fast as 0, and more make it slower.",
        "4 workers: 0.67x as fast as 2; 4 loader processes and the loop's 2 threads share 2 cores "
        "(the loop waits 20 % of the epoch for one).",
    ]


def test_more_that_are_no_slower_gain_nothing() -> None:
    state = workers_sweep({0: Fed(epoch_s=2.0), 2: Fed(epoch_s=1.0), 4: Fed(epoch_s=1.02)})
    assert workers_sentences(state) == [
        "2 workers are enough: 2.00x as fast as 0, and more gain nothing."
    ]


@pytest.mark.parametrize(
    ("core_s", "words"),
    [(0.03, "."), (None, "; 4 loader processes and the loop's 2 threads share 2 cores.")],
)
def test_cores_are_a_reason_unless_the_loop_is_known_to_lack_none(
    core_s: float | None, words: str
) -> None:
    state = workers_sweep({**GAINS, 4: Fed(epoch_s=1.5, core_s=core_s)})
    assert workers_sentences(state)[1] == f"4 workers: 0.67x as fast as 2{words}"


def test_a_neighbor_on_the_cores_is_told_where_nothing_of_ours_takes_them() -> None:
    state = workers_sweep({0: Fed(epoch_s=2.0, core_s=0.5), 2: Fed(epoch_s=1.0, core_s=0.5)})
    assert workers_sentences(state)[1] == (
        "With 0 workers the loop waits 25 % of the epoch for a core: something else uses them, so "
        "these figures are not of the loader alone."
    )
    assert len(workers_sentences(workers_sweep({0: Fed(epoch_s=2.0), 2: Fed(epoch_s=1.0)}))) == 1


def test_cores_that_something_else_was_seen_to_take_are_told_for_each_count() -> None:
    found = {
        0: Fed(epoch_s=2.0, core_s=0.5, others_busy=1.3),
        1: Fed(epoch_s=1.9, core_s=0.5, others_busy=0.9),
        2: Fed(epoch_s=1.0, core_s=0.3, others_busy=0.1),
    }
    assert workers_sentences(workers_sweep(found))[1] == (
        "With 0 and 1 workers something else kept 0.9 to 1.3 of 2 cores busy: these figures are "
        "not of the loader alone."
    )
    # On cores of their own, others take nothing from the loop.
    apart = {workers: replace(fed, core_s=0.0) for workers, fed in found.items()}
    assert len(workers_sentences(workers_sweep(apart))) == 1
    # Side by side, our own other jobs are among them.
    together = workers_sweep(apart, order=Order.TOGETHER)
    assert [count.others_busy for count in sweep(together).counts] == [None] * 3


def test_the_loop_of_a_gpu_takes_one_core_and_cores_enough_for_all_are_no_reason() -> None:
    slower = {**GAINS, 4: Fed(epoch_s=1.5, core_s=0.3)}
    crowded = workers_sweep(slower, cores=4, devices=("cuda:0",))
    assert workers_sentences(crowded)[1] == (
        "4 workers: 0.67x as fast as 2; 4 loader processes and the loop share 4 cores (the loop "
        "waits 20 % of the epoch for one)."
    )
    roomy = workers_sweep(slower, cores=5, devices=("cuda:0",))
    assert workers_sentences(roomy)[1] == "4 workers: 0.67x as fast as 2."


def test_a_shorter_wait_with_less_speed_is_said_to_mislead() -> None:
    assert workers_sentences(workers_sweep(MISLED)) == [
        "0 workers are the fastest: loader processes take more than they give here.",
        "2 workers: 0.77x as fast as 0; 2 loader processes and the loop's 2 threads share 2 cores "
        "(the loop waits 12 % of the epoch for one).",
        "With 2 workers the loop waits less for data (25 % of the epoch, not 45 %) and is slower "
        "all the same, 0.77x as fast as 0: a shorter wait is no gain by itself.",
    ]


def test_a_shorter_wait_with_more_speed_misleads_nobody() -> None:
    state = workers_sweep({0: Fed(epoch_s=2.0, wait_s=1.0), 2: Fed(epoch_s=1.0, wait_s=0.1)})
    assert not any(count.misleads for count in sweep(state).counts)


def test_none_that_is_as_fast_says_that_processes_gain_nothing() -> None:
    state = workers_sweep({0: Fed(epoch_s=1.0), 1: Fed(epoch_s=0.98), 2: Fed(epoch_s=1.02)})
    assert workers_sentences(state) == [
        "0 workers are as fast as any, 2 % from the fastest (1): loader processes gain nothing "
        "here."
    ]


def test_within_the_interval_of_the_trials_counts_are_as_fast() -> None:
    noisy = {0: Fed(epoch_s=(0.8, 1.2, 1.1)), 2: Fed(epoch_s=(0.7, 1.0, 1.3))}
    assert knee(workers_sweep(noisy, trials=3)) == 0
    told = workers_sentences(workers_sweep(noisy, trials=3))
    assert told == [
        "0 workers are as fast as any, 9 %, which may be chance, from the fastest (2): loader "
        "processes gain nothing here."
    ]
    clear = {0: Fed(epoch_s=(1.1, 1.11, 1.1)), 2: Fed(epoch_s=(1.0, 1.0, 1.01))}
    assert knee(workers_sweep(clear, trials=3)) == 2


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("fork", "--persistent-workers pays once."),
        (
            "spawn",
            "--persistent-workers pays once; --start-method fork starts them faster, where "
            "nothing forbids it.",
        ),
    ],
)
def test_a_heavy_start_is_told_with_what_spares_it(how: str, words: str) -> None:
    heavy = Fed(epoch_s=1.0, first_s=0.41, start_method=how)
    state = workers_sweep({0: Fed(epoch_s=2.0), 2: heavy})
    told = workers_sentences(state)[-1]
    assert told == f"2 workers start anew for each epoch, by {how}: 0.4 s, 40 % of it. {words}"
    kept = workers_sweep({0: Fed(epoch_s=2.0), 2: heavy}, persistent_workers=True)
    assert len(workers_sentences(kept)) == 1


def test_the_start_of_too_many_is_a_reason_and_the_weightiest_comes_first() -> None:
    slow = Fed(epoch_s=2.0, first_s=0.81, core_s=0.2)
    state = workers_sweep({0: Fed(epoch_s=1.0), 1: Fed(epoch_s=0.5), 2: slow})
    assert workers_sentences(state)[1] == (
        "2 workers: 0.25x as fast as 1; starting them takes 0.8 s of each epoch (40 %) and "
        "2 loader processes and the loop's 2 threads share 2 cores (the loop waits 10 % of the "
        "epoch for one)."
    )


def test_a_start_is_told_once() -> None:
    state = workers_sweep({0: Fed(epoch_s=1.0), 2: Fed(epoch_s=2.0, first_s=0.81)})
    told = workers_sentences(state)
    assert len([sentence for sentence in told if "0.8 s" in sentence]) == 1
    assert "--persistent-workers" in told[-1]


def test_a_slow_first_batch_without_processes_is_no_start() -> None:
    state = workers_sweep(
        {0: Fed(epoch_s=2.0, first_s=0.4), 2: Fed(epoch_s=1.0, first_s=0.42)}, threads=(1,), cores=8
    )
    assert len(workers_sentences(state)) == 1


def test_much_memory_is_told() -> None:
    state = workers_sweep({**GAINS, 4: Fed(epoch_s=0.98, memory_bytes=512 * MIB)})
    assert workers_sentences(state)[-1] == "4 workers hold 2.0 GiB of memory, 0.50 GiB each."


def test_the_knee_waits_for_counts_that_may_still_come_and_not_for_failed_ones() -> None:
    assert knee(workers_sweep({**GAINS, 8: []})) is None
    assert workers_sentences(workers_sweep({**GAINS, 8: []})) == []
    assert knee(workers_sweep({**GAINS, 8: FAILED})) == 2
    assert sweep(workers_sweep({0: [], 2: []})).best is None
    assert sweep(workers_sweep({0: Fed(epoch_s=1.0), 2: []})).best is None


def test_each_group_of_jobs_has_a_sweep_of_its_own() -> None:
    request: dict[str, Any] = {"precisions": (Precision.FP32, Precision.BF16)}
    state = workers_sweep({0: Fed(epoch_s=2.0), 2: Fed(epoch_s=1.0)}, **request)
    assert [found.label for found in workers_sweeps(state)] == ["fp32", "bf16"]
    assert workers_sweeps(workers_sweep({2: Fed(epoch_s=1.0)})) == ()


def test_loops_without_a_loader_are_no_sweep() -> None:
    state = workers_sweep(GAINS)
    tuned = tuple(
        replace(job, settings=replace(job.settings, variant=Variant.TUNED))
        for job in state.plan.jobs
    )
    assert workers_sweeps(replace(state, plan=replace(state.plan, jobs=tuned))) == ()


def test_the_verdict_names_the_fastest_then_the_knee_and_no_waits() -> None:
    told = verdict(workers_sweep(GAINS))
    assert told[0].startswith("Fastest of 4: cpu 4 workers is 2.04x as fast as cpu 0 workers")
    assert told[1].startswith("2 workers are enough")
    assert not any("waits for data" in sentence for sentence in told)
