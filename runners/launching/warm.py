"""Runs jobs in workers that have no torch to import: forked from a process that has."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from runners.devices import is_accelerator
from runners.events import DeviceReady, Event, Stage, StageFinished, StageStarted
from runners.launching.fork_server import ForkServer, server_command
from runners.launching.launch import run_worker, worker_environment
from runners.launching.processes import can_watch_any
from runners.launching.supervision import Patience, supervise
from runners.launching.worker_pipes import close_all, open_pipes
from runners.process_events import WorkerExited, WorkerStarted
from runners.workloads import JobSettings

# One for each lane of a race.
_SERVERS_KEPT = 2
_AHEAD = "torch was imported ahead of the run, by the process it was forked from"

OnEvent = Callable[[Event], None]
RunWorker = Callable[[JobSettings, OnEvent], Awaitable[None]]
_Key = tuple[tuple[int, ...], bool]


class WarmWorkers:
    """Keeps fork servers, for the newest two kinds of jobs, and runs each job in a fork.

    What a server imports depends on the cores and on whether GPUs are in sight, which are set
    before torch is imported; jobs that differ in one of them have servers of their own. Each fork
    sets its own number of threads: a server has started none. Where there can be no server, or it
    is gone, the worker is started cold.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        patience: Patience | None = None,
        start_cold: RunWorker = run_worker,
        is_possible: bool | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            command: The fork server's program; None for the real one.
            patience: How long to wait for what; None for the usual times.
            start_cold: Runs a job where there is no server.
            is_possible: Whether this system has fork servers; None to find out.
        """
        self._command = command or server_command()
        self._patience = patience or Patience()
        self._start_cold = start_cold
        self._is_possible = (
            sys.platform == "linux" and can_watch_any() if is_possible is None else is_possible
        )
        self._servers: dict[_Key, ForkServer] = {}
        self._unusable: set[_Key] = set()
        self._in_use: list[ForkServer | None] = []

    async def run_worker(self, settings: JobSettings, on_event: OnEvent) -> None:
        """Run one job and report its events; see `runners.launching.launch.run_worker`.

        The first run of its kind waits for the import and tells of it as its own. Later ones
        tell how long that import took, and that it was ahead of the run.

        Raises:
            asyncio.CancelledError: It was cancelled, and the worker is gone.
        """
        server = self._server_for(settings)
        self._in_use.append(server)
        try:
            if server is None or not await self._run_forked(server, settings, on_event):
                await self._start_cold(settings, on_event)
        finally:
            self._in_use.remove(server)

    def prepare(self, settings: JobSettings) -> None:
        """Import in the background what such a job needs; not while another is measured."""
        if not self._in_use:
            self._server_for(settings)

    async def wait_until_prepared(self) -> None:
        """Wait until no import is under way."""
        while importing := [server for server in self._servers.values() if server.is_importing]:
            await importing[0].wait_for_import()

    def close(self) -> None:
        """End all servers."""
        for server in self._servers.values():
            server.end()
        self._servers.clear()

    async def _run_forked(
        self, server: ForkServer, settings: JobSettings, on_event: OnEvent
    ) -> bool:
        """Whether the job was run in a fork; where not, nothing is left of the attempt."""
        started_s = time.monotonic()
        try:
            pipes = open_pipes()
        except OSError:
            return False
        is_ahead = not server.is_importing
        worker = None
        try:
            if not is_ahead:
                on_event(WorkerStarted(pid=server.pid, mono_s=started_s))
                on_event(_now(StageStarted(stage=Stage.IMPORT)))
            # An import, be it another's, takes cores from what is measured.
            await self.wait_until_prepared()
            worker = await server.fork(settings, pipes.theirs)
        except asyncio.CancelledError:
            on_event(_exit_before_start())
            raise
        finally:
            close_all(pipes.theirs)
            if worker is None:
                close_all(pipes.ours)
        if worker is None:
            return False
        report = _with_import(on_event, server.imported_s, is_ahead=is_ahead)
        await supervise(worker, pipes.ours, report, self._patience, started_mono_s=started_s)
        return True

    def _server_for(self, settings: JobSettings) -> ForkServer | None:
        """The server of such jobs, started if need be; None where there can be none."""
        if not self._is_possible or settings.device == "mps":
            return None
        key = (settings.cores, is_accelerator(settings.device))
        server = self._servers.pop(key, None)
        if server is not None and server.is_lost:
            if server.imported_s is None:
                self._unusable.add(key)
            server = None
        if server is None and key not in self._unusable:
            server = self._start(settings)
        if server is not None:
            self._servers[key] = server
            self._end_surplus()
        return server

    def _start(self, settings: JobSettings) -> ForkServer | None:
        try:
            return ForkServer(
                settings,
                command=self._command,
                environment=worker_environment(settings.device),
                patience_s=self._patience.server_s,
            )
        except OSError:
            return None

    def _end_surplus(self) -> None:
        for key, server in list(self._servers.items())[:-_SERVERS_KEPT]:
            if server not in self._in_use:
                self._servers.pop(key).end()


def _with_import(on_event: OnEvent, imported_s: float | None, *, is_ahead: bool) -> OnEvent:
    """Adds to what a forked worker says what it cannot know: what its import took, and when."""

    def report(event: Event) -> None:
        if is_ahead and isinstance(event, DeviceReady):
            event = replace(event, notes=(*event.notes, _AHEAD))
        on_event(event)
        if isinstance(event, WorkerStarted) and imported_s is not None:
            on_event(_now(StageFinished(stage=Stage.IMPORT, took_s=imported_s)))

    return report


def _now(event: StageStarted | StageFinished) -> Event:
    return replace(event, mono_s=time.monotonic(), wall_s=time.time())


def _exit_before_start() -> WorkerExited:
    return WorkerExited(
        returncode=-signal.SIGINT, stopped=True, oom_killed=False, mono_s=time.monotonic()
    )
