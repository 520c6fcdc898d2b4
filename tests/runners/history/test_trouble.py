"""Files that cannot be written or read, and processes that die."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runners.history.schema import SCRIPTS, bring_up_to_date, connect
from runners.history.store import History, HistoryError, Recorder
from runners.state import ComparisonState, RunStatus
from tests.fakes.processes import is_alive
from tests.fakes.saved import HERE, a_done_one, history, keys_of, record
from tests.fakes.training import finished_run, plan

ROOT = Path(__file__).parents[3]


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A program of its own that may use the repository."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def problem_of(recorder: Recorder) -> str:
    return recorder.problem or "none"


def hurried(path: Path) -> sqlite3.Connection:
    """The file, opened without patience."""
    return connect(path, busy_s=0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder where nothing can be made")
def test_a_folder_where_nothing_can_be_written_is_told_with_a_remedy() -> None:
    with pytest.raises(HistoryError, match=r"cannot be written .*RACETOP_HISTORY names another"):
        History.open(Path("/proc/racetop/history.sqlite"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HistoryError, match="cannot be written"):
        History.open(tmp_path / "h.sqlite")


def test_a_file_where_its_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match="cannot be written"):
        History.open(tmp_path / "file" / "h.sqlite")


def test_a_damaged_file_is_told_with_a_remedy_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(HistoryError, match=r"is damaged .*move it away"):
        History.open(path)

    assert path.read_bytes().startswith(b"not a database")


def test_a_file_damaged_inside_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    kept = history(path)
    for _ in range(20):
        a_done_one(kept)
    kept.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    kept = history(path)

    with pytest.raises(HistoryError, match="is damaged"):
        kept.entries()
    kept.close()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.commit()

    with pytest.raises(HistoryError, match="another program's database"):
        History.open(path)


def test_a_file_of_a_newer_racetop_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    history(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {len(SCRIPTS) + 1}")

    with pytest.raises(HistoryError, match=r"newer racetop.*update racetop"):
        History.open(path)


def test_an_older_file_is_brought_up_to_date_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    kept = history(path)
    a_done_one(kept)
    kept.close()
    with closing(connect(path)) as file:
        newer = [*SCRIPTS, "ALTER TABLE comparisons ADD COLUMN note TEXT; CREATE TABLE more (a)"]
        bring_up_to_date(file, path, newer)
        assert file.execute("PRAGMA user_version").fetchone() == (len(SCRIPTS) + 1,)
        assert file.execute("SELECT id, note FROM comparisons").fetchall() == [(1, None)]


def test_a_step_to_a_newer_version_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    history(path).close()
    with closing(connect(path)) as file:
        with pytest.raises(sqlite3.Error):
            bring_up_to_date(file, path, [*SCRIPTS, "CREATE TABLE more (a); CREATE GARBAGE"])
        assert file.execute("PRAGMA user_version").fetchone() == (len(SCRIPTS),)
        assert not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchall()


def test_a_full_disk_is_told_and_all_is_saved_once_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    history(path).close()
    files: list[sqlite3.Connection] = []

    def cramped(path: Path) -> sqlite3.Connection:
        files.append(connect(path))
        # Less than there are: not one more.
        files[-1].execute("PRAGMA max_page_count = 1")
        return files[-1]

    kept = History.open(path, host=HERE)
    recorder = History.open(path, connect=cramped, host=HERE).begin(plan("cpu"), None)
    (key,) = keys_of(plan("cpu"))
    events = finished_run(*[1.0] * 100)
    for event in events[:-1]:
        recorder.event(key, event)
    recorder.flush(5.0)

    assert "not saved: no room for" in problem_of(recorder)
    assert kept.entries() == []
    files[-1].execute("PRAGMA max_page_count = 100000")
    recorder.event(key, events[-1])
    recorder.flush(5.0)
    assert problem_of(recorder) == "none"
    assert recorder.id is not None
    (run,) = kept.load(recorder.id).state.runs_of(0)
    assert len(run.epochs) == 100
    recorder.close()
    files[0].close()
    kept.close()


def test_a_file_held_by_another_process_is_told_and_saved_when_it_is_let_go(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.sqlite"
    kept = History.open(path, connect=hurried, host=HERE)
    hold = (
        "import sqlite3, sys\n"
        "file = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "file.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
        "file.execute('ROLLBACK')\n"
        "print('let go', flush=True)\n"
    )
    with started(hold, str(path)) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        recorder = kept.begin(plan("cpu"), None)
        (key,) = keys_of(plan("cpu"))
        events = finished_run(1.0)
        recorder.event(key, events[0])
        recorder.flush(5.0)

        assert "another program holds" in problem_of(recorder)
        with pytest.raises(HistoryError, match="another program holds"):
            kept.delete([1])
        assert kept.entries() == []
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "let go\n"
    for event in events[1:]:
        recorder.event(key, event)
    recorder.flush(5.0)

    assert problem_of(recorder) == "none"
    assert recorder.id is not None
    assert kept.load(recorder.id).state.runs_of(0)[0].status is RunStatus.DONE
    kept.close()


class Full(sqlite3.Connection):
    """A file on a full disk, from which things can still be deleted."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("UPDATE"):
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, parameters)


def test_what_died_is_deleted_though_a_full_disk_keeps_it_running(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    kept = history(path)
    number = a_done_one(kept)
    kept.close()
    with closing(connect(path)) as file:
        file.execute("UPDATE comparisons SET status = 'running', pid = ?", [2**22 + 1])

    def full(path: Path) -> sqlite3.Connection:
        file = sqlite3.connect(path, factory=Full, isolation_level=None, check_same_thread=False)
        file.execute("PRAGMA foreign_keys = ON")
        return file

    kept = History.open(path, connect=full, host=HERE)
    assert [entry.status for entry in kept.entries()] == ["running"]
    assert kept.delete([number]) == 1
    assert kept.entries() == []
    kept.close()


def test_one_deleted_while_it_is_recorded_is_told(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    recorder = kept.begin(plan("cpu"), None)
    recorder.flush(5.0)
    with closing(connect(tmp_path / "h.sqlite")) as file:
        file.execute("DELETE FROM comparisons")
    (key,) = keys_of(plan("cpu"))
    recorder.event(key, finished_run(1.0)[0])
    recorder.flush(5.0)

    assert recorder.problem == "not saved: the comparison was deleted meanwhile"
    kept.close()


def test_nothing_is_taken_in_after_the_end(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    number, state = record(kept, finished_run(1.0))
    recorder = kept.begin(plan("cpu"), None)
    recorder.finish(state)
    recorder.event(keys_of(plan("cpu"))[0], finished_run(1.0)[0])
    recorder.close()

    assert recorder.problem is None
    assert recorder.id == number + 1
    assert kept.load(number + 1).state.runs_of(0)[0].status is RunStatus.STOPPED
    kept.close()


_RECORD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from tests.fakes.saved import history, keys_of\n"
    "from tests.fakes.training import finished_run, plan\n"
    "kept = history(Path(sys.argv[1]))\n"
    "of = plan('cpu', trials=3)\n"
    "recorder = kept.begin(of, None)\n"
    "first, second, third = keys_of(of)\n"
    "for event in finished_run(1.0, 1.0):\n"
    "    recorder.event(first, event)\n"
    "for event in finished_run(1.0, 1.0)[:4]:\n"
    "    recorder.event(second, event)\n"
    "recorder.flush(10.0)\n"
    "print('recorded', flush=True)\n"
    "sys.stdin.readline()\n"
)


def test_after_a_kill_finished_runs_are_there_and_it_reads_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    kept = history(path)
    with started(_RECORD, str(path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recorded\n"
        (alive,) = kept.entries()
        process.kill()
        process.wait()
        assert not is_alive(process.pid)
    (dead,) = kept.entries("status:interrupted")
    saved, recorder = kept.resume(dead.id)
    recorder.close()
    kept.close()

    assert alive.status == "running"
    assert dead.runs_done == 1
    assert dead.data_source == "generated"
    statuses = [run.status for run in saved.state.runs.values()]
    assert statuses == [RunStatus.DONE, RunStatus.WAITING, RunStatus.WAITING]
    assert len(saved.state.runs_of(0)[0].epochs) == 2


def test_a_dead_one_of_a_later_version_reads_interrupted_too(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")
    recorder = kept.begin(plan("cpu"), None)
    recorder.close()
    with closing(connect(tmp_path / "h.sqlite")) as file:
        file.execute("UPDATE settings SET plan = '{}'")
        file.execute("UPDATE comparisons SET pid_started_at = 0")

    assert kept.entries()[0].status == "interrupted"
    with pytest.raises(HistoryError, match="cannot be read by this version"):
        kept.load(kept.entries()[0].id)
    kept.close()


def test_two_racetops_write_to_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    write = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.fakes.saved import a_done_one, history\n"
        "sys.stdin.readline()\n"
        "kept = history(Path(sys.argv[1]))\n"
        "for _ in range(10): a_done_one(kept, 'cpu', 'cuda:0')\n"
        "kept.close()\n"
    )
    with started(write, str(path)) as one, started(write, str(path)) as other:
        for process in (one, other):
            process.communicate("go\n", timeout=60)
        assert (one.returncode, other.returncode) == (0, 0)
    kept = history(path)

    entries = kept.entries("status:done")
    assert len({entry.id for entry in entries}) == 20
    for entry in entries:
        runs = kept.load(entry.id).state.runs.values()
        assert [len(run.epochs) for run in runs] == [2, 2]
    kept.close()


def test_a_disk_that_takes_nothing_does_not_hold_up_the_end(tmp_path: Path) -> None:
    let_go = threading.Event()

    def stuck(path: Path) -> sqlite3.Connection:
        let_go.wait(30.0)
        return connect(path)

    path = tmp_path / "h.sqlite"
    file = connect(path)
    kept = History(path, file, connect=stuck, clock=lambda: 0.0, host=HERE)
    recorder = kept.begin(plan("cpu"), None)
    recorder.finish(ComparisonState.of(plan("cpu")))
    recorder.close(within_s=0.01)

    assert "not saved: the disk took nothing" in problem_of(recorder)
    let_go.set()
    recorder.close()
    kept.close()
