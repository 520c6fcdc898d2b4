"""What jobs tell of that run in the tests' own process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from runners.events import WorkerEvent
from runners.events.wire import decode
from runners.worker.channel import EventChannel

Kind = TypeVar("Kind", bound=WorkerEvent)


def events_of(work: Callable[[EventChannel], None]) -> list[WorkerEvent]:
    """What some work tells of; few enough events to fit in a pipe."""
    read_fd, write_fd = os.pipe()
    channel = EventChannel(write_fd)
    try:
        work(channel)
    finally:
        channel.close()
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as stream:
            events = [decode(line) for line in stream]
    return events


def only(events: Sequence[WorkerEvent], kind: type[Kind]) -> list[Kind]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]
