import csv
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runners.workloads.catalogue import CATALOGUE
from tui.cli import run

ROOT = Path(__file__).parents[2]


def test_an_unknown_workload_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["no-such-workload"]) == 2
    error = capsys.readouterr().err
    assert "there are: mlp" in error
    assert "did you mean" not in error


@pytest.mark.parametrize("arguments", [["fashon-cnn"], ["compare", "mlp,fashon-cnn"]])
def test_a_workload_that_is_misspelled_is_told_with_the_one_that_is_near(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "unknown workload 'fashon-cnn' (did you mean 'fashion-cnn'?)" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["histroy"], ["histroy", "list", "--json"]])
def test_a_command_that_is_misspelled_is_told_with_the_one_that_is_near(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    expected = "racetop: no command 'histroy'; did you mean 'history'?\n"
    assert capsys.readouterr().err == expected


class Full(io.StringIO):
    """Output on a full disk, told of when it is written out."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "arguments",
    [["workloads"], ["workloads", "--json"], ["history", "list"], ["snapshot"], ["--version"]],
)
def test_output_that_cannot_be_written_is_told_in_one_line(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RACETOP_HISTORY", str(tmp_path / "history.sqlite"))
    monkeypatch.setattr(sys, "stdout", Full())
    assert run(arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "racetop: the output could not be written: No space left on device"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
@pytest.mark.parametrize("buffering", ["", "1"])
def test_python_has_nothing_to_add_to_that_at_exit(buffering: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tui", "workloads"],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": buffering},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "racetop: the output could not be written: No space left on device\n"


def test_a_reader_that_has_gone_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tui", "workloads"],
            cwd=ROOT,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("compare", "history", "snapshot", "workloads", "doctor"))


def test_workloads_as_json_have_the_keys_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["workloads", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "racetop.workloads/1"
    keys = {"name", "data", "input_shape", "parameters", "trainable_parameters", "flops_forward"}
    keys |= {"flops_step", "batch_size", "epochs", "loss", "optimizer", "source"}
    for workload in document["workloads"]:
        assert keys <= set(workload)
    assert [workload["name"] for workload in document["workloads"]] == list(CATALOGUE)


def test_workloads_for_people_fit_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["workloads"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert max(len(row) for row in rows) <= 100
    assert all(any(row.startswith(name) for row in rows) for name in CATALOGUE)


def test_a_snapshot_is_json_with_the_keys_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "racetop.snapshot/1"
    assert {"taken_at", "host", "gpus", "processes", "problems"} <= set(document)


def test_a_stream_of_snapshots_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "--json", "--every", "0.1", "--count", "3"]) == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({document["taken_at"] for document in documents}) == 3


def test_a_stream_as_csv_has_a_header_and_a_row_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "--csv", "--every", "0.1", "--count", "2"]) == 0
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header[0] == "taken_at"
    assert [len(row) for row in rows] == [len(header)] * 2


def test_a_snapshot_for_people_names_the_host_and_every_problem(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["snapshot"]) == 0
    text = capsys.readouterr().out
    assert "CPU" in text
    assert "memory" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["snapshot", "--every", "0"],
        ["snapshot", "--count", "0"],
        ["snapshot", "--csv", "--json"],
        ["snapshot", "--csv", "--all-processes"],
        ["compare"],
        ["compare", "mlp", "--json", "--csv"],
        ["compare", "mlp", "--report", "nonesuch"],
        ["history"],
        ["history", "show"],
        ["history", "show", "first"],
        ["history", "list", "--limit", "0"],
        ["history", "list", "--limit", "9" * 20],
        ["history", "show", "9" * 20],
        ["history", "delete", "--older-than", "90"],
        ["history", "delete", "--older-than", f"{'9' * 400}d"],
        ["mlp", "--interval", "7"],
        ["mlp", "extra"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_ends_with_2_and_a_reason(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(arguments)
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["compare"], ["tune"], ["diagnose"]])
def test_what_is_wrong_is_not_buried_below_all_options(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run([*command, "mlp", "--no-such-option"])

    assert len(capsys.readouterr().err.splitlines()) <= 3


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        ("workloads >&-", 0, ""),
        ("history list >&-", 0, "racetop: nothing was compared yet\n"),
        ("history list 2>&-", 0, ""),
        ("<&-", 2, "racetop: the live screen needs a terminal"),
    ],
)
def test_streams_that_are_closed_are_no_trouble(
    command: str, status: int, error: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m tui {command}', sys.executable],
        cwd=ROOT,
        env={**os.environ, "RACETOP_HISTORY": str(tmp_path / "history.sqlite")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert done.stderr.startswith(error)
    assert "Traceback" not in done.stderr
