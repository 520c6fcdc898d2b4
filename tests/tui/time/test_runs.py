"""The rows of the runs."""

from dataclasses import replace

from runners.events import ErrorKind, Event, JobFailed
from runners.process_events import WorkerStarted
from runners.spec import Order, Plan
from runners.state import ComparisonState, RunStatus, skip_waiting, spare
from tests.fakes.diagnoses import diagnosed
from tests.fakes.history_pane import PALETTE, texts
from tests.fakes.training import epoch, finished_run, plan, replayed
from tui.widgets.time.runs import RunsPane, progress_of

STARTED: list[Event] = [WorkerStarted(pid=1, mono_s=0.0)]


def rows(state: ComparisonState | None, width: int = 50, height: int = 12) -> list[str]:
    pane = RunsPane()
    pane.show(state)
    return [row.rstrip() for row in texts(pane.lines(PALETTE, width, height), width)]


def two_jobs(trials: int = 3) -> Plan:
    return plan("as it is", "loader alone", order=Order.IN_TURN, trials=trials)


def test_a_row_has_a_mark_for_each_trial_and_the_median_speed() -> None:
    state = replayed(two_jobs(), finished_run(1.0, 0.5), [*STARTED, epoch(1, 0.25)])
    first, second = rows(state)
    assert first.split() == ["as", "it", "is", "✓··", "2,000"]
    assert second.split()[:3] == ["loader", "alone", "▸··"]
    assert "━" in second
    assert second.endswith("4,000")


def test_a_run_under_way_does_not_change_the_median_of_those_over() -> None:
    of = two_jobs()
    state = replayed(of, finished_run(1.0, 0.5), [], [*STARTED, epoch(1, 0.1)])
    assert rows(state)[0].endswith("2,000")


def test_the_speed_of_two_runs_is_that_of_their_mean_time_as_in_the_evidence() -> None:
    of = two_jobs()
    state = replayed(of, finished_run(1.0, 0.5), [], finished_run(1.0, 0.1))
    assert rows(state)[0].endswith("3,333")


def test_where_rows_are_narrow_a_count_stands_for_the_bar() -> None:
    state = replayed(two_jobs(), finished_run(1.0, 0.5), [*STARTED, epoch(1, 0.25)])
    _, second = rows(state, 30)
    assert "━" not in second
    assert second.split() == ["loader", "alone", "▸··", "1/3", "4,000"]


def test_each_end_has_its_mark_and_a_failure_its_reason() -> None:
    failed: list[Event] = [
        *STARTED,
        JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="Full.", remedy="Free some."),
    ]
    state = replayed(two_jobs(1), finished_run(1.0, 0.5), failed)
    key = next(key for key in state.runs if key.job == 1)
    over = replace(state.runs[key], status=RunStatus.FAILED)
    assert rows(replace(state, runs={**state.runs, key: over}))[1].endswith("✗ Full. Free some.")
    assert rows(skip_waiting(replayed(two_jobs(2), finished_run(1.0, 0.5))))[0].split()[3] == "✓■"
    waiting = replayed(two_jobs(2), finished_run(1.0, 0.5))
    assert rows(spare(waiting, waiting.runs, "known"))[0].split()[3] == "✓-"


def test_many_trials_are_counted() -> None:
    assert " 1/12 " in rows(replayed(two_jobs(12), finished_run(1.0, 0.5)))[0]


def test_the_row_at_work_is_in_sight_where_rows_are_few() -> None:
    labels = [f"job {number}" for number in range(9)]
    runs = [finished_run(1.0, 0.5)] * 6 + [STARTED]
    state = replayed(plan(*labels, order=Order.IN_TURN), *runs)
    shown = rows(state, height=3)
    assert any("job 6" in row for row in shown[:3])


def test_runs_that_need_not_be_are_not_counted() -> None:
    state = replayed(two_jobs(2), finished_run(1.0, 0.5))
    assert progress_of(state) == "1 of 4 done"
    assert progress_of(skip_waiting(state)) == "1 of 4 done"
    assert progress_of(spare(state, state.runs, "known")) == "1 of 1 done"
    found = diagnosed().state
    assert found is not None
    under_way = ComparisonState.of(replace(found.plan, diagnosed=found.plan.jobs[0]))
    assert progress_of(under_way) == "0 of at most 3 done"


def test_before_any_run_it_says_so() -> None:
    assert rows(None) == ["There are no runs yet."]
