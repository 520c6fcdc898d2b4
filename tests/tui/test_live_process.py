"""The program as a user starts it: in a real terminal, with real workers."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import pytest

from tests.fakes.processes import is_alive, wait_until

RACE = (
    *("mlp", "--devices", "cpu", "--data", "generated", "--train-samples", "2000"),
    *("--test-samples", "500", "--epochs", "100000"),
)
START_S = 60.0


@dataclass
class Terminal:
    """racetop in a pseudo-terminal."""

    process: subprocess.Popen[bytes]
    master: int
    output: bytes = b""
    workers: set[int] = field(default_factory=set)

    def wait_for(self, text: bytes, timeout_s: float = START_S) -> None:
        """Read until a text was painted."""
        deadline_s = time.monotonic() + timeout_s
        while text not in self.output:
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"{text!r} never came: {self.output[-2000:]!r}"
            if select.select([self.master], [], [], left_s)[0]:
                self.output += os.read(self.master, 1 << 16)

    def find_workers(self) -> None:
        """Remember the workers that run."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.workers = {child.pid for child in children}
        assert self.workers

    def all_gone(self) -> bool:
        """Whether no worker runs any more."""
        return not any(is_alive(pid) for pid in self.workers)


@contextmanager
def racetop(*arguments: str, term: str = "xterm-256color") -> Iterator[Terminal]:
    master, slave = pty.openpty()
    os.set_blocking(master, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": term, "COLUMNS": "120", "LINES": "40"},
        preexec_fn=_own_the_terminal,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        for pid in terminal.workers:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        if terminal.master >= 0:
            os.close(terminal.master)


def _own_the_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def racing() -> Iterator[Terminal]:
    with racetop(*RACE) as terminal:
        terminal.wait_for(b"steady")
        terminal.find_workers()
        yield terminal


@pytest.mark.slow
@pytest.mark.torch
def test_closing_the_terminal_leaves_no_process_behind() -> None:
    with racing() as terminal:
        os.close(terminal.master)
        terminal.master = -1
        assert wait_until(lambda: terminal.process.poll() is not None)
        assert wait_until(terminal.all_gone)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_no_signal_leaves_a_process_behind(number: signal.Signals) -> None:
    with racing() as terminal:
        terminal.process.send_signal(number)
        assert wait_until(lambda: terminal.process.poll() is not None)
        assert wait_until(terminal.all_gone)


@pytest.mark.slow
@pytest.mark.torch
def test_quitting_leaves_no_process_behind_and_restores_the_terminal() -> None:
    with racing() as terminal:
        os.write(terminal.master, b"q")
        terminal.wait_for(b"Stop it and leave?")
        os.write(terminal.master, b"y")
        terminal.wait_for(b"\x1b[?1049l")
        assert terminal.process.wait(timeout=30) == 0
        assert wait_until(terminal.all_gone)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_can_do_nothing_is_said_with_what_works_without(term: str) -> None:
    with racetop(term=term) as terminal:
        terminal.wait_for(b"'racetop compare' and 'racetop snapshot' work without one")
        assert terminal.process.wait(timeout=30) == 2


def test_no_terminal_is_said_with_what_works_without() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "mlp"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "'racetop compare' and 'racetop snapshot'" in done.stderr
    assert "Traceback" not in done.stderr
