"""Starts the real worker as racetop does and reads its event channel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from runners.events import (
    CHANNEL_VARIABLE,
    CONTROL_VARIABLE,
    Heartbeat,
    JobFailed,
    StepProgress,
    WorkerEvent,
)
from runners.events.wire import decode
from runners.workloads import JobSettings

PATIENCE_S = 60.0


class RealWorker:
    """A worker process with the other ends of its pipes."""

    def __init__(
        self,
        settings: JobSettings,
        *,
        environment: Mapping[str, str] | None = None,
        channel_is_full: bool = False,
    ) -> None:
        events_fd, its_events_fd = os.pipe()
        its_control_fd, self._control_fd = os.pipe()
        if channel_is_full:
            fill_pipe(its_events_fd)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runners.worker", json.dumps(settings.to_wire())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                CHANNEL_VARIABLE: f"fd:{its_events_fd}",
                CONTROL_VARIABLE: f"fd:{its_control_fd}",
                **(environment or {}),
            },
            pass_fds=(its_events_fd, its_control_fd),
            start_new_session=True,
        )
        os.close(its_events_fd)
        os.close(its_control_fd)
        self._events = os.fdopen(events_fd, "rb")

    def events(self) -> Iterator[WorkerEvent]:
        """What it says, until it ends; can be taken up again."""
        for line in self._events:
            if line != b"\n":
                yield decode(line)

    def log(self) -> IO[bytes]:
        """Its stdout."""
        assert self.process.stdout is not None
        return self.process.stdout

    def errors(self) -> str:
        """All of its stderr."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def abandon(self) -> None:
        """What the worker sees when racetop is gone."""
        os.close(self._control_fd)
        self._control_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._control_fd >= 0:
            self.abandon()
        self._events.close()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def own_core() -> int:
    """A core for the workers of a test: one each for those that test side by side."""
    cores = sorted(os.sched_getaffinity(0))
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return cores[int(number) % len(cores)]


def fill_pipe(fd: int) -> None:
    """Fill a pipe with empty lines until not one more fits."""
    os.set_blocking(fd, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(fd, b"\n" * size)
    os.set_blocking(fd, True)


def lifecycle(events: list[WorkerEvent]) -> list[type[WorkerEvent]]:
    """The kinds of all events but those that may be dropped."""
    return [type(e) for e in events if not isinstance(e, StepProgress | Heartbeat)]


def failure(
    settings: JobSettings, environment: dict[str, str] | None = None
) -> tuple[JobFailed, int]:
    """How a worker says that it fails, and its exit status."""
    with RealWorker(settings, environment=environment) as worker:
        failed = [event for event in worker.events() if isinstance(event, JobFailed)]
        status = worker.process.wait(PATIENCE_S)
    assert len(failed) == 1
    return failed[0], status


def broken_library(folder: Path, module: str, raises: str) -> dict[str, str]:
    """The environment in which a library cannot be imported."""
    (folder / module).mkdir()
    (folder / module / "__init__.py").write_text(f"raise {raises}\n")
    return {"PYTHONPATH": str(folder)}
