"""Runs a program in a pseudo-terminal, as its terminal, and watches it.

While the program runs all this does is read, note the time and answer what every terminal
answers. What was on the screen when is rebuilt afterwards, so that the emulation takes no time
from the program.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.figures import NotMeasuredError
from benchmarks.screen import Chunk, Screen

COLUMNS, ROWS = 120, 40

_KIB = 1024
_READ_BYTES = 1 << 16
_POLL_S, _SLOW_POLL_S = 0.05, 0.5
_STRETCH_S = 0.25
_LEAVE_S = 3.0
_QUERY = re.compile(rb"\x1b\[\?(?P<mode>\d+)\$p|\x1b\[(?P<attributes>[>=]?0?c)|\x1b\[(?P<place>6n)")
_LONGEST_QUERY_BYTES = 16
_SYNCHRONIZED_OUTPUT = b"2026"
_PROCESS_CLOCK = 2
_FORK_SERVER = b"runners.worker.fork_server"


class PtyProgram:
    """A program in a terminal of its own; leaving the context ends it.

    Attributes:
        pid: Its process id.
        chunks: All it wrote so far.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path | None = None,
        leave_keys: str = "q",
    ) -> None:
        """Start the program.

        Args:
            command: The program, by its path, and its arguments.
            environment: Its environment.
            folder: Where it runs; None: here.
            leave_keys: The keys that end it.
        """
        self.chunks: list[Chunk] = []
        self._name = " ".join(command)
        self._leave_keys = leave_keys
        self._query_tail = b""
        self._screen, self._screen_has = Screen(COLUMNS, ROWS), 0
        self._is_open = True
        self._start_s = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, environment, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def now_s(self) -> float:
        """Seconds since the program was started."""
        return time.perf_counter() - self._start_s

    def press(self, keys: str) -> float:
        """Type keys; returns when, in seconds since the start."""
        at_s = self.now_s()
        os.write(self._fd, keys.encode())
        return at_s

    def watch(self, seconds: float) -> None:
        """Take in what the program writes for some time.

        Raises:
            NotMeasuredError: It ended.
        """
        self._watch(lambda: False, limit_s=seconds)

    def watch_until_quiet(self, quiet_s: float, *, limit_s: float) -> None:
        """Take in what the program writes until it has written, and then nothing for a while.

        Raises:
            NotMeasuredError: It ended.
        """

        def is_quiet() -> bool:
            return bool(self.chunks) and self.now_s() - self.chunks[-1].at_s > quiet_s

        self._watch(is_quiet, limit_s=limit_s)

    def wait_until(self, is_so: Callable[[], bool], what: str, *, limit_s: float) -> None:
        """Take in what the program writes until something is so; not for timing.

        Raises:
            NotMeasuredError: It never was, or the program ended.
        """
        if not self._watch(is_so, limit_s=limit_s, poll_s=_SLOW_POLL_S):
            raise NotMeasuredError(
                f"`{self._name}`: {what} did not come in {limit_s:g} s; "
                f"the screen:\n{self.screen().text()}"
            )

    def _watch(
        self, is_over: Callable[[], bool], *, limit_s: float, poll_s: float = _POLL_S
    ) -> bool:
        end_s = self.now_s() + limit_s
        while not is_over():
            left_s = end_s - self.now_s()
            if left_s <= 0:
                return False
            self._read(min(left_s, poll_s))
            if not self._is_open:
                shown = self.screen().text().strip()
                raise NotMeasuredError(f"`{self._name}` ended by itself; its screen:\n{shown}")
        return True

    def screen(self) -> Screen:
        """The screen as it is now."""
        for chunk in self.chunks[self._screen_has :]:
            self._screen.feed(chunk.data)
        self._screen_has = len(self.chunks)
        return self._screen

    def written_bytes(self) -> int:
        """Bytes written to the terminal so far."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def time_until(self, shows: Callable[[Screen], bool], *, limit_s: float) -> float | None:
        """When bytes came that made the screen so, in seconds since the start.

        The screen is rebuilt between stretches of reading only, so that it delays no time stamp;
        what came before this call has to be on it already.

        Returns:
            None where that took longer than the limit.

        Raises:
            NotMeasuredError: The program ended.
        """
        end_s = self.now_s() + limit_s
        while self.now_s() < end_s:
            self.watch(_STRETCH_S)
            for chunk in self.chunks[self._screen_has :]:
                self._screen.feed(chunk.data)
                self._screen_has += 1
                if shows(self._screen):
                    return chunk.at_s
        return None

    def cpu_s(self) -> float:
        """CPU seconds of all threads of the process so far, its children not counted."""
        return _cpu_s(self.pid)

    def tree_cpu_s(self) -> float:
        """CPU seconds of the process and of all below it that are there now."""
        total_s = 0.0
        for pid in self._tree():
            with contextlib.suppress(OSError):  # one that has just ended
                total_s += _cpu_s(pid)
        return total_s

    def pss_bytes(self) -> int:
        """Memory of the process, its share of what it shares with others."""
        return _pss_bytes(self.pid)

    def tree_pss_bytes(self) -> int:
        """The same for the process and all below it."""
        total = 0
        for pid in self._tree():
            with contextlib.suppress(OSError):  # one that has just ended
                total += _pss_bytes(pid)
        return total

    def has_workers(self) -> bool:
        """Whether a child process of it is at work; a fork server is if it has forked."""
        return any(
            children(pid) or _FORK_SERVER not in _command_line(pid) for pid in children(self.pid)
        )

    def _tree(self) -> list[int]:
        """The process and all below it."""
        pids = [self.pid]
        for pid in pids:
            pids += children(pid)
        return pids

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Hold the process, not its children, where it is."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """End the program by its keys, or by signals where these do nothing."""
        if self._is_open:
            self.press(self._leave_keys)
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                os.kill(self.pid, number)
            if self._is_gone(_LEAVE_S):
                break
        os.close(self._fd)

    def _is_gone(self, limit_s: float) -> bool:
        end_s = self.now_s() + limit_s
        while self.now_s() < end_s:
            self._read(_POLL_S)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return True
        return False

    def _read(self, limit_s: float) -> None:
        if not self._is_open:
            time.sleep(limit_s)
            return
        if not select.select([self._fd], [], [], limit_s)[0]:
            return
        at_s = self.now_s()
        try:
            data = os.read(self._fd, _READ_BYTES)
        except OSError:  # the other side is closed
            data = b""
        if data:
            self.chunks.append(Chunk(at_s, data))
            self._answer(data)
        else:
            self._is_open = False

    def _answer(self, data: bytes) -> None:
        """Say what a plain terminal with synchronized output says."""
        asked = self._query_tail + data
        done = 0
        for query in _QUERY.finditer(asked):
            done = query.end()
            if query["mode"]:
                state = 2 if query["mode"] == _SYNCHRONIZED_OUTPUT else 0
                self.press(f"\x1b[?{query['mode'].decode()};{state}$y")
            elif query["attributes"]:
                self.press("\x1b[?62;22c")
            else:
                self.press("\x1b[1;1R")
        self._query_tail = asked[max(done, len(asked) - _LONGEST_QUERY_BYTES) :]


@contextlib.contextmanager
def prompt_clock() -> Iterator[None]:
    """Let this process read at once even where all cores are busy, if the system allows."""
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(1))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))


def pss_bytes(smaps_rollup: str) -> int:
    """The proportional set size in the text of `/proc/PID/smaps_rollup`."""
    for line in smaps_rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * _KIB
    raise NotMeasuredError("this system does not tell the proportional set size of a process")


def _pss_bytes(pid: int) -> int:
    return pss_bytes(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))


def _cpu_s(pid: int) -> float:
    # How Linux numbers the clock that adds up the CPU time of another process.
    return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)


def children(pid: int | str) -> list[int]:
    """The child processes of a process; `self` is this one."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            found += [int(child) for child in thread.read_text(encoding="ascii").split()]
    return found


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


def _become(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> None:
    """In the child: set the terminal's size and turn into the program."""
    try:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        if folder is not None:
            os.chdir(folder)
        os.execve(command[0], list(command), environment)
    except OSError as error:
        os.write(2, f"{command[0]}: {error}".encode())
    finally:
        os._exit(127)
