"""The program as a user starts it: in a real terminal, with real workers."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest

from tests.fakes.processes import is_alive, wait_until

RACE = (
    *("mlp", "--devices", "cpu", "--data", "generated", "--train-samples", "2000"),
    *("--test-samples", "500", "--epochs", "100000"),
)
START_S = 60.0
BYTES_A_READING = 4_000


@dataclass
class Terminal:
    """racetop in a pseudo-terminal."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
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

    def wait_until_settled(self) -> None:
        """Read, and forget, what is drawn until for a while nothing is but new values."""
        while self.read_for(1.2).count(b"processes"):
            pass
        self.output = b""

    def read_for(self, seconds: float) -> bytes:
        """What is written within a time."""
        found, deadline_s = b"", time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            if select.select([self.master], [], [], left_s)[0]:
                found += os.read(self.master, 1 << 16)
        return found

    @property
    def modes(self) -> list[Any]:
        """The modes that the line discipline is in."""
        return termios.tcgetattr(self.slave)

    def set_modes(self, modes: list[Any]) -> None:
        """Set them from outside."""
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)

    def close(self) -> None:
        """Close the terminal, as closing its window does."""
        for descriptor in (self.slave, self.master):
            if descriptor >= 0:
                os.close(descriptor)
        self.slave = self.master = -1

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
    terminal = Terminal(process, master, slave)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        for pid in terminal.workers:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        terminal.close()


def _own_the_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def racing() -> Iterator[Terminal]:
    with racetop(*RACE) as terminal:
        terminal.wait_for(b"epoch 1/")
        terminal.find_workers()
        yield terminal


@pytest.mark.slow
@pytest.mark.torch
def test_closing_the_terminal_leaves_no_process_behind() -> None:
    with racing() as terminal:
        terminal.close()
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


@contextmanager
def watching() -> Iterator[tuple[Terminal, list[Any]]]:
    """The machine view, and the modes that its terminal had before."""
    with racetop() as terminal:
        before = terminal.modes
        terminal.wait_for(b"processes")
        assert terminal.modes != before
        yield terminal, before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_leaves_the_terminal_as_it_was(number: signal.Signals) -> None:
    with watching() as (terminal, before):
        terminal.process.send_signal(number)
        for sequence in (b"\x1b[?1049l", b"\x1b[?25h"):
            terminal.wait_for(sequence)
        assert terminal.process.wait(timeout=30) == 128 + number
        assert terminal.modes == before


def test_a_terminal_that_goes_away_ends_the_program() -> None:
    with watching() as (terminal, _):
        terminal.close()
        assert wait_until(lambda: terminal.process.poll() is not None)


@pytest.mark.slow
def test_between_two_readings_nothing_is_written() -> None:
    with racetop("--interval", "10") as terminal:
        terminal.wait_for(b"processes")
        terminal.wait_until_settled()
        silent = [terminal.read_for(0.5) == b"" for _ in range(6)]
        assert sum(silent) >= 5


@pytest.mark.slow
def test_a_reading_costs_a_slow_line_little() -> None:
    with watching() as (terminal, _):
        terminal.wait_until_settled()
        assert len(terminal.read_for(4.0)) < 4 * BYTES_A_READING


def test_ctrl_l_draws_everything_again() -> None:
    with watching() as (terminal, _):
        terminal.wait_until_settled()
        os.write(terminal.master, b"\x0c")
        terminal.wait_for(b"processes")
        terminal.wait_for(b"history")


def test_after_a_stop_everything_is_drawn_again_and_the_terminal_is_restored_in_the_end() -> None:
    with watching() as (terminal, before):
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.wait_until_settled()
        terminal.set_modes(before)  # As a shell does.
        terminal.process.send_signal(signal.SIGCONT)
        for text in (b"\x1b[?1049h", b"\x1b[?25l", b"processes", b"history"):
            terminal.wait_for(text)
        assert terminal.modes != before
        threads = {thread.id for thread in psutil.Process(terminal.process.pid).threads()}
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_until_settled()
        now = {thread.id for thread in psutil.Process(terminal.process.pid).threads()}
        assert len(now) == len(threads)
        os.write(terminal.master, b"q")
        assert terminal.process.wait(timeout=30) == 0
        assert terminal.modes == before


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
