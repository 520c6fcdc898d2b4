"""Forks a worker for each job from a process that has imported all a job needs.

It is started as `python -P -m runners.worker.fork_server FD SETTINGS`: FD is a Unix socket that
keeps packets apart, SETTINGS the JSON of a job on the same cores, with the same devices in sight
as those to come. Each packet is a JSON object:

- from racetop, `settings` of a job, with the worker's ends of four pipes: events, standard
  output, standard error, control; or `reap`, the number of a process that has ended;
- to racetop, `imported_s` once all is imported, `started` for each job in the order asked for,
  and `ended` with `returncode`. A process that ended keeps its number until it is reaped.

It never runs an operator, opens no device and has one thread, so that it may be forked. It ends
when racetop closes the socket or is gone.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from runners.worker import lifeline
from runners.worker.leaving import leave
from runners.worker.process import bind_to_cores, run_job
from runners.worker.warm import import_everything
from runners.workloads import JobSettings

RunJob = Callable[[JobSettings, int, int], int]

_PACKET_BYTES = 65_536
_PIPE_ENDS = 4
# A driver that was opened here would not work in a fork.
_GPU_DRIVERS = ("/dev/nvidia", "/dev/kfd", "/dev/dri")


def main(arguments: list[str]) -> int:
    """Import everything and serve; the exit status is 1 where forks would not be safe."""
    fd, text = arguments
    lifeline.die_with_parent()
    bind_to_cores(JobSettings.from_wire(json.loads(text)))
    began_s = time.monotonic()
    # What is imported stays: to look through it for garbage takes a fifth of the import, and
    # would have each worker copy all of it.
    gc.disable()
    import_everything()
    gc.freeze()
    gc.enable()
    took_s = time.monotonic() - began_s
    if not _may_be_forked():
        return 1
    with socket.socket(fileno=int(fd)) as racetop:
        ForkServer(racetop, run_job).serve(took_s)
    return 0


class ForkServer:
    """Forks workers, and tells racetop of their start and their end."""

    def __init__(self, racetop: socket.socket, run_job: RunJob) -> None:
        """Prepare to serve.

        Args:
            racetop: The socket.
            run_job: Runs a job in a forked process: its settings, where to write events, the
                control pipe; returns the exit status.
        """
        self._racetop = racetop
        self._run_job = run_job
        self._pid = os.getpid()
        self._pidfds: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(racetop, selectors.EVENT_READ)

    def serve(self, imported_s: float) -> None:
        """Fork what is asked for until racetop is gone; then end what is left of it all.

        A worker that the kernel ends for want of its parent could not end its own children.
        """
        lifeline.outlive_parent()
        try:
            self._serve(imported_s)
        finally:
            for pid in self._pidfds:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)

    def _serve(self, imported_s: float) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._say(imported_s=imported_s)
            while True:
                for key, _ in self._selector.select():
                    if key.data is not None:
                        self._tell_end(key.data)
                    elif not self._answer():
                        return

    def _answer(self) -> bool:
        """Do what the next packet asks for; whether there was one."""
        packet, fds, _, _ = socket.recv_fds(self._racetop, _PACKET_BYTES, _PIPE_ENDS)
        if not packet:
            return False
        asked = json.loads(packet)
        if "reap" in asked:
            self._forget(asked["reap"])
            os.waitpid(asked["reap"], 0)
        else:
            self._fork(JobSettings.from_wire(asked["settings"]), fds)
        return True

    def _fork(self, settings: JobSettings, fds: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            self._work(settings, fds)
        # A group of its own before it is told of: racetop signals groups.
        with suppress(OSError):
            os.setpgid(pid, pid)
        for fd in fds:
            os.close(fd)
        self._pidfds[pid] = os.pidfd_open(pid)
        self._selector.register(self._pidfds[pid], selectors.EVENT_READ, pid)
        self._say(started=pid)

    def _tell_end(self, pid: int) -> None:
        if not self._forget(pid):
            return
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None  # only with WNOHANG
        returncode = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        self._say(ended=pid, returncode=returncode)

    def _forget(self, pid: int) -> bool:
        """Watch a process no more; whether it was watched."""
        pidfd = self._pidfds.pop(pid, None)
        if pidfd is None:
            return False
        self._selector.unregister(pidfd)
        os.close(pidfd)
        return True

    def _say(self, **said: float) -> None:
        self._racetop.send(json.dumps(said).encode())

    def _work(self, settings: JobSettings, fds: list[int]) -> NoReturn:
        """Be the worker; never comes back, whatever happens."""
        status = 1
        try:
            self._become_worker(fds)
            events, _, _, control = fds
            status = self._run_job(settings, events, control)
        except BaseException:  # noqa: BLE001 - the log tells of it
            traceback.print_exc()
        finally:
            leave(status)

    def _become_worker(self, fds: list[int]) -> None:
        lifeline.die_with_parent()
        if os.getppid() != self._pid:
            os._exit(1)
        os.setpgid(0, 0)
        _, stdout, stderr, _ = fds
        for stream, fd in ((1, stdout), (2, stderr)):
            os.dup2(fd, stream)
            os.close(fd)
        # Only the server may hold what the server holds.
        self._selector.close()
        self._racetop.close()
        for pidfd in self._pidfds.values():
            os.close(pidfd)


def _may_be_forked() -> bool:
    opened = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            opened.append(str(link.readlink()))
    threads = len(list(Path("/proc/self/task").iterdir()))
    return threads == 1 and not any(path.startswith(_GPU_DRIVERS) for path in opened)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
