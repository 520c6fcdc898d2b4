"""What commands that run something say of the history that keeps it."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from runners.events import Event
from runners.history.schema import connect
from runners.history.store import History
from runners.launching.launch import run_worker
from runners.spec import Request
from runners.workloads import JobSettings
from tests.fakes.saved import THERE
from tests.fakes.saved import history as history_of
from tests.fakes.training import fake_command, finished_run, plan
from tui.commands.compare import carry_out, compare
from tui.commands.output import Output
from tui.commands.progress import Progress


def test_runs_for_which_there_was_no_time_are_said_to_be_left() -> None:
    stderr = io.StringIO()
    worker = partial(run_worker, command=fake_command("normal"))
    request = Request(workloads=("mlp",), trials=2, time_budget_s=1e-9)

    assert compare(request, Output(), io.StringIO(), stderr, run_worker=worker) == 0
    assert stderr.getvalue().endswith(
        "racetop: saved as comparison 1; 'racetop history resume 1' goes on with it\n"
    )


def test_a_comparison_goes_on_where_nothing_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RACETOP_HISTORY", str(tmp_path / "file" / "h.sqlite"))
    stdout, stderr = io.StringIO(), io.StringIO()
    worker = partial(run_worker, command=fake_command("normal"))
    request = Request(workloads=("mlp",), epochs=(1,))

    assert compare(request, Output(), stdout, stderr, run_worker=worker) == 0
    assert "steady s" in stdout.getvalue()
    assert "racetop: not saved: '" in stderr.getvalue()
    assert "RACETOP_HISTORY names another file" in stderr.getvalue()


def test_what_cannot_be_kept_is_told_while_it_runs_and_when_all_is_saved_again(
    history_file: Path,
) -> None:
    history_of(history_file).close()
    stdout, stderr = io.StringIO(), io.StringIO()
    progress = Progress(stderr, quiet=False, is_live=False)
    files: list[sqlite3.Connection] = []

    def cramped(path: Path) -> sqlite3.Connection:
        files.append(connect(path))
        files[-1].execute("PRAGMA max_page_count = 1")
        return files[-1]

    of = plan("cpu")
    recorder = History.open(history_file, connect=cramped, host=THERE).begin(
        of, None, {"pad": "x" * 100_000}
    )

    async def run_slowly(_settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        events = finished_run(1.0)
        for event in (*events[:2], "room", *events[2:]):
            recorder.flush(5.0)
            if isinstance(event, Event):
                on_event(event)
            else:
                files[-1].execute("PRAGMA max_page_count = 100000")

    code = carry_out(
        of,
        Output(),
        stdout,
        progress,
        request=None,
        machine=None,
        run_worker=run_slowly,
        recorder=recorder,
    )
    assert code == 0
    files[0].close()
    told = [line for line in stderr.getvalue().splitlines() if "saved" in line]

    assert told[0].startswith("racetop: not saved: no room for")
    assert told[1:] == ["racetop: saved again, all of it", "racetop: saved as comparison 1"]


def test_a_comparison_that_is_not_to_be_kept_is_not(history_file: Path) -> None:
    worker = partial(run_worker, command=fake_command("normal"))
    request = Request(workloads=("mlp",), epochs=(1,))
    streams = (io.StringIO(), io.StringIO())
    compare(request, Output(), *streams, run_worker=worker, is_kept=False)

    assert not history_file.exists()
