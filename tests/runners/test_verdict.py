from __future__ import annotations

from dataclasses import replace

import pytest

from runners.events import ErrorKind, Event, JobFailed, Phases
from runners.process_events import WorkerExited
from runners.spec import Order
from runners.verdict import verdict
from tests.fakes.training import epoch, finished_run, plan, replayed


def test_without_data_there_is_no_verdict() -> None:
    failed = [
        JobFailed(error=ErrorKind.EXCEPTION, message="no"),
        WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=0.0),
    ]

    assert verdict(replayed(plan("cpu", "cuda:0", notes=("few cores",)), failed)) == ()


def test_the_ratio_comes_first_and_names_how_it_was_taken() -> None:
    state = replayed(plan("cpu", "cuda:0"), finished_run(5.0, 4.0), finished_run(5.0, 2.0))

    assert verdict(state)[0] == (
        "cuda:0 is 2.00x as fast as cpu (steady epochs, side by side, single run)."
    )


def test_a_ratio_of_cold_epochs_is_called_one() -> None:
    state = replayed(plan("cpu", "cuda:0"), finished_run(4.0), finished_run(2.0))

    assert verdict(state)[0] == (
        "cuda:0 is 2.00x as fast as cpu (cold epoch only, side by side, single run)."
    )


def test_a_ratio_of_calls_is_called_one() -> None:
    calls = plan("cpu", "cuda:0")
    calls = replace(
        calls,
        jobs=tuple(
            replace(job, settings=replace(job.settings, workload="resnet63")) for job in calls.jobs
        ),
    )

    for runs, basis in (
        ((finished_run(4.0), finished_run(2.0)), "cold call only, "),
        ((finished_run(4.0, 2.0, 2.0), finished_run(2.0, 1.0, 1.0)), "steady calls, "),
    ):
        assert f"({basis}side by side" in verdict(replayed(calls, *runs))[0]


def test_a_slower_job_makes_the_baseline_the_faster_one() -> None:
    state = replayed(plan("cpu", "cuda:0"), finished_run(5.0, 2.0), finished_run(9.0, 3.0))

    assert verdict(state)[0].startswith("cpu is 1.50x as fast as cuda:0 (")


def test_a_large_ratio_is_told_as_the_tables_tell_it() -> None:
    state = replayed(plan("cpu", "mps"), finished_run(50.0, 16.963), finished_run(2.0, 1.0))

    assert verdict(state)[0].startswith("mps is 17.0x as fast as cpu (")


def test_the_interval_turns_round_with_the_ratio() -> None:
    trials = [
        run
        for i in range(3)
        for run in (finished_run(9.0, 2.0 + i / 100), finished_run(9.0, 4.0 + i / 100))
    ]
    state = replayed(plan("cpu", "cuda:0", order=Order.IN_TURN, trials=3), *trials)

    assert verdict(state)[0].startswith(
        "cpu is 2.00x as fast as cuda:0 (steady epochs, alone, 3 trials, "
        "95 % interval 1.98x to 2.01x"
    )


def test_no_measurable_difference_is_said_in_words() -> None:
    trials = [finished_run(9.0, s) for s in (1.0, 1.1, 1.2, 0.9, 1.05, 1.15)]
    state = replayed(plan("cpu", "cuda:0", order=Order.IN_TURN, trials=3), *trials)

    assert verdict(state)[0].startswith("No measurable difference between cuda:0 and cpu (")


def test_time_saved_is_told_only_where_it_is_no_chance() -> None:
    def compared(*steady_s: float) -> list[str]:
        trials = [finished_run(20.0, s) for s in steady_s]
        return list(verdict(replayed(plan("cpu", "mps", order=Order.IN_TURN, trials=3), *trials)))

    assert "mps saves 15 s of 40 s a run." in compared(20.0, 5.0, 20.1, 5.1, 19.9, 4.9)
    assert not any("saves" in s for s in compared(20.0, 16.0, 15.0, 18.0, 18.0, 20.0))


def test_the_fastest_of_many_is_not_named_where_that_may_be_chance() -> None:
    labels = [f"cpu {n}" for n in range(6)]
    times_s = [[9.0, 9.01, 9.3, 9.3, 9.3, 9.3], [9.2] * 6, [8.9, 9.0, 9.3, 9.3, 9.3, 9.3]]
    trials = [finished_run(10.0, s) for row in times_s for s in row]
    state = replayed(plan(*labels, order=Order.IN_TURN, trials=3), *trials)

    assert verdict(state)[0].startswith("Fastest of 6: No measurable difference between cpu 1 and")


def test_waiting_for_data_is_told_of_the_job_that_waits_most_first() -> None:
    def waits(share: float) -> list[Event]:
        return [epoch(n, 1.0, phases=Phases(data_wait_s=share)) for n in (1, 2)]

    state = replayed(plan("cpu", "cpu tuned", "mps"), waits(0.3), waits(0.57), waits(0.01))

    sentences = [s for s in verdict(state) if "waits" in s]
    assert sentences == [
        "cpu tuned waits for data 57 % of the epoch.",
        "cpu waits for data 30 % of the epoch.",
    ]


def test_of_many_jobs_that_wait_the_most_telling_are_named() -> None:
    def waits(share: float) -> list[Event]:
        return [epoch(n, 1.0, phases=Phases(data_wait_s=share)) for n in (1, 2)]

    labels = [f"cpu {n}" for n in range(6)]
    state = replayed(plan(*labels), *(waits(0.1 * n) for n in range(1, 7)))

    sentences = [s for s in verdict(state) if "wait" in s]
    assert sentences[0] == "cpu 5 waits for data 60 % of the epoch."
    assert sentences[3:] == [
        "cpu 2 waits for data 30 % of the epoch.",
        "2 more jobs: shorter waits for data.",
    ]


def test_of_many_jobs_short_of_time_the_two_shortest_are_named() -> None:
    def held_back(cores: float) -> list[Event]:
        return [epoch(n, 1.0, process_s=cores) for n in (1, 2)]

    labels = [f"cpu {n}" for n in range(4)]
    state = replayed(plan(*labels), *map(held_back, (0.8, 0.5, 0.7, 0.6)))

    sentences = [s for s in verdict(state) if "core" in s]
    assert [s.partition(", and")[0] for s in sentences] == [
        "cpu 1 got the time of 0.5 cores",
        "cpu 3 got the time of 0.6 cores",
        "2 more jobs: less than a core's time.",
    ]


def test_a_cold_epoch_that_took_longer_is_told() -> None:
    state = replayed(plan("cpu", "mps"), finished_run(2.8, 2.0), finished_run(1.0, 1.0))

    assert "cpu: the cold epoch took 1.4x the steady one." in verdict(state)
    assert not any(s.startswith("mps: the cold") for s in verdict(state))


@pytest.mark.parametrize("order", Order)
def test_what_has_to_be_known_of_the_plan_is_told(order: Order) -> None:
    note = ("16 threads for 2 usable cores",)
    state = replayed(plan("cpu", "mps", notes=note, order=order), finished_run(1.0))

    assert "16 threads for 2 usable cores." in verdict(state)


def test_generated_data_is_labelled() -> None:
    assert any("generated" in s for s in verdict(replayed(plan("cpu"), finished_run(1.0))))


def busy_run(cores: float) -> list[Event]:
    return [epoch(n, 2.0, process_s=2.0 * cores) for n in (1, 2, 3)]


def test_a_job_that_got_less_than_a_core_had_to_share_the_machine() -> None:
    state = replayed(
        plan("cpu", "cpu tuned", "cuda:0"), busy_run(0.6), busy_run(1.9), busy_run(0.6)
    )

    told = [s for s in verdict(state) if "something else used the machine" in s]
    assert len(told) == 1
    assert told[0].startswith("cpu got the time of 0.6 cores")


def test_steady_epochs_that_differ_much_are_told() -> None:
    state = replayed(plan("cpu", "mps"), finished_run(9.0, 2.0, 4.6), finished_run(9.0, 2.0, 2.2))

    told = [s for s in verdict(state) if "did not keep its pace" in s]
    assert told == ["cpu: 2 steady epochs vary by 79 %; the machine did not keep its pace."]
