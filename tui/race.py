"""The race that the screen shows: what was asked for, its plan, its state, its task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runners.events import Event
from runners.planning import make_plan
from runners.spec import Plan, Request, RunKey, UsageError
from runners.state import ComparisonState
from runners.workloads import JobSettings
from sensors.readings import Reading
from sensors.snapshot import snapshot
from sensors.system.cores import UsableCores
from tui.past_races import PastRaces

if TYPE_CHECKING:
    from runners.comparison import Comparison, RunWorker
    from runners.history.store import Recorder, Saved

# A look at the machine so often belongs to a race that is kept.
READING_KEPT_EVERY_S = 5.0
# Two lanes, each with cores of its own.
_PREPARED_UP_TO = 2


class Workers(Protocol):
    """Where jobs run; `runners.launching.warm.WarmWorkers` is one."""

    @property
    def run_worker(self) -> RunWorker:
        """Runs one job and reports its events."""

    def prepare(self, settings: JobSettings) -> None:
        """Have ready what such a job needs."""

    def close(self) -> None:
        """Have nothing ready any more."""


class Race:
    """Runs one comparison at a time on the event loop and keeps the newest one's state.

    Attributes:
        request: What was asked for last; None before the first race.
        state: The state of that comparison.
        machine: The machine's readings as it began, as JSON values; None where unknown.
        past: The file it is kept in.
    """

    def __init__(
        self,
        *,
        cores: UsableCores,
        data_dir: Path,
        cache_dir: Path,
        on_change: Callable[[], None],
        workers: Workers,
        past: PastRaces,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request: Request | None = None
        self.state: ComparisonState | None = None
        self.machine: Mapping[str, Any] | None = None
        self.clock = clock
        self.past = past
        self._cores = cores
        self._data_dir = data_dir
        self._cache_dir = cache_dir
        self._on_change = on_change
        self._faults: list[str] = []
        self._workers = workers
        self._comparison: Comparison | None = None
        self._recorder: Recorder | None = None
        self._unsaved: str | None = None
        self._newest: Reading | None = None
        self._reading_kept_s = float("-inf")
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None
        self._preparing: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether workers of it may be alive."""
        return self._task is not None and not self._task.done()

    @property
    def cores(self) -> int:
        """How many cores' worth of time its jobs may use."""
        return self._cores.count

    @property
    def label(self) -> str:
        """The workload, and whether its data is real once that is known; empty before a race."""
        if self.state is None:
            return ""
        name = self.state.plan.name
        for run in self.state.runs.values():
            if run.data is not None:
                return f"{name} on {run.data.name} ({run.data.source})"
        return name

    @property
    def problem(self) -> str | None:
        """Why the race is not kept in the history, for people; None while it is."""
        return self._unsaved if self._recorder is None else self._recorder.problem

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        runs = self.state.runs.values() if self.state else ()
        return tuple(run.pid for run in runs if run.pid and not run.status.is_over)

    def plan(self, request: Request) -> Plan:
        """What a request means on this machine.

        Raises:
            UsageError: It cannot be planned.
        """
        return make_plan(request, self._cores, data_dir=self._data_dir, cache_dir=self._cache_dir)

    def prepare(self, request: Request) -> None:
        """Have workers and the history ready for a request; not while a race runs.

        That would disturb the race.
        """
        if self.is_running:
            return
        self._preparing = asyncio.create_task(self._open_past())
        try:
            jobs = self.plan(request).jobs
        except UsageError:
            return
        for job in jobs[:_PREPARED_UP_TO]:
            self._workers.prepare(job.settings)

    def start(self, request: Request, machine: Mapping[str, Any] | None = None) -> Plan:
        """Start a comparison.

        Args:
            request: What to compare.
            machine: The machine's readings as JSON values; None where unknown.

        Raises:
            UsageError: The request cannot be planned.
            RuntimeError: One is running.
        """
        plan = self.plan(request)
        self._refuse_a_second()
        self._go(request, ComparisonState.of(plan), self._begin_recording(plan, request, machine))
        self.machine = machine
        return plan

    async def run_plan(
        self, plan: Plan, machine: Mapping[str, Any] | None = None
    ) -> ComparisonState:
        """Run a plan that no request stands for to its end.

        Args:
            plan: What to run.
            machine: The machine's readings as JSON values; None where unknown.

        Raises:
            RuntimeError: A race is running.
        """
        self._refuse_a_second()
        recording = self._begin_recording(plan, None, machine)
        task = self._go(None, ComparisonState.of(plan), recording)
        self.machine = machine
        await asyncio.wait([task])
        return self.state or ComparisonState.of(plan)

    def resume(self, saved: Saved, recorder: Recorder) -> Plan:
        """Go on with a comparison of the history, where it stopped.

        Raises:
            RuntimeError: One is running.
        """

        async def go_on() -> None:
            self._recorder = recorder

        self._refuse_a_second()
        self._go(saved.request, saved.state, go_on())
        self.machine = saved.machine
        return saved.plan

    def stop(self) -> None:
        """Ask all workers to stop; what is finished is kept."""
        self._is_stopping = True
        if self._comparison is not None and self.is_running:
            self._comparison.stop()

    def observe(self, reading: Reading) -> None:
        """Take in a look at the machine: it tells of the race under way, and some are kept.

        The newest before a race tells of it, too: where workers are ready, epochs begin before the
        next one.
        """
        self._newest = reading
        if not self.is_running:
            return
        if self._comparison is not None:
            self._comparison.observe(reading)
        now_s = self.clock()
        if self._recorder is not None and now_s - self._reading_kept_s >= READING_KEPT_EVERY_S:
            self._reading_kept_s = now_s
            self._recorder.reading(snapshot(reading))

    def take_faults(self) -> list[str]:
        """Faults of our own that ended a race, each told once."""
        faults, self._faults = self._faults, []
        return faults

    async def end(self) -> None:
        """End all workers at once, and wait until none is left and all is written."""
        self._is_stopping = True
        if self._comparison is not None and self.is_running:
            self._comparison.kill()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._workers.close()
        if self._preparing is not None:
            await self._preparing
        await self.past.close()

    def _refuse_a_second(self) -> None:
        if self.is_running:
            raise RuntimeError("a race is running")

    def _go(
        self, request: Request | None, state: ComparisonState, get_recorder: Awaitable[None]
    ) -> asyncio.Task[None]:
        self.request, self.state, self.machine = request, state, None
        self._comparison = self._recorder = self._unsaved = None
        self._is_stopping = False
        self._task = asyncio.create_task(self._run(state, get_recorder), name="race")
        self._task.add_done_callback(self._ended)
        return self._task

    async def _run(self, state: ComparisonState, get_recorder: Awaitable[None]) -> None:
        # Here, so that the first frame does not wait for it.
        from runners.comparison import Comparison

        await get_recorder
        self._comparison = Comparison(
            state.plan,
            self._changed,
            run_worker=self._workers.run_worker,
            state=state,
            recorder=self._recorder,
            clock=self.clock,
        )
        if self._newest is not None:
            self._comparison.observe(self._newest)
        if self._is_stopping:
            self._comparison.stop()
        await self._comparison.run()

    async def _open_past(self) -> None:
        from runners.history.errors import HistoryError

        # Whoever needs it is told what is wrong with it.
        with suppress(HistoryError):
            await self.past.open()

    async def _begin_recording(
        self, plan: Plan, request: Request | None, machine: Mapping[str, Any] | None
    ) -> None:
        from runners.history.errors import HistoryError

        try:
            history = await self.past.open()
        except HistoryError as error:
            self._unsaved = f"not saved: {error}"
        else:
            self._recorder = history.begin(plan, request, machine) if history else None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._faults.append(f"{type(fault).__name__}: {fault}")
        self._on_change()

    def _changed(self, state: ComparisonState, key: RunKey | None, event: Event | None) -> None:
        del key, event
        self.state = state
        self._on_change()
