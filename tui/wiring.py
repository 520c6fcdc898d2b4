"""What the application is given: what to do first, and what readings come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from runners.planning import default_request
from runners.presets import Preset
from runners.spec import Request
from sensors.readings import Reading
from sensors.wanted import Wanted

INTERVALS_S = (0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What was asked for when the screen was opened.

    Attributes:
        workload: What the keys race until another workload is chosen.
        start: Whether to race at once.
        needs_gpus: Whether the devices depend on what the machine has.
        request: The race over a workload, given the best accelerator or None; keeps whatever
            was asked for on the command line.
        preset: The race of a preset, given the same; keeps what is beside the preset's axes.
        process_filter: What processes are filtered by at first, as typed after `/`.
        read_only: Whether no process may be sent a signal.
    """

    workload: str
    start: bool = False
    needs_gpus: bool = True
    request: Callable[[str, str | None], Request] = default_request
    preset: Callable[[Preset, str | None], Request] = lambda preset, accelerator: preset.request(
        accelerator
    )
    process_filter: str = ""
    read_only: bool = False


class ReadingStream(Protocol):
    """What the application needs of a sampler."""

    interval_s: float

    def start(self) -> None:
        """Begin to hand out readings."""

    def read_now(self) -> None:
        """Hand one out as soon as possible."""

    def stop(self) -> None:
        """End soon."""


class MakeSampler(Protocol):
    """Makes the sampler; `sensors.sampler.Sampler` does."""

    def __call__(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float,
        wanted: Callable[[], Wanted],
    ) -> ReadingStream:
        """See `sensors.sampler.Sampler`."""
