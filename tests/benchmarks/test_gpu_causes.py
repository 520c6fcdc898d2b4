"""Planted causes: what is demanded of the diagnosis, on a GPU and in a rehearsal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.gpu.causes import BUDGET_S, CAUSES, Cause, check_causes, judge, numbers_of
from benchmarks.gpu.findings import Findings, Setting, Status
from runners.diagnosis.records import Bottleneck, Diagnosis, Shares
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.clock import FakeClock
from tests.fakes.diagnoses import diagnosis

ON_A_GPU = Setting(device="cuda:0", out=Path("/out"), cache=Path("/cache"))
REHEARSAL = replace(ON_A_GPU, device="cpu")
SLEEPY = CAUSES[0]


def as_wanted(cause: Cause, _setting: Setting) -> Diagnosis:
    return replace(diagnosis(), bottleneck=cause.wanted)


def outcomes(findings: Findings) -> dict[str, Status]:
    return {check.name: check.status for check in findings.checks}


def test_each_class_that_a_gpu_can_show_is_planted_once() -> None:
    assert [cause.wanted for cause in CAUSES] == [
        Bottleneck.INPUT,
        Bottleneck.LAUNCH,
        Bottleneck.COMPUTE,
        Bottleneck.SYNC,
        Bottleneck.CONTENDED,
    ]
    assert all(cause.variant in CATALOGUE[cause.workload].variants for cause in CAUSES)
    assert {"transfer", "sync", "launch_ratio"} <= {name for c in CAUSES for name in c.told}


def test_causes_that_are_named_pass_each_with_a_row_of_the_summary() -> None:
    findings = Findings()
    check_causes(ON_A_GPU, findings, diagnosed=as_wanted)
    assert set(outcomes(findings).values()) == {Status.PASSED}
    assert set(findings.numbers) == {cause.name for cause in CAUSES}
    assert len(findings.text.splitlines()) == 2 + len(CAUSES)
    assert "| input-bound | input-bound | 0.600 (0.550 to 0.650) |" in findings.text


def test_a_cause_that_is_not_named_fails_alone() -> None:
    findings = Findings()
    compute = replace(diagnosis(), bottleneck=Bottleneck.COMPUTE)
    check_causes(ON_A_GPU, findings, diagnosed=lambda *_: compute)
    failed = [check for check in findings.checks if check.status is Status.FAILED]
    others = {cause.wanted.value for cause in CAUSES} - {"compute-bound"}
    assert {check.wanted for check in failed} == others
    assert {check.found for check in failed} == {"compute-bound"}


def test_shares_that_are_not_told_fail_by_name() -> None:
    findings = Findings()
    judge(SLEEPY, replace(diagnosis(), shares=Shares()), findings, is_rehearsal=False)
    found = {check.name: check.found for check in findings.checks if check.status is Status.FAILED}
    assert found[f"{SLEEPY.name}: its shares"] == "stall, transfer, sync, launch_ratio"
    assert f"{SLEEPY.name}: a verdict" in found


def test_a_run_that_fails_says_why_and_the_others_go_on() -> None:
    findings = Findings()
    check_causes(
        ON_A_GPU,
        findings,
        diagnosed=lambda cause, setting: (
            "Out of memory." if cause is SLEEPY else as_wanted(cause, setting)
        ),
    )
    (failed,) = [check for check in findings.checks if check.status is Status.FAILED]
    assert (failed.name, failed.found) == (SLEEPY.name, "Out of memory.")
    assert len(findings.numbers) == len(CAUSES) - 1


def test_what_would_not_end_in_time_is_left_out_and_said() -> None:
    clock, findings = FakeClock(), Findings()

    def slowly(cause: Cause, setting: Setting) -> Diagnosis:
        clock.advance(BUDGET_S / 3 + 1)
        return as_wanted(cause, setting)

    check_causes(ON_A_GPU, findings, diagnosed=slowly, clock=clock)
    assert set(findings.numbers) == {cause.name for cause in CAUSES[:2]}
    skipped = [check for check in findings.checks if check.status is Status.SKIPPED]
    assert [check.name for check in skipped] == [cause.name for cause in CAUSES[2:]]
    assert all("used up" in check.found for check in skipped)


def test_a_rehearsal_demands_a_verdict_and_no_class() -> None:
    findings = Findings()
    compute = replace(diagnosis(), bottleneck=Bottleneck.COMPUTE)
    check_causes(REHEARSAL, findings, diagnosed=lambda *_: compute)
    by_name = outcomes(findings)
    assert Status.FAILED not in by_name.values()
    assert by_name[f"{SLEEPY.name}: a verdict"] is Status.PASSED
    assert by_name[f"{SLEEPY.name}: its class"] is Status.SKIPPED
    assert set(findings.numbers) == {cause.name for cause in CAUSES if cause.is_rehearsed}
    assert len(findings.numbers) == 2


def test_the_numbers_hold_every_share_with_its_interval() -> None:
    numbers = numbers_of(diagnosis())
    assert numbers["class"] == "input-bound"
    assert numbers["shares"]["stall"] == {"value": 0.6, "low": 0.55, "high": 0.65}
    assert numbers["samples_per_s"]["value"] == 4000.0
