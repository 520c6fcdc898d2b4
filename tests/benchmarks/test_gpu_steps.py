from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu import causes
from benchmarks.gpu.findings import Findings, Setting, Status, StepResult
from benchmarks.gpu.steps import Step, in_own_process, in_this_process, run_all
from benchmarks.gpu_check import BUDGET_S, STEPS
from tests.fakes.clock import FakeClock

HERE = "tests.benchmarks.test_gpu_steps"


def step(
    name: str, *, needs_s: float = 1.0, limit_s: float = 100.0, is_needed: bool = False
) -> Step:
    run = f"{HERE}:{name}"
    return Step(
        name=name, what=name, run=run, needs_s=needs_s, limit_s=limit_s, is_needed=is_needed
    )


def setting(folder: Path = Path("out")) -> Setting:
    return Setting(device="cpu", out=folder, cache=folder)


def passes(_setting: Setting, findings: Findings) -> None:
    findings.demand("a", True, found="1", wanted="1")


def breaks(_setting: Setting, findings: Findings) -> None:
    findings.demand("a", True, found="1", wanted="1")
    raise OSError("gone")


def cannot(_setting: Setting, _findings: Findings) -> None:
    raise NotMeasuredError("no GPU")


class Runner:
    """Takes a fixed time for each step and fails those it is told to fail."""

    def __init__(self, took_s: float, failing: tuple[str, ...] = ()) -> None:
        self.clock = FakeClock()
        self.limits_s: dict[str, float] = {}
        self._took_s = took_s
        self._failing = failing

    def __call__(self, step: Step, limit_s: float) -> StepResult:
        self.limits_s[step.name] = limit_s
        self.clock.advance(self._took_s)
        failed = step.name in self._failing
        return StepResult(name=step.name, status=Status.FAILED if failed else Status.PASSED)


def statuses(steps: list[Step], runner: Runner, budget_s: float) -> list[Status]:
    told: list[StepResult] = []
    results = run_all(steps, runner, told.append, budget_s=budget_s, clock=runner.clock)
    assert tuple(told) == results
    return [result.status for result in results]


def test_a_failed_step_stops_no_other() -> None:
    runner = Runner(1.0, failing=("a",))
    assert statuses([step("a"), step("b")], runner, 100) == [Status.FAILED, Status.PASSED]


def test_what_stands_on_a_failed_step_is_not_run_and_says_so() -> None:
    runner = Runner(1.0, failing=("a",))
    steps = [step("a", is_needed=True), step("b"), step("c")]
    results = run_all(steps, runner, lambda _: None, budget_s=100, clock=runner.clock)
    assert [result.status for result in results[1:]] == [Status.NOT_RUN] * 2
    assert results[2].error == "it stands on step a, which failed"


def test_a_step_that_no_longer_fits_is_not_run_and_a_shorter_one_still_is() -> None:
    runner = Runner(30.0)
    steps = [step("a"), step("b", needs_s=50), step("c", needs_s=10)]
    results = run_all(steps, runner, lambda _: None, budget_s=60, clock=runner.clock)
    assert [result.status for result in results] == [Status.PASSED, Status.NOT_RUN, Status.PASSED]
    assert results[1].error == "needs about 50 s, 30 s are left"


def test_no_step_gets_more_time_than_is_left() -> None:
    runner = Runner(30.0)
    run_all(
        [step("a", limit_s=40), step("b", limit_s=40)],
        runner,
        lambda _: None,
        budget_s=60,
        clock=runner.clock,
    )
    assert runner.limits_s == {"a": 40, "b": 30}


def test_an_error_in_a_step_becomes_part_of_its_result() -> None:
    result = in_this_process(step("breaks"), setting())
    assert (result.status, result.error) == (Status.FAILED, "OSError: gone")
    assert len(result.checks) == 1


def test_a_step_that_cannot_be_done_here_is_skipped_and_says_why() -> None:
    result = in_this_process(step("cannot"), setting())
    assert result.status is Status.SKIPPED
    assert result.checks[0].found == "no GPU"


def test_a_missing_module_fails_its_step_only() -> None:
    missing = Step(name="x", what="x", run="no_such_module:check", needs_s=1, limit_s=1)
    result = in_this_process(missing, setting())
    assert result.error == "ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("import os; os.abort()", "its process ended with status -6 and no result"),
        ("import time; time.sleep(60)", "its time was up"),
    ],
)
def test_a_process_that_crashes_or_hangs_fails_its_step(
    body: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_check.py").write_text(body)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    since_s = time.monotonic()
    result = in_own_process(step("passes"), setting(tmp_path), 1.0, module="broken_check")
    assert result.status is Status.FAILED
    assert error in (result.error or "")
    assert time.monotonic() - since_s < 30


def test_all_steps_fit_into_the_time_where_each_takes_what_it_needs() -> None:
    assert sum(step.needs_s for step in STEPS) <= BUDGET_S


def test_planted_causes_are_run_even_where_all_before_them_take_all_they_may() -> None:
    place = next(place for place, step in enumerate(STEPS) if step.name == "causes")
    assert sum(step.limit_s for step in STEPS[: place + 1]) <= BUDGET_S
    assert STEPS[place].limit_s > causes.BUDGET_S


@pytest.mark.torch
@pytest.mark.parametrize("one", STEPS, ids=lambda one: str(one.name))
def test_each_step_of_the_check_names_something_to_run(one: Step) -> None:
    assert callable(one.load())
    assert one.needs_s <= one.limit_s
