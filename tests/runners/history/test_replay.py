from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import pytest

from runners.events import EpochFinished, Event
from runners.history.lines import from_line, to_line
from runners.history.recording import LOG_LINES_KEPT
from runners.machine.figures import EpochMachine
from runners.process_events import (
    EpochObserved,
    LogLine,
    UnreadableLine,
    WorkerExited,
    WorkerStarted,
)
from runners.spec import Order
from runners.state import ComparisonState, RunStatus, apply, skip_waiting, spare
from tests.fakes.saved import REQUEST, happenings, history, keys_of, record
from tests.fakes.training import epoch, finished_run, plan


def without_signs_of_life(state: ComparisonState) -> ComparisonState:
    runs = {
        key: replace(run, progress=None, progress_mono_s=None) for key, run in state.runs.items()
    }
    return replace(state, runs=MappingProxyType(runs))


@pytest.mark.parametrize("seed", range(30))
def test_a_loaded_comparison_is_the_live_one_whatever_happened(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    of = plan("cpu", "cuda:0", order=draw.choice(tuple(Order)), trials=draw.randrange(1, 4))
    keys = keys_of(of)
    kept = history(tmp_path / "h.sqlite")
    recorder = kept.begin(of, None)
    state = ComparisonState.of(of)
    for event in islice(happenings(draw), draw.randrange(200)):
        key = draw.choice(keys)
        state = apply(state, key, event)
        recorder.event(key, event)
        if draw.random() < 0.02:
            some = draw.sample(keys, k=1)
            state = spare(state, some, "time is up")
            recorder.spared(some, "time is up")
    for key in keys:
        gone = WorkerExited(returncode=0, stopped=True, oom_killed=False, mono_s=2.0)
        if state.runs[key].status is not RunStatus.WAITING:
            state = apply(state, key, gone)
            recorder.event(key, gone)
    state = skip_waiting(state)
    recorder.finish(state)
    recorder.close()
    assert recorder.id is not None
    saved = kept.load(recorder.id)
    kept.close()

    assert without_signs_of_life(saved.state) == without_signs_of_life(state)


def test_every_kind_of_event_comes_back_as_it_was() -> None:
    for event in islice(happenings(random.Random(1)), 500):
        assert from_line(to_line(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "[" * 5000,
        '{"kind":"log"}',
        '{"kind":"log","stream":1,"text":"a"}',
        '{"kind":"log","stream":"stderr","text":"a","more":1}',
        '{"kind":"epoch_observed","epoch":1}',
        '{"kind":"epoch_observed","epoch":1,"machine":{}}',
        '{"kind":"epoch_observed","epoch":1,"machine":{"looks":1,"power_w":"much"}}',
        '{"kind":"epoch_observed","epoch":1,"machine":{"looks":1,"energy_source":"the sun"}}',
        '{"kind":"epoch_observed","epoch":1,"machine":{"looks":1,"clock_limit_s":{"a":null}}}',
        '{"kind":"epoch_observed","epoch":1,"machine":{"looks":1,"of_a_later_version":1}}',
        '{"kind":"teleported","v":1}',
        '{"kind":"epoch","v":2}',
    ],
)
def test_a_line_of_another_version_counts_as_unreadable(line: str) -> None:
    assert from_line(line) == UnreadableLine(text=line)


def test_what_the_machine_did_travels_with_an_export(tmp_path: Path) -> None:
    observed = EpochObserved(epoch=1, machine=EpochMachine(looks=3, energy_j=12.5))
    kept = history(tmp_path / "h.sqlite")
    number, _ = record(kept, [*finished_run(1.0), observed])
    document = kept.export([number])
    kept.close()
    elsewhere = history(tmp_path / "other.sqlite")
    (copy,) = elsewhere.import_(document)
    (run,) = elsewhere.load(copy).state.runs_of(0)
    elsewhere.close()

    assert run.machine == {1: observed.machine}


def test_a_loss_that_is_no_number_stays_one(tmp_path: Path) -> None:
    with_nan = finished_run(1.0)
    with_nan.insert(3, epoch(2, 1.0, train_loss=float("nan")))
    kept = history(tmp_path / "h.sqlite")
    number, _ = record(kept, with_nan)
    document = kept.export([number])
    kept.close()
    elsewhere = history(tmp_path / "other.sqlite")
    (copy,) = elsewhere.import_(document)
    loss = elsewhere.load(copy).state.runs_of(0)[0].epochs[1].train_loss
    elsewhere.close()

    assert loss is not None
    assert loss != loss


def test_the_newest_log_lines_are_kept_and_all_else(tmp_path: Path) -> None:
    noisy: list[Event] = [WorkerStarted(pid=1, mono_s=0.0)]
    noisy += [LogLine(stream="stdout", text=str(number)) for number in range(5000)]
    kept = history(tmp_path / "h.sqlite")
    number, _ = record(kept, [*noisy, *finished_run(1.0)[1:]])
    (run,) = kept.load(number).state.runs_of(0)
    kept.close()

    assert LOG_LINES_KEPT <= len(run.log) <= 2 * LOG_LINES_KEPT
    assert run.log[-1].text == "4999"
    assert [line.text for line in run.log] == [str(n) for n in range(5000)][-len(run.log) :]
    assert len(run.epochs) == 1


def test_old_log_lines_go_while_a_worker_prints_on(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    recorder = kept.begin(plan("cpu"), None)
    (key,) = keys_of(plan("cpu"))
    recorder.event(key, WorkerStarted(pid=1, mono_s=0.0))
    for number in range(6 * LOG_LINES_KEPT):
        recorder.event(key, LogLine(stream="stdout", text=str(number)))
        if number % 100 == 0:
            recorder.flush(5.0)
    recorder.close()
    assert recorder.id is not None
    (run,) = kept.load(recorder.id).state.runs_of(0)
    kept.close()

    assert LOG_LINES_KEPT <= len(run.log) <= 2 * LOG_LINES_KEPT
    assert run.log[-1].text == str(6 * LOG_LINES_KEPT - 1)


def test_settings_machine_and_versions_come_back(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    of = plan("cpu", "cuda:0", trials=2, notes=("one core for both",))
    number, _ = record(kept, finished_run(1.0), of=of, request=REQUEST)
    saved = kept.load(number)
    kept.close()

    assert saved.plan == of
    assert saved.request == REQUEST
    assert saved.machine == {"host": {"hostname": "here"}, "processes": [1]}
    assert "python" in saved.versions


def test_readings_are_kept_without_the_processes_of_the_machine(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    recorder = kept.begin(plan("cpu"), None)
    recorder.reading({"taken_at": "now", "processes": [{"command": "secret"}]})
    recorder.close()
    assert recorder.id is not None
    saved = kept.load(recorder.id)
    kept.close()

    assert saved.readings == ({"taken_at": "now"},)


def test_what_was_under_way_at_a_crash_counts_as_stopped(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    number, _ = record(
        kept, finished_run(1.0), finished_run(1.0, 1.0)[:4], of=plan("cpu", trials=3)
    )
    saved = kept.load(number)
    kept.close()

    statuses = [run.status for run in saved.state.runs.values()]
    assert statuses == [RunStatus.DONE, RunStatus.STOPPED, RunStatus.STOPPED]
    assert isinstance(saved.state.runs_of(0)[1].epochs[0], EpochFinished)
    assert saved.entry.status == "interrupted"
