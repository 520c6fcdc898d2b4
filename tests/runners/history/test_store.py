from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from runners.events import Event
from runners.history.hosts import Process, is_alive, this_host, this_process
from runners.history.saved import settled
from runners.history.schema import connect
from runners.history.store import History, HistoryError
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Order, Plan
from runners.state import ComparisonState, RunStatus, apply, spare
from tests.fakes.saved import (
    OUT_OF_MEMORY,
    THERE,
    a_done_one,
    a_stopped_one,
    history,
    keys_of,
    record,
)
from tests.fakes.training import epoch, finished_run, plan


@pytest.fixture
def kept(tmp_path: Path) -> History:
    return history(tmp_path / "folder" / "h.sqlite")


def test_the_list_tells_what_was_compared_and_what_came_of_it(kept: History) -> None:
    number = a_done_one(kept, "cpu", "cuda:0")
    (entry,) = kept.entries()
    kept.close()

    assert entry.id == number
    assert entry.status == "done"
    assert (entry.workloads, entry.devices) == (("mlp",), ("cpu", "cuda:0"))
    assert (entry.jobs, entry.runs, entry.runs_done, entry.trials) == (2, 2, 2, 1)
    assert (entry.host, entry.is_foreign, entry.data_source) == ("here", False, "generated")
    assert "as fast as" in entry.headline or "difference" in entry.headline


def test_the_list_tells_what_was_found_before_what_the_plan_left_out(kept: History) -> None:
    noted = replace(plan("cpu"), notes=("trained on the first 10 samples only",))
    record(kept, finished_run(2.0), of=noted)
    record(kept, [], of=noted)

    assert [entry.headline for entry in kept.entries()] == [
        "Trained on the first 10 samples only.",
        "cpu waits for data 25 % of the epoch.",
    ]


def test_the_newest_comes_first_and_the_list_can_be_cut(kept: History) -> None:
    numbers = [a_done_one(kept) for _ in range(3)]

    assert [entry.id for entry in kept.entries()] == numbers[::-1]
    assert [entry.id for entry in kept.entries(limit=2)] == numbers[:0:-1]
    kept.close()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", 3),
        ("cuda", 1),
        ("CUDA mlp", 1),
        ("device:cuda:0", 1),
        ("status:interrupted", 1),
        ("status:done", 2),
        ("status:done device:cuda", 1),
        ("host:here", 3),
        ("host:there", 0),
        ("workload:mlp", 3),
        ("data:real", 0),
        ("mlp resnet", 0),
        ("100%", 0),
        ("'; DROP TABLE comparisons; --", 0),
    ],
)
def test_words_filter_and_all_must_match(kept: History, words: str, found: int) -> None:
    a_done_one(kept)
    a_done_one(kept, "cpu", "cuda:0")
    a_stopped_one(kept)

    assert len(kept.entries(words)) == found
    kept.close()


def test_a_word_that_no_text_can_hold_finds_nothing(kept: History) -> None:
    a_done_one(kept)
    assert kept.entries("caf\udce9") == []
    kept.close()


def test_a_comparison_with_a_failed_run_and_nothing_left_to_do_is_failed(kept: History) -> None:
    record(kept, finished_run(1.0), OUT_OF_MEMORY, of=plan("cpu", "cuda:0"))

    assert [(e.status, e.runs_done) for e in kept.entries()] == [("failed", 1)]
    kept.close()


def test_deleted_comparisons_are_gone_and_their_numbers_are_not_given_again(kept: History) -> None:
    first, second = a_done_one(kept), a_done_one(kept)

    assert kept.delete([second, 99]) == 1
    assert [entry.id for entry in kept.entries()] == [first]
    with pytest.raises(HistoryError, match=f"no comparison {second}"):
        kept.load(second)
    assert a_done_one(kept) > second
    kept.close()


def test_one_that_is_running_is_not_deleted(kept: History) -> None:
    recorder = kept.begin(plan("cpu"), None)
    (entry,) = kept.entries()

    assert entry.status == "running"
    assert entry.id == recorder.id
    with pytest.raises(HistoryError, match="is running; stop it first"):
        kept.delete([entry.id])
    kept.close()


def test_one_that_another_host_left_running_can_be_deleted(kept: History, tmp_path: Path) -> None:
    # As in a container, whose next start has another name.
    recorder = kept.begin(plan("cpu"), None)
    recorder.flush(5.0)
    elsewhere = history(tmp_path / "folder" / "h.sqlite", host=THERE)
    (entry,) = elsewhere.entries()
    assert (entry.status, entry.is_foreign) == ("running", True)
    assert elsewhere.delete([entry.id]) == 1
    elsewhere.close()
    kept.close()


def test_resuming_runs_again_what_was_stopped_and_keeps_the_rest(kept: History) -> None:
    number = a_stopped_one(kept)
    saved, recorder = kept.resume(number)
    assert [run.status for run in saved.state.runs.values()] == [
        RunStatus.DONE,
        RunStatus.WAITING,
        RunStatus.WAITING,
    ]
    assert kept.entries()[0].status == "running"
    state = saved.state
    for key in keys_of(saved.plan)[1:]:
        for event in finished_run(3.0, 3.0):
            recorder.event(key, event)
    recorder.finish(state)
    recorder.close()

    assert recorder.problem is None
    loaded = kept.load(number)
    assert [run.status for run in loaded.state.runs.values()] == [RunStatus.DONE] * 3
    assert [len(run.epochs) for run in loaded.state.runs.values()] == [2, 2, 2]
    kept.close()


def test_what_a_stopped_run_had_done_stays_until_it_begins_anew(kept: History) -> None:
    stopped = WorkerExited(returncode=0, stopped=True, oom_killed=False, mono_s=9.0)
    under_way: list[Event] = [WorkerStarted(pid=1, mono_s=0.0), epoch(1, 2.0), stopped]
    number, _ = record(kept, finished_run(1.0, 1.0), under_way, of=plan("cpu", trials=2))
    before = [2, 1]
    saved, recorder = kept.resume(number)
    recorder.finish(settled(saved.state))
    recorder.close()

    loaded = kept.load(number)
    assert [len(run.epochs) for run in loaded.state.runs.values()] == before
    assert loaded.entry.status == "interrupted"
    kept.close()


def test_a_comparison_of_two_sittings_says_so_once(kept: History) -> None:
    number = a_stopped_one(kept)
    for _ in range(2):
        saved, recorder = kept.resume(number)
        recorder.finish(settled(saved.state))
        recorder.close()

    plans = (saved.plan, saved.state.plan, kept.load(number).plan)
    assert {plan.notes for plan in plans} == {
        ("resumed after an interruption: the machine may have changed meanwhile",)
    }
    kept.close()


def test_where_all_failed_the_list_tells_why(kept: History) -> None:
    record(kept, OUT_OF_MEMORY, of=plan("cpu"))

    assert [entry.headline for entry in kept.entries("full")] == ["cpu failed: Full."]
    kept.close()


def test_a_failed_run_stays_a_row_when_the_rest_is_resumed(kept: History) -> None:
    number, _ = record(kept, OUT_OF_MEMORY, of=plan("cpu", "mps"))
    saved, recorder = kept.resume(number)
    recorder.close()
    kept.close()

    assert [run.status for run in saved.state.runs.values()] == [
        RunStatus.FAILED,
        RunStatus.WAITING,
    ]


def without_time(kept: History, *runs: list[Event], of: Plan) -> int:
    """Keep a comparison that ended as its time was up; its number."""
    recorder = kept.begin(of, None)
    state = ComparisonState.of(of)
    for key, events in zip(state.runs, runs, strict=False):
        for event in events:
            state = apply(state, key, event)
            recorder.event(key, event)
    waiting = [key for key, run in state.runs.items() if run.status is RunStatus.WAITING]
    recorder.spared(waiting, "the 9 s it was given were used up")
    recorder.finish(spare(state, waiting, "the 9 s it was given were used up"))
    recorder.close()
    assert recorder.id is not None
    return recorder.id


def test_runs_for_which_there_was_no_time_are_resumed(kept: History) -> None:
    of = replace(plan("cpu", trials=3), time_budget_s=9.0)
    number = without_time(kept, finished_run(1.0), of=of)
    (entry,) = kept.entries()
    assert (entry.status, entry.runs_done, entry.runs_spared, entry.runs_left) == ("done", 1, 0, 2)
    assert entry.can_be_resumed
    saved, recorder = kept.resume(number)
    recorder.close()
    kept.close()

    assert [str(run.status) for run in saved.state.runs.values()] == ["done", "waiting", "waiting"]


def test_resumed_ones_that_are_stopped_before_they_begin_are_still_left(kept: History) -> None:
    of = replace(plan("cpu", trials=3), time_budget_s=9.0)
    number = without_time(kept, finished_run(1.0), of=of)
    saved, recorder = kept.resume(number)
    for event in finished_run(1.0):
        recorder.event(keys_of(of)[1], event)
    recorder.finish(settled(saved.state))
    recorder.close()

    saved, recorder = kept.resume(number)
    recorder.close()
    kept.close()
    assert [str(run.status) for run in saved.state.runs.values()] == ["done", "done", "waiting"]


def test_runs_whose_figure_is_known_are_not_resumed_though_the_time_was_up(kept: History) -> None:
    of = replace(
        plan("cpu", "mps", order=Order.IN_TURN, trials=5), within_pct=1.0, time_budget_s=9.0
    )
    known, vague = [finished_run(1.0) for _ in range(3)], [finished_run(s) for s in (1.0, 2.0, 3.0)]
    runs = [run for pair in zip(known, vague, strict=True) for run in pair]
    number = without_time(kept, *runs, of=of)
    (entry,) = kept.entries()
    assert (entry.runs_done, entry.runs_spared, entry.runs_left) == (6, 2, 2)
    saved, recorder = kept.resume(number)
    recorder.close()
    kept.close()

    assert {str(run.status) for run in saved.state.runs_of(0)[3:]} == {"spared"}
    assert {str(run.status) for run in saved.state.runs_of(1)[3:]} == {"waiting"}


def test_the_list_tells_failed_runs_from_those_that_are_left(kept: History) -> None:
    record(kept, finished_run(1.0), OUT_OF_MEMORY, of=plan("cpu", trials=3))
    (entry,) = kept.entries()
    kept.close()

    assert (entry.status, entry.runs_done, entry.runs_failed) == ("interrupted", 1, 1)
    assert (entry.runs_spared, entry.runs_left) == (0, 1)


def test_what_became_of_runs_is_unknown_in_a_row_of_an_older_racetop(
    kept: History, tmp_path: Path
) -> None:
    a_done_one(kept)
    with closing(connect(tmp_path / "folder" / "h.sqlite")) as file:
        file.execute("UPDATE comparisons SET runs_failed = NULL, runs_spared = NULL")
    (entry,) = kept.entries()
    kept.close()

    assert (entry.runs_failed, entry.runs_spared, entry.runs_left) == (None, None, None)
    assert not entry.can_be_resumed


def test_there_is_nothing_to_resume_in_one_that_is_over_or_running(kept: History) -> None:
    done = a_done_one(kept)
    with pytest.raises(HistoryError, match=r"is over \(done\)"):
        kept.resume(done)
    recorder = kept.begin(plan("cpu"), None)
    recorder.flush(5.0)
    assert recorder.id is not None
    with pytest.raises(HistoryError, match="is running"):
        kept.resume(recorder.id)
    kept.close()


def test_a_process_is_told_from_a_later_one_of_the_same_id() -> None:
    me = this_process()
    assert me.started_at_s is not None

    assert is_alive(me)
    assert not is_alive(Process(pid=me.pid, started_at_s=me.started_at_s - 60.0))
    assert not is_alive(Process(pid=2**22 + 1, started_at_s=None))


def test_a_host_has_an_id_that_stays_and_does_not_hold_its_name() -> None:
    host = this_host()

    assert host == this_host()
    assert len(host.id) == 16
    assert host.name not in host.id


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    history(tmp_path / "h.sqlite").close()

    assert (tmp_path / "h.sqlite").stat().st_mode & 0o077 == 0
