"""Writes events to the event channel without ever holding up the training."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from runners.events import Heartbeat, Stage, StageFinished, StageStarted, StepProgress, WorkerEvent
from runners.events.wire import encode

PROGRESS_EVERY_S = 0.5
"""How often at most an epoch tells of its steps."""

_MAY_BE_DROPPED = (StepProgress, Heartbeat)
_WAIT_FOR_READER_S = 0.25


class EventChannel:
    """A queue of events and the thread that writes them, one line each.

    A reader that stalls costs step events and heartbeats, which are counted; all others wait
    for it in the queue. A reader that is gone costs all of them, silently: the training is not
    its channel's business.

    Attributes:
        steps_done: Steps trained so far, for the heartbeats; set by the training loop.
    """

    def __init__(
        self,
        fd: int,
        *,
        heartbeat_s: float = 1.0,
        queue_limit: int = 256,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.steps_done = 0
        self._fd = fd
        self._heartbeat_s = heartbeat_s
        self._queue_limit = queue_limit
        self._monotonic = monotonic
        self._wall = wall
        self._queue: deque[WorkerEvent] = deque()
        self._changed = threading.Condition()
        self._seq = 0
        self._dropped = 0
        self._blocked = False
        self._broken = False
        self._closing = False
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    @property
    def dropped_events(self) -> int:
        """Events dropped so far because nobody read them."""
        return self._dropped

    def send(self, event: WorkerEvent) -> None:
        """Queue an event; its number and its times are filled in here."""
        with self._changed:
            stamped = replace(event, seq=self._seq, mono_s=self._monotonic(), wall_s=self._wall())
            self._seq += 1
            full = self._blocked or len(self._queue) >= self._queue_limit
            if full and isinstance(event, _MAY_BE_DROPPED):
                self._dropped += 1
            elif not self._broken:
                self._queue.append(stamped)
                self._changed.notify()

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Tell of a stage of the set-up and how long it took, unless it fails."""
        self.send(StageStarted(stage=stage))
        started_s = self._monotonic()
        yield
        self.send(StageFinished(stage=stage, took_s=self._monotonic() - started_s))

    def close(self) -> None:
        """Write what is queued, however long the reader stalls; the descriptor stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (event := self._next()) is not None:
            if not self._write(encode(event)):
                with self._changed:
                    self._broken = True
                    self._queue.clear()
                return

    def _next(self) -> WorkerEvent | None:
        with self._changed:
            while not self._queue:
                if self._closing:
                    return None
                if not self._changed.wait(self._heartbeat_s) and not self._queue:
                    self.send(Heartbeat(step=self.steps_done))
            return self._queue.popleft()

    def _write(self, line: bytes) -> bool:
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                self._blocked = True
                select.select([], [self._fd], [], _WAIT_FOR_READER_S)
            except OSError:
                return False
        self._blocked = False
        return True
