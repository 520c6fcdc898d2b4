from __future__ import annotations

import pytest

from benchmarks.gpu.findings import Check, Status, StepResult
from benchmarks.gpu.summary import REHEARSAL, has_passed, to_markdown, to_text

FAILED = Check(name="total", status=Status.FAILED, found="1.02 | bad", wanted="within 1 %")
GOOD = StepResult(name="machine", status=Status.PASSED, took_s=2.0)
BAD = StepResult(name="phases", status=Status.FAILED, took_s=3.0, checks=(FAILED,))
LATE = StepResult(name="compiled", status=Status.NOT_RUN, error="needs about 30 s, 3 s are left")
SKIPPED = StepResult(name="oom", status=Status.SKIPPED)


@pytest.mark.parametrize(
    ("results", "passed"),
    [((GOOD,), True), ((GOOD, SKIPPED), True), ((GOOD, BAD), False), ((GOOD, LATE), False)],
)
def test_only_what_was_done_or_cannot_be_done_passes(
    results: tuple[StepResult, ...], passed: bool
) -> None:
    assert has_passed(results) is passed
    last = to_text(results, is_rehearsal=False).splitlines()[-1]
    assert last == ("all checks passed" if passed else "NOT all checks passed")


def test_the_table_says_what_failed_and_what_was_left_out() -> None:
    text = to_text((GOOD, BAD, LATE), is_rehearsal=False)
    assert "FAILED   phases" in text
    assert "failed: total: 1.02 | bad (wanted: within 1 %)" in text
    assert "needs about 30 s, 3 s are left" in text
    assert REHEARSAL not in text


def test_the_tables_of_the_steps_are_printed() -> None:
    told = StepResult(name="gpu-fields", status=Status.PASSED, text="| power_w | 388.5 |\n")
    text = to_text((GOOD, told), is_rehearsal=False)
    assert "gpu-fields:\n| power_w | 388.5 |\n" in text


def test_a_rehearsal_says_first_that_no_gpu_was_measured() -> None:
    assert to_text((GOOD,), is_rehearsal=True).startswith(REHEARSAL)
    document = to_markdown((GOOD,), {}, when="today", is_rehearsal=True)
    assert REHEARSAL in document.split("\n| step", 1)[0]


def test_the_document_names_the_machine_and_keeps_its_tables_whole() -> None:
    machine = {
        "device": {"name": "NVIDIA H200"},
        "driver": "580.1",
        "versions": {"torch": "2.15"},
        "cores_usable": 16,
    }
    document = to_markdown((BAD,), machine, when="today", is_rehearsal=False)
    assert "NVIDIA H200, driver 580.1, torch 2.15, 16 cores" in document
    assert "| total | failed | 1.02 \\| bad | within 1 % |" in document


def test_a_machine_that_could_not_be_described_is_said_to_be_unknown() -> None:
    assert "not known" in to_markdown((BAD,), {}, when="today", is_rehearsal=False)
