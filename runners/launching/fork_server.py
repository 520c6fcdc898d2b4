"""The fork server as racetop holds it; what is said on its socket is told in the worker's part."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from runners.launching.processes import open_pidfd
from runners.launching.worker_pipes import WorkerEnds
from runners.workloads import JobSettings

_PACKET_BYTES = 65_536
# An idle server takes a few milliseconds; one that takes longer is killed.
_LEAVES_WITHIN_S = 0.5


class ForkServer:
    """A process that imports all a job needs, then forks a worker for each job.

    Attributes:
        imported_s: Seconds that its import took; None before it is done.
        patience_s: How long to wait for what it has to say before it is given up.
    """

    def __init__(
        self,
        settings: JobSettings,
        *,
        command: Sequence[str],
        environment: Mapping[str, str],
        patience_s: float,
    ) -> None:
        """Start it; it imports from now on.

        Args:
            settings: Of a job on the same cores, with the same devices in sight.
            command: The program; a socket's number and the settings as JSON follow.
            environment: Its variables, and those of its workers.
            patience_s: How long to wait for what it has to say before it is given up.

        Raises:
            OSError: The system would not start it.
        """
        self.imported_s: float | None = None
        self.patience_s = patience_s
        self._workers: dict[int, ForkedWorker] = {}
        self._asked: deque[asyncio.Future[int | None]] = deque()
        self._is_lost = False
        self._loop = asyncio.get_running_loop()
        self._import_over = asyncio.Event()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), json.dumps(settings.to_wire())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=environment,
            )
        except OSError:
            self._socket.close()
            raise
        finally:
            theirs.close()
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._read)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def is_importing(self) -> bool:
        """Whether its import is under way."""
        return not self._import_over.is_set()

    @property
    def is_lost(self) -> bool:
        """Whether it is gone: it could not import, was ended or was killed."""
        return self._is_lost

    async def wait_for_import(self) -> None:
        """Wait until it has imported everything or is lost."""
        await self._import_over.wait()

    async def fork(self, settings: JobSettings, ends: WorkerEnds) -> ForkedWorker | None:
        """Have a worker forked; None where that failed, and then none is left.

        It sees through what it began: a cancellation is raised only when no worker runs.

        Args:
            settings: The worker's job.
            ends: Its ends of its pipes; ours to close.

        Raises:
            asyncio.CancelledError: It was cancelled.
        """
        packet = json.dumps({"settings": settings.to_wire()}).encode()
        try:
            socket.send_fds(self._socket, [packet], ends)
        except OSError:
            return None
        answer: asyncio.Future[int | None] = self._loop.create_future()
        self._asked.append(answer)
        patience = self._loop.call_later(self.patience_s, self._give_up, answer)
        cancellation = None
        while not answer.done():
            try:
                await asyncio.wait([answer])
            except asyncio.CancelledError as error:
                cancellation = error
        patience.cancel()
        worker = self._workers.get(answer.result() or 0)
        if cancellation is not None:
            if worker is not None:
                with suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)
                worker.reap()
            raise cancellation
        return worker

    def free(self, pid: int) -> None:
        """Let the number of a worker that ended go."""
        self._workers.pop(pid, None)
        with suppress(OSError):  # gone with the server, which then has nothing to free
            self._socket.send(json.dumps({"reap": pid}).encode())

    def end(self) -> None:
        """End it, and what it forked, at once."""
        if self._is_lost:
            return
        if not (self.is_importing or self._asked or self._workers):
            # Nobody else may take the last of what it forked out of the process table.
            with suppress(OSError, subprocess.TimeoutExpired):
                self._socket.shutdown(socket.SHUT_WR)
                self._process.wait(_LEAVES_WITHIN_S)
        self._lose()

    def _give_up(self, answer: asyncio.Future[int | None]) -> None:
        # Where this loop was held up, the answer and the end of the patience come at once.
        if not answer.done():
            self.end()

    def _read(self) -> None:
        try:
            packet = self._socket.recv(_PACKET_BYTES)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if packet:
            self._take(json.loads(packet))
        else:
            self._lose()

    def _take(self, said: Mapping[str, Any]) -> None:
        if "imported_s" in said:
            self.imported_s = said["imported_s"]
            self._import_over.set()
        elif "started" in said:
            self._take_worker(said["started"])
        elif (worker := self._workers.get(said["ended"])) is not None:
            worker.end(said["returncode"])

    def _take_worker(self, pid: int) -> None:
        # It cannot be another's yet: the server frees no number before it is told to.
        pidfd = open_pidfd(pid)
        if pidfd is None:
            self._lose()
        else:
            self._workers[pid] = ForkedWorker(self, pid, pidfd)
            self._asked.popleft().set_result(pid)

    def _lose(self) -> None:
        self._is_lost = True
        self._import_over.set()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for answer in self._asked:
            answer.set_result(None)
        self._asked.clear()
        for worker in self._workers.values():
            worker.lose_server()


class ForkedWorker:
    """A worker that a fork server forked; see `WorkerProcess`."""

    def __init__(self, server: ForkServer, pid: int, pidfd: int) -> None:
        self._server = server
        self._pid = pid
        self._pidfd = pidfd
        self._loop = asyncio.get_running_loop()
        self._status: int | None = None
        self._is_reaped = False
        self._patience: asyncio.TimerHandle | None = None
        self._ended: Callable[[], None] | None = None

    @property
    def pid(self) -> int:
        """See `WorkerProcess`."""
        return self._pid

    @property
    def returncode(self) -> int | None:
        """See `WorkerProcess`."""
        return self._status if self._is_reaped else None

    def watch(self, ended: Callable[[], None]) -> None:
        """See `WorkerProcess`."""
        self._ended = ended
        if self._status is not None:
            ended()
        elif not self._server.is_lost:
            self._loop.add_reader(self._pidfd, self._wait_for_status)

    def reap(self) -> None:
        """See `WorkerProcess`."""
        if self._is_reaped:
            return
        select.select([self._pidfd], [], [])
        self._loop.remove_reader(self._pidfd)
        if self._patience is not None:
            self._patience.cancel()
        os.close(self._pidfd)
        self._is_reaped = True
        if self._status is None:
            self._status = -signal.SIGKILL
        self._server.free(self._pid)

    def end(self, returncode: int) -> None:
        """It has ended, so its server says."""
        if self._status is None:
            self._status = returncode
            if self._ended is not None:
                self._ended()

    def lose_server(self) -> None:
        """Its server, and the kernel with it, is about to kill it: learn of its end ourselves."""
        self._loop.add_reader(self._pidfd, self.end, -signal.SIGKILL)

    def _wait_for_status(self) -> None:
        """It has ended; only its server can tell how, unless that hangs."""
        self._loop.remove_reader(self._pidfd)
        self._patience = self._loop.call_later(self._server.patience_s, self._server.end)


def server_command() -> tuple[str, ...]:
    """The command that starts the fork server, from whatever folder we are in."""
    return (sys.executable, "-P", "-m", "runners.worker.fork_server")
