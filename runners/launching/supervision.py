"""Watches one worker process until it and its whole process group are gone."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from runners.events import Event, JobDone, JobFailed
from runners.events.wire import MAX_LINE_BYTES, ProtocolError, decode
from runners.launching.lines import LineSplitter, LogGate, RawLine
from runners.launching.oom import count_oom_kills
from runners.launching.pipes import PipeReader
from runners.launching.processes import WorkerProcess
from runners.launching.worker_pipes import OurEnds
from runners.process_events import LogLine, UnreadableLine, WorkerExited, WorkerStarted

_LOG_LINE_BYTES = 2_000
_UNREADABLE_BYTES = 200
_EVENTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait before the next, less polite thing is done, in seconds.

    Attributes:
        interrupt_s: From SIGINT to SIGTERM.
        terminate_s: From SIGTERM to SIGKILL.
        last_words_s: From the end of the process to the end of its pipes, which a process
            that left the group may hold open.
        linger_s: From a worker's last event to the end of its process.
        server_s: For a fork server's word that a worker was forked, or how one ended.
    """

    interrupt_s: float = 3.0
    terminate_s: float = 5.0
    last_words_s: float = 1.0
    linger_s: float = 10.0
    server_s: float = 10.0


async def supervise(
    process: WorkerProcess,
    ends: OurEnds,
    on_event: Callable[[Event], None],
    patience: Patience,
    *,
    started_mono_s: float | None = None,
) -> None:
    """Report what a worker says until it and its process group are gone.

    Args:
        process: The worker.
        ends: Our ends of its pipes, to be closed here.
        on_event: Called for each event and each line of the log; `WorkerExited` is the last.
        patience: How long to wait for what.
        started_mono_s: Monotonic clock when its start began; None for now.

    Raises:
        asyncio.CancelledError: It was cancelled, and the worker is gone.
    """
    oom_kills_before = count_oom_kills()
    supervisor = Supervisor(process, ends, on_event, patience)
    try:
        await supervisor.run(time.monotonic() if started_mono_s is None else started_mono_s)
    finally:
        os.close(ends.control)
    returncode = process.returncode
    assert returncode is not None  # it was reaped
    oom_kills = (count_oom_kills() or 0) - (oom_kills_before or 0)
    on_event(
        WorkerExited(
            returncode=returncode,
            stopped=supervisor.was_stopped,
            oom_killed=returncode == -signal.SIGKILL and oom_kills > 0,
            mono_s=time.monotonic(),
        )
    )
    supervisor.raise_if_cancelled()


class _Log:
    """One of the two streams a worker prints to."""

    def __init__(self, name: str, fd: int, wake: Callable[[], None]) -> None:
        self.name = name
        self.reader = PipeReader(fd, LineSplitter(_LOG_LINE_BYTES, ends=b"\r\n"), wake)
        self.gate = LogGate()


class Supervisor:
    """Reports what a worker says, and ends it when asked to."""

    def __init__(
        self,
        process: WorkerProcess,
        ends: OurEnds,
        on_event: Callable[[Event], None],
        patience: Patience,
    ) -> None:
        """Watch a process that leads a process group.

        Args:
            process: The worker.
            ends: Our ends of its pipes; all but the control pipe are closed here.
            on_event: Called for each event and each line of the log.
            patience: How long to wait for what.
        """
        self.was_stopped = False
        self._process = process
        self._on_event = on_event
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._channel = PipeReader(ends.events, LineSplitter(MAX_LINE_BYTES), self._wake.set)
        self._logs = (
            _Log("stdout", ends.stdout, self._wake.set),
            _Log("stderr", ends.stderr, self._wake.set),
        )
        self._timers: list[asyncio.TimerHandle] = []
        self._log_timer: asyncio.TimerHandle | None = None
        self._cancels_seen = 0

    async def run(self, started_mono_s: float) -> None:
        """Watch until the process group is gone and all it said was reported.

        Being cancelled stops the worker, being cancelled again kills it; neither ends this
        early. `raise_if_cancelled` makes up for it afterwards.
        """
        task = asyncio.current_task()
        cancels_before = task.cancelling() if task else 0
        try:
            self._on_event(WorkerStarted(pid=self._process.pid, mono_s=started_mono_s))
            self._process.watch(self._exited)
            while not self._is_over:
                try:
                    await self._wake.wait()
                except asyncio.CancelledError:
                    self._cancels_seen = task.cancelling() - cancels_before if task else 1
                    self._stop(at_once=self._cancels_seen > 1)
                self._wake.clear()
                self._report()
            for log in self._logs:
                self._say(log, log.gate.release())
        finally:
            self._close()

    def raise_if_cancelled(self) -> None:
        """Hand a cancellation on.

        Raises:
            asyncio.CancelledError: `run` was cancelled.
        """
        if self._cancels_seen:
            raise asyncio.CancelledError

    @property
    def _readers(self) -> list[PipeReader]:
        return [self._channel, *(log.reader for log in self._logs)]

    @property
    def _is_over(self) -> bool:
        return self._process.returncode is not None and all(r.has_ended for r in self._readers)

    def _report(self) -> None:
        for line in self._channel.take(_EVENTS_AT_ONCE):
            event = _event_on(line)
            self._on_event(event)
            if isinstance(event, JobDone | JobFailed):
                self._later(self._patience.linger_s, self._terminate)
        if self._channel.has_lines:
            # Others get their turn on the loop before the rest is taken.
            self._loop.call_soon(self._wake.set)
        for log in self._logs:
            self._say(log, log.gate.admit(log.reader.take(), self._loop.time()))
        if self._log_timer is None and any(log.gate.is_holding for log in self._logs):
            self._log_timer = self._loop.call_later(1.0, self._log_second_over)

    def _say(self, log: _Log, texts: list[str]) -> None:
        for text in texts:
            self._on_event(LogLine(stream=log.name, text=text))

    def _log_second_over(self) -> None:
        self._log_timer = None
        self._wake.set()

    def _stop(self, *, at_once: bool) -> None:
        """Ask the worker itself, whose loader processes end with it, or kill them all."""
        if self._process.returncode is not None:
            return
        self.was_stopped = True
        if at_once:
            self._signal_group(signal.SIGKILL)
        else:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)
            self._later(self._patience.interrupt_s, self._terminate)

    def _terminate(self) -> None:
        if self._process.returncode is None:
            self._signal_group(signal.SIGTERM)
            self._later(self._patience.terminate_s, lambda: self._signal_group(signal.SIGKILL))

    def _signal_group(self, number: signal.Signals) -> None:
        # Some systems refuse to signal a group of which only a zombie is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(delay_s, action))

    def _exited(self) -> None:
        """The process has ended: end what is left of its group, then free its number."""
        self._signal_group(signal.SIGKILL)
        self._process.reap()
        for timer in self._timers:
            timer.cancel()
        self._timers = [self._loop.call_later(self._patience.last_words_s, self._hang_up)]
        self._wake.set()

    def _hang_up(self) -> None:
        for reader in self._readers:
            reader.close()
        self._wake.set()

    def _close(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self._process.returncode is None:
            self._signal_group(signal.SIGKILL)
            self._process.reap()
        for timer in self._timers:
            timer.cancel()
        if self._log_timer is not None:
            self._log_timer.cancel()
        for reader in self._readers:
            reader.close()


def _event_on(line: RawLine) -> Event:
    if not line.is_cut:
        with suppress(ProtocolError):
            return decode(line.content)
    return UnreadableLine(text=line.content[:_UNREADABLE_BYTES].decode(errors="replace"))
