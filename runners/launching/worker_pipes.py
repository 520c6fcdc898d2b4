"""The four pipes between racetop and a worker."""

from __future__ import annotations

import os
from typing import NamedTuple


class WorkerEnds(NamedTuple):
    """The descriptors a worker gets: it writes to three pipes and reads from `control`."""

    events: int
    stdout: int
    stderr: int
    control: int


class OurEnds(NamedTuple):
    """The descriptors racetop keeps: it reads three pipes; `control` it only holds open."""

    events: int
    stdout: int
    stderr: int
    control: int


class WorkerPipes(NamedTuple):
    """Both ends of a worker's pipes."""

    theirs: WorkerEnds
    ours: OurEnds


def open_pipes() -> WorkerPipes:
    """New pipes; none of their ends is inherited.

    Raises:
        OSError: There are too many open files.
    """
    fds: list[int] = []
    try:
        for _ in range(4):
            fds += os.pipe()
    except OSError:
        close_all(fds)
        raise
    events, events_in, stdout, stdout_in, stderr, stderr_in, control_out, control = fds
    return WorkerPipes(
        theirs=WorkerEnds(events_in, stdout_in, stderr_in, control_out),
        ours=OurEnds(events, stdout, stderr, control),
    )


def close_all(fds: tuple[int, ...] | list[int]) -> None:
    """Close descriptors."""
    for fd in fds:
        os.close(fd)
