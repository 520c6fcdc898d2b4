from __future__ import annotations

from dataclasses import replace

from runners.diagnosis.records import Shares
from runners.reports.diagnosis import tables
from runners.reports.report import Report
from runners.reports.text import to_text
from tests.fakes.diagnoses import diagnosed, diagnosis, nothing_found


def text_of(*args: object) -> str:
    made = tables(*args)  # type: ignore[arg-type]
    return to_text(Report(title="", tables=made, remarks=(), conditions=(("", ""),)))


def test_the_pipeline_marks_what_is_narrow_and_tells_what_the_job_does() -> None:
    header, speeds, intervals = text_of(diagnosis()).splitlines()[2:5]
    assert header.split("  ")[0] == "alone"
    assert "loader (narrow) ->" in header
    assert "compute  " in header
    assert header.endswith("as it is")
    assert speeds.split()[1:] == ["5,000", "400,000", "10,000", "4,000"]
    assert "4,900 to 5,100" in intervals


def test_shares_add_up_to_the_whole() -> None:
    text = text_of(diagnosis())
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "60 %" in rows["input and copies"]
    assert "55 to 65 %" in rows["input and copies"]
    assert "40 %" in rows["computing"]
    assert "35 to 45 %" in rows["computing"]


def test_what_was_not_run_has_no_row() -> None:
    shares = Shares(stall=diagnosis().shares.stall)
    text = text_of(replace(diagnosis(), shares=shares))
    assert "computing" in text
    assert "of it copies" not in text
    assert "n/a" not in text


def test_a_remedy_that_was_tried_stands_beside_what_was_predicted() -> None:
    rows = text_of(diagnosis(), diagnosed().tried).splitlines()
    in_memory = next(row for row in rows if "keep the samples" in row)
    assert in_memory.endswith("at most 2.50x  2.40x (2.30x to 2.50x)")
    assert next(row for row in rows if "end what else" in row).endswith(
        "not known" + " " * 18 + "failed"
    )


def test_a_remedy_that_was_not_tried_is_only_predicted() -> None:
    assert "measured" not in text_of(diagnosis())
    assert "at most 2.50x" in text_of(diagnosis())


def test_nothing_found_has_no_tables() -> None:
    found = nothing_found().diagnosis
    assert found is not None
    assert tables(found) == ()
