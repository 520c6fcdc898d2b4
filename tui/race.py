"""The race that the screen shows: what was asked for, its plan, its state, its task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from runners.comparison import Comparison, RunWorker
from runners.events import Event
from runners.launching.launch import run_worker
from runners.planning import make_plan
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState
from sensors.system.cores import UsableCores


class Race:
    """Runs one comparison at a time on the event loop and keeps the newest one's state.

    Attributes:
        request: What was asked for last; None before the first race.
        state: The state of that comparison.
    """

    def __init__(
        self,
        *,
        cores: UsableCores,
        data_dir: Path,
        cache_dir: Path,
        on_change: Callable[[], None],
        run_worker: RunWorker = run_worker,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request: Request | None = None
        self.state: ComparisonState | None = None
        self.clock = clock
        self._cores = cores
        self._data_dir = data_dir
        self._cache_dir = cache_dir
        self._on_change = on_change
        self._faults: list[str] = []
        self._run_worker = run_worker
        self._comparison: Comparison | None = None
        self._task: asyncio.Task[ComparisonState] | None = None

    @property
    def is_running(self) -> bool:
        """Whether workers of it may be alive."""
        return self._task is not None and not self._task.done()

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

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        runs = self.state.runs.values() if self.state else ()
        return tuple(run.pid for run in runs if run.pid and not run.status.is_over)

    def start(self, request: Request) -> Plan:
        """Start a comparison.

        Raises:
            UsageError: The request cannot be planned.
            RuntimeError: One is running.
        """
        if self.is_running:
            raise RuntimeError("a race is running")
        plan = make_plan(request, self._cores, data_dir=self._data_dir, cache_dir=self._cache_dir)
        self.request = request
        self.state = ComparisonState.of(plan)
        self._comparison = Comparison(plan, self._changed, run_worker=self._run_worker)
        self._task = asyncio.create_task(self._comparison.run(), name="race")
        self._task.add_done_callback(self._ended)
        return plan

    def stop(self) -> None:
        """Ask all workers to stop; what is finished is kept."""
        if self._comparison is not None and self.is_running:
            self._comparison.stop()

    def take_faults(self) -> list[str]:
        """Faults of our own that ended a race, each told once."""
        faults, self._faults = self._faults, []
        return faults

    async def end(self) -> None:
        """End all workers at once, and wait until none is left."""
        if self._comparison is not None and self.is_running:
            self._comparison.kill()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[ComparisonState]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._faults.append(f"{type(fault).__name__}: {fault}")
        self._on_change()

    def _changed(self, state: ComparisonState, key: RunKey | None, event: Event | None) -> None:
        del key, event
        self.state = state
        self._on_change()
