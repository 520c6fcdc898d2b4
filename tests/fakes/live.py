"""The application over scripted readings and scripted workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from runners.events import Event, JobDone, JobFailed
from runners.planning import default_request
from runners.process_events import WorkerExited
from runners.workloads import JobSettings
from sensors.readings import Reading
from sensors.system.cores import UsableCores
from sensors.wanted import Wanted
from tests.fakes import scenes
from tui.app import RacetopApp
from tui.past_races import PastRaces
from tui.race import Race
from tui.wiring import Opening

NOW_S = 1034.0
"""The monotonic clock of every scene."""

ON_A_GPU_BOX = Opening(
    workload="fashion-cnn",
    needs_gpus=False,
    request=lambda workload, _accelerator: default_request(workload, "cuda:0"),
    preset=lambda preset, _accelerator: preset.request("cuda:0"),
)
"""Keys race the CPU against the first GPU, whether or not it was seen yet."""


def screen_text(app: RacetopApp) -> str:
    """What is on the screen, row by row."""
    strips = app.live._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def settle(pilot: Pilot[None], rounds: int = 4) -> None:
    """Let all messages be handled."""
    for _ in range(rounds):
        await pilot.pause()


class ScriptedWorkers:
    """Stands in for real workers: plays events, then waits until stopped or finished."""

    def __init__(self, script: Callable[[JobSettings], Sequence[Event]]) -> None:
        self.script = script
        self.started: list[JobSettings] = []
        self.stopped = 0
        self.prepared: list[JobSettings] = []
        self.is_closed = False
        self.finish = asyncio.Event()

    def prepare(self, settings: JobSettings) -> None:
        """Note what would be had ready."""
        self.prepared.append(settings)

    def close(self) -> None:
        """Note the end."""
        self.is_closed = True

    async def run_worker(self, settings: JobSettings, on_event: Callable[[Event], None]) -> None:
        """Run one scripted worker."""
        self.started.append(settings)
        events = self.script(settings)
        for event in events:
            on_event(event)
        was_stopped = False
        try:
            if not isinstance(events[-1], JobDone | JobFailed):
                await self.finish.wait()
                on_event(JobDone(interrupted=False, dropped_events=0))
        except asyncio.CancelledError:
            was_stopped = True
            self.stopped += 1
        on_event(WorkerExited(returncode=0, stopped=was_stopped, oom_killed=False, mono_s=NOW_S))
        if was_stopped:
            raise asyncio.CancelledError


def usual_script(settings: JobSettings) -> Sequence[Event]:
    """A worker comes up and finishes two epochs, the second job faster."""
    fast = settings.device != "cpu" or settings.variant != "as-written"
    phases = scenes.GPU_PHASES if fast else scenes.CPU_PHASES
    events = scenes.start_events(int(fast), accelerator=settings.device != "cpu")
    for number in (1, 2):
        events += scenes.epoch_events(number, 2.0 if fast else 8.0, phases=phases)
    return events


class Stage:
    """An application to act on, with what it is wired to.

    Attributes:
        app: The application.
        workers: What stands in for the workers.
        sampler: What stands in for the sampler; there once the application is.
    """

    def __init__(
        self,
        opening: Opening | None = None,
        *,
        script: Callable[[JobSettings], Sequence[Event]] = usual_script,
        cores: int = 16,
        history: Path | None = None,
    ) -> None:
        self._history = history
        self.workers = ScriptedWorkers(script)
        self.samplers: list[scenes.ScriptedSampler] = []
        self._cores = cores
        self.app = RacetopApp(
            opening or ON_A_GPU_BOX,
            make_sampler=self._make_sampler,
            make_race=self._make_race,
            wall_clock=lambda: scenes.EPOCH_START_S,
        )

    @property
    def sampler(self) -> scenes.ScriptedSampler:
        """The sampler in use."""
        return self.samplers[-1]

    def read(self, reading: Reading) -> None:
        """Hand a reading to the application, as the sampler's thread would."""
        self.sampler.on_reading(reading)

    def _make_sampler(
        self,
        on_reading: Callable[[Reading], None],
        *,
        interval_s: float,
        wanted: Callable[[], Wanted],
    ) -> scenes.ScriptedSampler:
        self.samplers.append(
            scenes.ScriptedSampler(on_reading, interval_s=interval_s, wanted=wanted)
        )
        return self.samplers[-1]

    def _make_race(self, on_change: Callable[[], None]) -> Race:
        return Race(
            cores=UsableCores(cpu_ids=tuple(range(self._cores)), quota=None, count=self._cores),
            data_dir=Path("/data"),
            cache_dir=Path("/cache"),
            on_change=on_change,
            workers=self.workers,
            past=PastRaces(self._history),
            clock=lambda: NOW_S,
        )
