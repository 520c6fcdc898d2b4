from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.events import DataReady
from runners.history.hosts import Host
from runners.history.side_by_side import side_by_side
from runners.history.store import History
from runners.reports.names import Form
from runners.reports.render import render
from runners.spec import Order, Plan
from runners.state import RunStatus
from runners.statistics import ratios
from tests.fakes.saved import THERE, a_done_one, history, record
from tests.fakes.training import finished_run, plan


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[History]:
    found = history(tmp_path / "h.sqlite")
    yield found
    found.close()


def test_all_jobs_stand_against_the_first_of_their_workload(kept: History) -> None:
    slow = a_done_one(kept, "cpu", epoch_s=4.0)
    fast = a_done_one(kept, "cpu", "cuda:0", epoch_s=1.0)
    state = side_by_side([kept.load(slow), kept.load(fast)]).state

    assert [job.label for job in state.plan.jobs] == ["#1 cpu", "#2 cpu", "#2 cuda:0"]
    assert [(ratio.baseline, ratio.job, ratio.steady) for ratio in ratios(state)] == [
        ("#1 cpu", "#2 cpu", 4.0),
        ("#1 cpu", "#2 cuda:0", 4.0),
    ]
    assert state.plan.axes == ("device",)


def test_one_with_fewer_trials_leaves_gaps_that_say_why(kept: History) -> None:
    many, _ = record(kept, *[finished_run(1.0, 1.0)] * 3, of=plan("cpu", trials=3))
    state = side_by_side([kept.load(many), kept.load(a_done_one(kept))]).state

    assert [run.status for run in state.runs_of(0)] == [RunStatus.DONE] * 3
    assert [run.status for run in state.runs_of(1)] == [RunStatus.DONE, *[RunStatus.SPARED] * 2]
    assert state.runs_of(1)[1].spared == "comparison 2 has 1 trial"


def test_hosts_stand_in_the_labels_and_the_notes_where_they_differ(
    kept: History, tmp_path: Path
) -> None:
    there = history(tmp_path / "there.sqlite", host=THERE)
    (foreign,) = kept.import_(there.export([a_done_one(there)]))
    there.close()
    own = a_done_one(kept)
    state = side_by_side([kept.load(own), kept.load(foreign)]).state

    assert [job.label for job in state.plan.jobs] == ["#2@here cpu", "#1@there cpu"]
    assert "hosts differ: #2 here, #1 there (another host)" in state.plan.notes


def test_two_hosts_of_one_name_are_two(kept: History, tmp_path: Path) -> None:
    there = history(tmp_path / "there.sqlite", host=Host(name="here", id="1" * 16))
    (foreign,) = kept.import_(there.export([a_done_one(there)]))
    there.close()
    beside = side_by_side([kept.load(a_done_one(kept)), kept.load(foreign)])

    assert beside.machine is None
    assert "hosts differ: #2 here, #1 here (another host)" in beside.state.plan.notes


def test_data_and_order_that_differ_are_noted(kept: History) -> None:
    first = a_done_one(kept, "cpu", "cuda:0")
    real = DataReady(source="real", name="MNIST", path="-", train_samples=60_000, test_samples=9)
    events = [real if isinstance(event, DataReady) else event for event in finished_run(1.0)]
    of = plan("cpu", "mps", order=Order.IN_TURN, notes=("one core for both",))
    second, _ = record(kept, events, events, of=of)
    notes = side_by_side([kept.load(first), kept.load(second)]).state.plan.notes

    assert "data sets differ: #1 MNIST (generated), #2 MNIST (real)" in notes
    assert "numbers of training samples differ: #1 1,000, #2 60,000" in notes
    assert "orders of the jobs differ: #1 side by side, #2 one at a time" in notes
    assert "#2: one core for both" in notes


def test_only_jobs_that_shared_the_machine_are_called_side_by_side(kept: History) -> None:
    beside = a_done_one(kept, "cpu", "cuda:0")
    runs = [finished_run(1.0, 1.0)] * 2
    alone, _ = record(kept, *runs, of=plan("cpu", "cuda:0", order=Order.IN_TURN))
    state = side_by_side([kept.load(beside), kept.load(alone)]).state
    how = {ratio.job: ratio.label for ratio in ratios(state)}

    assert "side by side" in how["#1 cuda:0"]
    assert "alone" in how["#2 cpu"]
    assert "alone" in how["#2 cuda:0"]
    assert "one comparison after the other" in render(state, Form.TEXT)
    assert Plan.from_wire(json.loads(json.dumps(state.plan.to_wire()))) == state.plan


def test_alike_comparisons_are_noted_as_taken_apart_and_no_more(kept: History) -> None:
    numbers = [a_done_one(kept), a_done_one(kept)]
    (note,) = side_by_side([kept.load(number) for number in numbers]).state.plan.notes

    assert "not interleaved" in note


def test_the_machine_is_told_where_it_is_one_and_versions_once_each(
    kept: History, tmp_path: Path
) -> None:
    numbers = [a_done_one(kept), a_done_one(kept)]
    there = history(tmp_path / "there.sqlite", host=THERE)
    document = there.export([a_done_one(there)])
    there.close()
    document["comparisons"][0]["versions"] = {"python": "2.7"}
    numbers += kept.import_(document)
    loaded = [kept.load(number) for number in numbers]

    assert side_by_side(loaded[:2]).machine == loaded[0].machine
    assert side_by_side(loaded[:2]).versions == loaded[0].versions
    assert side_by_side(loaded).machine is None
    assert side_by_side(loaded).versions["python"].endswith("/2.7")
