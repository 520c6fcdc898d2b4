from __future__ import annotations

import json

import pytest

from benchmarks.gpu.findings import Agreement, Findings, Status, StepResult


def test_the_ratio_is_of_the_medians_and_the_interval_of_the_pairs() -> None:
    agreement = Agreement.of([1.02, 1.0, 5.0], [1.0, 1.0, 4.0])
    assert agreement.ratio == pytest.approx(1.02)
    assert (agreement.low, agreement.high) == pytest.approx((1.0, 1.25))
    assert str(agreement) == "1.0200 (1.0000 to 1.2500, 3 pairs)"


@pytest.mark.parametrize(
    ("ours_s", "is_within"),
    [(1.0, True), (1.0099, True), (0.9901, True), (1.011, False), (0, False)],
)
def test_one_percent_is_a_bound_on_both_sides(ours_s: float, is_within: bool) -> None:
    assert Agreement.of([ours_s], [1.0]).is_within(0.01) is is_within


def test_a_few_microseconds_are_let_pass_where_that_is_said() -> None:
    short = Agreement.of([30e-6], [20e-6])
    assert not short.is_within(0.01)
    assert short.is_within(0.01, or_s=20e-6)


def test_one_failed_check_fails_the_step() -> None:
    findings = Findings()
    findings.demand("a", True, found="1", wanted="1")
    findings.skip("b", "not here")
    assert findings.result("s", 1.0).status is Status.PASSED
    findings.demand("c", False, found="2", wanted="1")
    assert findings.result("s", 1.0).status is Status.FAILED


def test_a_step_of_which_nothing_could_be_done_is_skipped() -> None:
    findings = Findings()
    findings.skip("b", "not here")
    assert findings.result("s", 1.0).status is Status.SKIPPED


def test_an_error_fails_the_step_and_loses_nothing_found_before() -> None:
    findings = Findings()
    findings.demand("a", True, found="1", wanted="1")
    findings.numbers["x"] = 1.5
    result = findings.result("s", 1.0, error="OSError: gone")
    assert (result.status, result.checks[0].name, result.numbers) == (
        Status.FAILED,
        "a",
        {"x": 1.5},
    )


def test_a_result_survives_the_way_through_json() -> None:
    findings = Findings()
    findings.demand("a", False, found="1", wanted="2")
    findings.numbers["x"] = {"y": [1.5, None]}
    findings.text = "| a |"
    result = findings.result("s", 1.0)
    assert StepResult.from_json(json.loads(json.dumps(result.to_json()))) == result
