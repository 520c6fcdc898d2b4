from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from runners.launching.launch import run_worker
from runners.reports.names import Form
from runners.spec import Order, Plan, Request, UsageError
from tests.fakes.processes import is_alive, wait_until
from tests.fakes.training import epoch, fake_command, plan, replayed
from tui.commands.compare import compare
from tui.commands.output import Output
from tui.commands.progress import Progress

ROOT = Path(__file__).parents[3]
REQUEST = Request(workloads=("mlp",), devices=("cpu", "cuda:0"), order=Order.TOGETHER, epochs=(2,))
ON_CPU = Request(workloads=("mlp",), epochs=(2,))


def compared(
    scenario: str,
    request: Request = ON_CPU,
    output: Output | None = None,
    *,
    is_quiet: bool = False,
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a comparison of fake workers."""
    stdout, stderr = io.StringIO(), io.StringIO()
    run = partial(run_worker, command=fake_command(scenario))
    code = compare(request, output or Output(), stdout, stderr, run_worker=run, is_quiet=is_quiet)
    return code, stdout.getvalue(), stderr.getvalue()


def test_the_result_goes_to_stdout_and_the_progress_to_stderr() -> None:
    code, stdout, stderr = compared("normal")

    assert code == 0
    assert "cpu" in stdout
    assert "steady s" in stdout
    assert "epoch 1/2" not in stdout
    assert "cpu: epoch 1/2  2.00 s  500 samples/s  loss 1.0000" in stderr
    assert stderr.splitlines()[-2:] == ["cpu: done", "racetop: saved as comparison 1"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_result_that_no_disk_takes_is_saved_and_said_so() -> None:
    stderr = io.StringIO()
    run = partial(run_worker, command=fake_command("normal"))
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        code = compare(ON_CPU, Output(), full, stderr, run_worker=run)

    assert code == 1
    assert stderr.getvalue().splitlines()[-2:] == [
        "racetop: the result could not be printed: No space left on device",
        "racetop: saved as comparison 1",
    ]


def test_a_failed_job_gives_status_1_and_the_others_are_printed() -> None:
    code, stdout, stderr = compared("by_device", REQUEST)

    assert code == 1
    assert "cuda:0 failed: No CUDA. Use --devices cpu." in stdout
    assert "1,000" in stdout
    assert "cuda:0: failed: No CUDA." in stderr


def test_json_is_the_whole_result() -> None:
    code, stdout, _ = compared("by_device", REQUEST, Output(form=Form.JSON))
    report = json.loads(stdout)

    assert code == 1
    assert [job["status"] for job in report["jobs"]] == ["done", "failed"]


@pytest.mark.parametrize(
    ("output", "start"),
    [(Output(form=Form.CSV), "label,trial,"), (Output(form=Form.MARKDOWN), "**mlp - ")],
)
def test_other_forms_of_the_result(output: Output, start: str) -> None:
    assert compared("normal", output=output)[1].startswith(start)


def test_quiet_keeps_the_progress_back() -> None:
    assert compared("normal", is_quiet=True)[2] == ""


def test_a_report_is_written_beside_the_output(tmp_path: Path) -> None:
    code, stdout, _ = compared("normal", output=Output(html=tmp_path / "r.html"))

    assert code == 0
    assert "steady s" in stdout
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


def test_a_report_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        compared("normal", output=Output(html=tmp_path / "none" / "r.html"))


def test_a_report_that_names_a_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory; name a file"):
        compared("normal", output=Output(html=tmp_path))


def test_the_report_is_written_although_nobody_reads_the_output(tmp_path: Path) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    output = Output(html=tmp_path / "r.html")
    run = partial(run_worker, command=fake_command("normal"))
    with pytest.raises(BrokenPipeError):
        compare(ON_CPU, output, Closed(), io.StringIO(), run_worker=run)

    assert (tmp_path / "r.html").exists()


def test_a_data_directory_that_is_not_there_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no directory '/nonexistent'"):
        compared("normal", Request(workloads=("mlp",), data="/nonexistent"))


def started(scenario: str, *options: str) -> subprocess.Popen[str]:
    """`compare` with fake workers as a process of its own, in a session of its own."""
    code = (
        "import sys\n"
        "from functools import partial\n"
        "from runners.launching.launch import run_worker\n"
        "from runners.spec import Request\n"
        "from tests.fakes.training import fake_command\n"
        "from tui.commands.compare import compare\n"
        "from tui.commands.output import Output\n"
        "run = partial(run_worker, command=fake_command(sys.argv[1]))\n"
        "request = Request(workloads=('mlp',), epochs=(2,))\n"
        "sys.exit(compare(request, Output(), sys.stdout, sys.stderr, run_worker=run))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, scenario, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_ending_signal_stops_politely_and_prints_what_is_done(
    number: signal.Signals, code: int
) -> None:
    with started("polite") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("cpu: epoch 1/2")
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)

    assert process.returncode == code
    assert "stopped" in stdout
    assert "2.00" in stdout
    assert "stopping" in stderr


def test_a_second_ctrl_c_kills_at_once() -> None:
    with started("deaf") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("cpu: epoch 1/2")
        (worker,) = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline().startswith("racetop: stopping")
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "stopped" in stdout
    assert wait_until(lambda: not is_alive(worker.pid))


def test_compare_imports_neither_textual_nor_torch() -> None:
    code = (
        "import sys\n"
        "import tui.cli, tui.commands.compare, tui.commands.history, tui.commands.progress\n"
        "heavy = {'torch', 'torchvision', 'textual', 'rich', 'plotext'} & sys.modules.keys()\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout == "[]\n"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_run_without_progress_for_a_minute_is_told_once() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, quiet=True, is_live=False, clock=clock)
    state = replayed(plan("cpu"), [])
    progress.show(state, next(iter(state.runs)), epoch(1, 1.0))
    clock.now_s = 59.0
    progress.tell_silent_runs()
    assert stream.getvalue() == ""
    clock.now_s = 61.0
    progress.tell_silent_runs()
    progress.tell_silent_runs()

    assert stream.getvalue().count("cpu: no progress for 60 s") == 1


def test_a_call_without_training_is_told_as_such() -> None:
    stream = io.StringIO()
    progress = Progress(stream, quiet=False, is_live=False)
    (job,) = plan("cpu").jobs
    task = replace(job, settings=replace(job.settings, workload="matmul", epochs=20))
    state = replayed(Plan(order=Order.TOGETHER, trials=1, jobs=(task,)), [])
    progress.show(state, next(iter(state.runs)), epoch(1, 2.0, samples=1, train_loss=None))

    assert stream.getvalue() == "cpu: call 1/20  2.00 s  0.50 samples/s\n"


def test_a_terminal_gets_one_changing_line_that_is_taken_away() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, quiet=False, is_live=True, clock=clock)
    state = replayed(plan("cpu"), [])
    progress.show(state, next(iter(state.runs)), epoch(1, 1.0))
    progress.finish()

    assert stream.getvalue() == "\r\x1b[K0/1 done  \r\x1b[K"


def test_a_terminal_that_is_gone_does_not_end_the_comparison() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    progress = Progress(Gone(), quiet=False, is_live=False)
    state = replayed(plan("cpu"), [])
    progress.show(state, next(iter(state.runs)), epoch(1, 1.0))
    progress.say("anything")
