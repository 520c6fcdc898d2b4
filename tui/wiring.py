"""What the application is given: what to do first, and what readings come from."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from runners.spec import Request
from sensors.readings import Reading


class ReadingStream(Protocol):
    """What the application needs of a sampler."""

    interval_s: float

    def start(self) -> None:
        """Begin to hand out readings."""

    def stop(self) -> None:
        """End soon."""


class MakeSampler(Protocol):
    """Makes the sampler; `sensors.sampler.Sampler` does."""

    def __call__(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float,
        own_pids: Callable[[], Collection[int]],
    ) -> ReadingStream:
        """See `sensors.sampler.Sampler`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the screen does first.

    Attributes:
        workload: What the keys race until another workload is chosen.
        request: What was asked for on the command line; None for nothing.
        start: Whether to race at once.
        choose_jobs: Whether devices and variants are chosen by what the machine has.
    """

    workload: str
    request: Request | None = None
    start: bool = False
    choose_jobs: bool = True
