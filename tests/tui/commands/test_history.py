from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from runners.events import Event
from runners.history.hosts import this_host
from runners.launching.launch import run_worker
from runners.spec import Request, UsageError
from tests.fakes.saved import OUT_OF_MEMORY, THERE, a_done_one, a_stopped_one, record
from tests.fakes.saved import history as history_of
from tests.fakes.training import fake_command, finished_run, plan
from tui.cli import run
from tui.commands.compare import compare
from tui.commands.history import Surroundings, run_history
from tui.commands.history_list import LINE_WIDTH
from tui.commands.output import Output

ROOT = Path(__file__).parents[3]
DAY_S = 86_400


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def ran(
    *arguments: str, stdin: io.StringIO | None = None, scenario: str = "normal", now_s: float = 0.0
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    around = Surroundings(
        stdin=stdin or io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        run_worker=partial(run_worker, command=fake_command(scenario)),
        clock=lambda: now_s,
    )
    code = run_history(arguments, around)
    assert isinstance(around.stdout, io.StringIO)
    assert isinstance(around.stderr, io.StringIO)
    return code, around.stdout.getvalue(), around.stderr.getvalue()


@pytest.fixture
def three(history_file: Path) -> Path:
    """Three comparisons of this machine: done, done on two devices, interrupted."""
    kept = history_of(history_file, host=this_host())
    a_done_one(kept)
    a_done_one(kept, "cpu", "cuda:0")
    a_stopped_one(kept)
    kept.close()
    return history_file


@pytest.mark.usefixtures("three")
def test_the_list_is_a_table_with_the_newest_first() -> None:
    code, stdout, stderr = ran("list")
    rows = stdout.splitlines()

    assert code == 0
    assert [row.split()[0] for row in rows] == ["ID", "3", "2", "1"]
    assert "interrupted" in rows[1]
    assert "cpu, cuda:0" in rows[2]
    assert max(map(len, rows)) <= LINE_WIDTH
    assert stderr == ""


@pytest.mark.usefixtures("three")
def test_words_filter_the_list_and_a_limit_cuts_it() -> None:
    assert [row.split()[0] for row in ran("list", "device:cuda")[1].splitlines()] == ["ID", "2"]
    code, stdout, stderr = ran("list", "--limit", "2")

    assert code == 0
    assert len(stdout.splitlines()) == 3
    assert "newest 2" in stderr


@pytest.mark.usefixtures("three")
def test_the_list_for_programs_has_every_field() -> None:
    document = json.loads(ran("list", "--json")[1])

    assert document["schema"] == "racetop.history-list/1"
    first = document["comparisons"][0]
    assert (first["id"], first["status"], first["runs_done"]) == (3, "interrupted", 1)
    assert first["started_at"][:2] == "20"


def test_failed_runs_are_told_from_those_that_are_left(history_file: Path) -> None:
    kept = history_of(history_file, host=this_host())
    record(kept, finished_run(1.0, 1.0), OUT_OF_MEMORY, of=plan("cpu", trials=3))
    kept.close()

    assert "1/3   interrupted  [1 failed]" in ran("list")[1]
    assert "interrupted, 1 of 3 runs done, 1 failed, 1 left\n" in ran("show", "1")[1]


def test_an_empty_list_says_so_and_is_no_error() -> None:
    assert ran("list") == (0, "", "racetop: nothing was compared yet\n")


@pytest.mark.usefixtures("three")
def test_show_prints_what_compare_printed() -> None:
    code, stdout, _ = ran("show", "2")

    assert code == 0
    assert stdout.startswith("comparison 2: ")
    assert "steady s" in stdout
    document = json.loads(ran("show", "2", "--json")[1])
    assert [job["device"] for job in document["jobs"]] == ["cpu", "cuda:0"]
    assert document["machine"]["host"] == {"hostname": "here"}
    assert ran("show", "2", "--csv")[1].startswith("label,")
    assert ran("show", "2", "--markdown")[1].startswith("**")


@pytest.mark.usefixtures("three")
def test_show_writes_a_page_beside_what_it_prints(tmp_path: Path) -> None:
    assert ran("show", "2", "--html", str(tmp_path / "r.html"))[0] == 0
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("three")
def test_compare_sets_comparisons_side_by_side() -> None:
    code, stdout, _ = ran("compare", "1", "2")

    assert code == 0
    assert "#1 cpu" in stdout
    assert "#2 cuda:0" in stdout
    assert "not interleaved" in stdout


@pytest.mark.parametrize("command", [["show"], ["compare", "1"], ["resume"], ["delete", "--yes"]])
def test_a_number_that_is_not_there_is_wrong_usage(command: list[str], three: Path) -> None:
    code, stdout, stderr = ran(*command, "99")

    assert code == 2
    assert stdout == ""
    assert "no comparison 99; 'racetop history list'" in stderr
    assert three.exists()


def test_an_export_of_another_host_is_imported_once_and_flagged(
    tmp_path: Path, history_file: Path
) -> None:
    there = history_of(tmp_path / "there.sqlite", host=THERE)
    number = a_done_one(there)
    (tmp_path / "e.json").write_text(json.dumps(there.export([number])))
    there.close()

    assert ran("import", str(tmp_path / "e.json")) == (0, "", "racetop: imported as 1\n")
    assert "was here" in ran("import", str(tmp_path / "e.json"))[2]
    assert "[on there]" in ran("list")[1]
    assert "on there, another host" in ran("show", "1")[1]
    assert history_file.exists()


@pytest.mark.usefixtures("three")
def test_an_export_goes_to_the_output_or_a_file(tmp_path: Path) -> None:
    code, stdout, _ = ran("export", "1", "2", "1")

    assert code == 0
    assert len(json.loads(stdout)["comparisons"]) == 2
    assert ran("export", "1", "-o", str(tmp_path / "e.json")) == (0, "", "")
    assert json.loads((tmp_path / "e.json").read_text())["schema"] == "racetop.history/1"
    code, _, stderr = ran("export", "1", "-o", str(tmp_path / "none" / "e.json"))
    assert code == 1
    assert "cannot be written" in stderr


def test_a_deleted_one_comes_back_from_standard_input(three: Path) -> None:
    _, text, _ = ran("export", "1")
    assert ran("delete", "1", "--yes")[0] == 0

    code, _, stderr = ran("import", "-", stdin=io.StringIO(text))
    assert (code, stderr) == (0, "racetop: imported as 4\n")
    assert three.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema":"racetop.history/1"}', "[" * 9000])
def test_what_is_no_export_is_told(text: str) -> None:
    code, stdout, stderr = ran("import", "-", stdin=io.StringIO(text))

    assert (code, stdout) == (1, "")
    assert stderr.startswith("racetop: ")
    assert "export" in stderr


def test_an_import_that_is_not_there_is_told() -> None:
    code, _, stderr = ran("import", "/nonexistent.json")

    assert code == 1
    assert "cannot be read" in stderr


@pytest.mark.usefixtures("three")
def test_delete_asks_and_takes_no_for_an_answer() -> None:
    code, _, stderr = ran("delete", "1", "2", stdin=Terminal("\n"))

    assert code == 1
    assert "Delete 2 comparisons for good? [y/N]" in stderr
    assert len(ran("list")[1].splitlines()) == 4
    assert ran("delete", "1", "2", stdin=Terminal("y\n"))[0] == 0
    assert [row.split()[0] for row in ran("list")[1].splitlines()] == ["ID", "3"]


@pytest.mark.usefixtures("three")
def test_delete_without_anybody_to_ask_or_anything_to_delete_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--yes"):
        ran("delete", "1")
    with pytest.raises(UsageError, match="name what to delete"):
        ran("delete")


def test_old_ones_are_deleted_by_their_age(history_file: Path) -> None:
    kept = history_of(history_file)
    a_done_one(kept)
    (entry,) = kept.entries()
    kept.close()
    young_s, old_s = entry.started_at + 9 * DAY_S, entry.started_at + 11 * DAY_S

    assert (
        ran("delete", "--older-than", "10d", now_s=young_s)[2] == "racetop: there is none so old\n"
    )
    code, _, stderr = ran("delete", "--older-than", "10d", "--yes", now_s=old_s)
    assert (code, stderr) == (0, "racetop: deleted 1 comparison\n")


@pytest.mark.usefixtures("three")
def test_resume_does_what_is_left_and_keeps_what_is_done() -> None:
    code, stdout, stderr = ran("resume", "--json")
    runs = json.loads(stdout)["jobs"]

    assert code == 0
    assert [run["status"] for run in runs] == ["done", "done", "done"]
    assert [len(run["epochs"]) for run in runs] == [2, 3, 3]
    assert stderr.endswith("racetop: saved as comparison 3\n")
    assert ran("list", "status:interrupted")[1] == ""


@pytest.mark.usefixtures("three")
def test_there_is_nothing_to_resume_in_one_that_is_done() -> None:
    code, stdout, stderr = ran("resume", "1")

    assert (code, stdout) == (1, "")
    assert "is over (done): nothing is left to do" in stderr


def test_without_any_interrupted_one_resume_says_so(history_file: Path) -> None:
    kept = history_of(history_file, host=this_host())
    a_done_one(kept)
    kept.close()

    assert ran("resume")[2] == "racetop: no comparison of this machine was interrupted\n"


def test_switched_off_nothing_is_kept_and_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], history_file: Path
) -> None:
    monkeypatch.setenv("RACETOP_HISTORY", "off")
    stderr = io.StringIO()
    worker = partial(run_worker, command=fake_command("normal"))
    request = Request(workloads=("mlp",), epochs=(1,))

    assert compare(request, Output(), io.StringIO(), stderr, run_worker=worker) == 0
    assert "saved" not in stderr.getvalue()
    assert run(["history", "list"]) == 2
    assert "RACETOP_HISTORY is 'off'" in capsys.readouterr().err
    assert not history_file.exists()


_SWEEP = (
    "import sys\n"
    "from runners.launching.launch import run_worker\n"
    "from runners.spec import Request\n"
    "from tests.fakes.training import fake_command\n"
    "from tui.commands.compare import compare\n"
    "from tui.commands.output import Output\n"
    "scenarios = iter(sys.argv[1:])\n"
    "def run(settings, on_event):\n"
    "    return run_worker(settings, on_event, command=fake_command(next(scenarios)))\n"
    "request = Request(workloads=('mlp',), batch_sizes=(32, 64, 128, 256), epochs=(2,))\n"
    "sys.exit(compare(request, Output(), sys.stdout, sys.stderr, run_worker=run))\n"
)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_that_is_ended_loses_nothing_that_was_finished(
    end: signal.Signals, history_file: Path
) -> None:
    command = [sys.executable, "-c", _SWEEP, "normal", "out_of_memory", "polite"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sweep:
        assert sweep.stderr is not None
        while not sweep.stderr.readline().startswith("cpu batch 128: epoch 1/2"):
            assert sweep.poll() is None
        sweep.send_signal(end)
        _, stderr = sweep.communicate(timeout=20)

    assert "'racetop history resume 1' goes on" in stderr or end is signal.SIGKILL
    (row,) = ran("list", "status:interrupted")[1].splitlines()[1:]
    assert "1/4" in row
    code, stdout, _ = ran("resume", "1", "--json")
    runs = json.loads(stdout)["jobs"]
    assert [run["status"] for run in runs] == ["done", "failed", "done", "done"]
    assert [len(run["epochs"]) for run in runs] == [2, 0, 2, 2]
    assert runs[1]["error"]["kind"] == "out-of-memory"
    assert code == 1
    assert history_file.exists()


def test_text_of_others_reaches_no_terminal_as_commands(history_file: Path) -> None:
    kept = history_of(history_file)
    evil: list[Event] = finished_run(1.0)
    number, _ = record(kept, evil, of=plan("cpu \x1b[2J"))
    kept.close()

    for arguments in (["list"], ["show", str(number)], ["compare", str(number)]):
        assert "\x1b" not in ran(*arguments)[1]


def test_a_file_that_may_grow_no_more_is_told_and_the_comparison_goes_on(
    history_file: Path,
) -> None:
    history_of(history_file).close()
    limit = history_file.stat().st_size
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    done = subprocess.run(
        [sys.executable, "-c", limited + _SWEEP, *["normal"] * 4],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "batch 256" in done.stderr
    assert "racetop: not saved: " in done.stderr
    assert ran("list")[0] == 0
