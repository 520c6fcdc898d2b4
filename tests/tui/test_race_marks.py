"""What each run did when, as taken from the states of its race."""

from dataclasses import replace

import pytest

from runners.events import EpochStarted
from runners.spec import Order, RunKey
from tests.fakes.marked_race import (
    after,
    begun,
    epoch,
    evaluated,
    in_epoch,
    over,
    whole_run,
)
from tests.fakes.training import plan
from tui.history.race_marks import MOST_MARKS, RaceMarks, RunMarks

A, B = RunKey(job=0, trial=0), RunKey(job=1, trial=0)
Told = list[tuple[str, int, float, float]]


def told(run: RunMarks, until_s: float, since_s: float = 0.0) -> Told:
    return [
        (str(mark.doing), mark.number, start_s, end_s)
        for mark, start_s, end_s in run.marks(since_s, until_s)
    ]


def only_run(marks: RaceMarks) -> RunMarks:
    ((run,),) = marks.lanes
    return run


def test_a_run_is_told_without_gaps_from_its_start_to_its_end() -> None:
    marks = RaceMarks()
    after(plan("cpu"), {A: whole_run(100.0, 5.0, 5.0)}, marks.see)
    assert told(only_run(marks), 999.0) == [
        ("set-up", 0, 100.0, 104.0),
        ("epoch", 1, 104.0, 124.0),
        ("test", 1, 124.0, 128.0),
        ("epoch", 2, 128.0, 148.0),
        ("test", 2, 148.0, 152.0),
    ]


def test_what_was_not_looked_at_meanwhile_is_told_all_the_same() -> None:
    events = whole_run(100.0, 5.0, 6.0, 7.0)
    each, once = RaceMarks(), RaceMarks()
    once.see(after(plan("cpu"), {A: events}, each.see))
    assert told(only_run(once), 999.0) == told(only_run(each), 999.0)


def test_what_lasts_goes_up_to_the_time_asked_for() -> None:
    marks = RaceMarks()
    state = after(plan("cpu"), {A: begun(100.0)}, marks.see)
    assert told(only_run(marks), 103.0) == [("set-up", 0, 100.0, 103.0)]
    events = [*begun(100.0), *in_epoch(1, 104.0)]
    state = after(plan("cpu"), {A: events})
    marks.see(state)
    assert told(only_run(marks), 110.0)[-1] == ("epoch", 1, 104.0, 110.0)
    events.append(epoch(1, 104.0, 5.0))
    marks.see(after(plan("cpu"), {A: events}))
    assert told(only_run(marks), 130.0)[-1] == ("test", 0, 124.0, 130.0)
    assert told(only_run(marks), 108.0)[-1] == ("epoch", 1, 104.0, 108.0)


def test_time_between_epochs_that_is_no_test_is_other() -> None:
    marks = RaceMarks()
    events = [*begun(0.0), epoch(1, 4.0, 5.0), epoch(2, 30.0, 5.0), *over(60.0)]
    after(plan("cpu"), {A: events}, marks.see)
    assert told(only_run(marks), 999.0)[2:] == [
        ("other", 0, 24.0, 30.0),
        ("epoch", 2, 30.0, 50.0),
        ("other", 0, 50.0, 60.0),
    ]


def test_a_call_is_followed_by_no_test() -> None:
    calls = plan("cpu")
    job = replace(calls.jobs[0], settings=replace(calls.jobs[0].settings, workload="matmul"))
    marks = RaceMarks()
    after(replace(calls, jobs=(job,)), {A: [*begun(0.0), epoch(1, 4.0, None)]}, marks.see)
    assert told(only_run(marks), 40.0)[-1] == ("other", 0, 24.0, 40.0)


def test_an_epoch_that_was_stopped_keeps_its_mark_and_its_waits() -> None:
    marks = RaceMarks()
    events = [*begun(0.0), *in_epoch(1, 4.0, (5.0, 1.0), (10.0, 6.0)), *over(16.0, stopped=True)]
    after(plan("cpu"), {A: events}, marks.see)
    run = only_run(marks)
    assert told(run, 99.0)[-1] == ("epoch", 1, 4.0, 16.0)


def test_only_what_reaches_into_the_time_asked_for_is_told() -> None:
    marks = RaceMarks()
    after(plan("cpu"), {A: whole_run(0.0, *[5.0] * 50)}, marks.see)
    found = told(only_run(marks), 630.0, since_s=600.0)
    assert len(found) < 8
    assert found[0][2] <= 600.0
    assert found[-1][3] == 630.0


def test_runs_at_the_same_time_have_lanes_of_their_own_and_others_share_one() -> None:
    together, in_turn = RaceMarks(), RaceMarks()
    after(plan("cpu", "cuda:0"), {A: whole_run(0.0, 1.0), B: whole_run(1.0, 1.0)}, together.see)
    assert [[run.spec.label for run in lane] for lane in together.lanes] == [["cpu"], ["cuda:0"]]
    runs = {A: whole_run(0.0, 1.0), B: whole_run(28.0, 1.0)}
    after(plan("cpu", "cuda:0", order=Order.IN_TURN), runs, in_turn.see)
    assert [[run.spec.label for run in lane] for lane in in_turn.lanes] == [["cpu", "cuda:0"]]


def test_trials_of_a_job_go_on_in_its_lane() -> None:
    marks = RaceMarks()
    runs = {
        A: whole_run(0.0, 1.0),
        B: whole_run(0.0, 1.0),
        RunKey(job=1, trial=1): whole_run(30.0, 1.0),
        RunKey(job=0, trial=1): whole_run(31.0, 1.0),
    }
    after(plan("cpu", "cuda:0", trials=2), runs, marks.see)
    assert [[run.job for run in lane] for lane in marks.lanes] == [[0, 0], [1, 1]]


def test_a_second_race_leaves_the_marks_of_the_first() -> None:
    marks = RaceMarks()
    for start_s in (0.0, 100.0):
        after(plan("cpu"), {A: whole_run(start_s, 1.0)}, marks.see)
    assert [[run.start_s for run in lane] for lane in marks.lanes] == [[0.0, 100.0]]


def test_a_run_that_nothing_more_comes_of_does_not_last_for_ever() -> None:
    marks = RaceMarks()
    after(plan("cpu"), {A: [*begun(0.0), *in_epoch(1, 4.0, (5.0, 1.0))]}, marks.see)
    after(plan("cpu"), {A: begun(50.0)}, marks.see)
    first, second = marks.lanes[0]
    assert told(first, 99.0)[-1] == ("epoch", 1, 4.0, 9.0)
    assert told(second, 99.0) == [("set-up", 0, 50.0, 99.0)]


def test_runs_older_than_the_readings_are_dropped_for_good() -> None:
    marks = RaceMarks()
    runs = {A: whole_run(0.0, 1.0), B: whole_run(28.0, 1.0)}
    state = after(plan("cpu", "cuda:0"), runs, marks.see)
    marks.forget_before(40.0)
    marks.see(state)
    assert [[run.spec.label for run in lane] for lane in marks.lanes] == [["cuda:0"]]
    marks.forget_before(100.0)
    marks.see(state)
    assert marks.lanes == []


@pytest.mark.parametrize("seen_at", ["each", "end"])
def test_of_a_run_of_very_many_epochs_the_newest_are_kept(seen_at: str) -> None:
    marks = RaceMarks()
    count = MOST_MARKS + 100
    started = EpochStarted(epoch=count + 1, epochs=9999, steps=1, samples=1, mono_s=4.0 + count)
    events = [
        *begun(0.0),
        *(epoch(number, 3.0 + number, 0.1, epoch_s=1.0) for number in range(1, count + 1)),
        started,
    ]
    state = after(plan("cpu"), {A: events}, marks.see if seen_at == "each" else None)
    marks.see(state)
    found = told(only_run(marks), 9e9)
    assert len(found) == MOST_MARKS
    assert found[-1][:2] == ("epoch", count + 1)


def test_an_earlier_test_is_put_in_its_place() -> None:
    marks = RaceMarks()
    events = [*begun(0.0), *in_epoch(1, 4.0), epoch(1, 4.0, 1.0)]
    marks.see(after(plan("cpu"), {A: events}))
    events += [evaluated(1, 28.0), *in_epoch(2, 28.0), epoch(2, 28.0, 1.0)]
    marks.see(after(plan("cpu"), {A: events}))
    assert [name for name, *_ in told(only_run(marks), 48.0)] == [
        "set-up", "epoch", "test", "epoch",
    ]  # fmt: skip
