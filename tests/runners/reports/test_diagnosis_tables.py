from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runners.diagnosis.records import Diagnosis, Shares, Tried
from runners.reports.diagnosis import tables, to_report, to_text
from runners.reports.text import table_text
from tests.fakes.diagnoses import diagnosed, diagnosis, nothing_found
from tests.fakes.finished import one_failed

COMMAND = "racetop diagnose mlp --devices cuda:0 --batch-size 128 --train-samples 100000"


def text_of(found: Diagnosis, tried: Sequence[Tried] = ()) -> str:
    return "\n\n".join(f"{t.caption}\n{table_text(t)}" for t in tables(found, tried))


def test_the_pipeline_marks_what_is_narrow_and_tells_what_the_job_does() -> None:
    header, speeds, intervals = text_of(diagnosis()).splitlines()[1:4]
    assert header.split("  ")[0] == "alone"
    assert "loader (narrow) ->" in header
    assert "compute  " in header
    assert header.endswith("as it is")
    assert speeds.split()[1:] == ["5,000", "400,000", "10,000", "4,000"]
    assert "4,900 to 5,100  390k to 410k  9,500 to 10.5k" in intervals


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
    assert "copies" not in text
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


def test_the_report_begins_with_the_verdict_and_its_prose_fits_80_columns() -> None:
    text = told_in_full()
    tables_end = text.index("- The loader alone")
    assert text.startswith("cuda:0 is input-bound: 60 % of its time (55 to 65) waits")
    assert max(map(len, text.splitlines())) <= 100
    assert max(map(len, text[tables_end:].splitlines())) <= 80


def test_a_long_command_can_be_copied() -> None:
    lines = told_in_full().splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("command"))
    copied = " ".join(line.rstrip("\\").strip() for line in lines[place:])
    assert lines[place].endswith(" \\")
    assert copied.removeprefix("command").split() == COMMAND.split()


def test_what_a_remedy_failed_of_is_told() -> None:
    assert "- end what else uses the cores: failed: It could not be done." in told_in_full()


def test_a_job_without_a_figure_says_why() -> None:
    stopped = replace(diagnosed(), diagnosis=None, tried=())
    assert "stopped before there was a figure" in to_report(stopped, COMMAND).title
    failed = to_report(replace(stopped, state=one_failed()), COMMAND)
    assert "its runs failed" in failed.title
    assert " failed: " in failed.remarks[0]


def told_in_full() -> str:
    return to_text(to_report(diagnosed(), COMMAND))
