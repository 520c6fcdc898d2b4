"""Drives the runs of a comparison through the machine, side by side or one at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Protocol

from runners.events import EpochFinished, EpochStarted, Event
from runners.launching.launch import run_worker
from runners.machine.watching import Watch
from runners.process_events import EpochObserved
from runners.sparing import needless, why_needless
from runners.spec import Order, Plan, RunKey
from runners.state import ComparisonState, RunStatus, apply, skip_waiting, spare
from runners.text import duration
from runners.workloads import JobSettings
from sensors.readings import Reading

# An epoch that begins or ends so long after the newest look asks for one: what counters tell of it
# is then known to a fraction of the interval between looks.
LOOK_AT_EDGE_AFTER_S = 0.5
# At the end a look is waited for, where looks have come: it tells of the last epoch.
LAST_LOOK_WITHIN_S = 1.5

RunWorker = Callable[[JobSettings, Callable[[Event], None]], Awaitable[None]]
OnChange = Callable[[ComparisonState, RunKey | None, Event | None], None]


class Recorder(Protocol):
    """Keeps a comparison as it happens; none of its calls raises."""

    def event(self, key: RunKey, event: Event) -> None:
        """Take in an event of a run."""

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        """Take in that these runs will not be started."""

    def finish(self, state: ComparisonState) -> None:
        """Take in that nothing more will come."""


def rounds(plan: Plan) -> list[tuple[RunKey, ...]]:
    """Which runs go at the same time, in order.

    One at a time, every other trial takes the jobs in reverse (A B B A): heat and drift then
    favor none of them.
    """
    trials = []
    for trial in range(plan.trials):
        keys = tuple(RunKey(job=job, trial=trial) for job in range(len(plan.jobs)))
        trials.append(keys[::-1] if plan.order is Order.IN_TURN and trial % 2 else keys)
    if plan.order is Order.TOGETHER:
        return trials
    return [(key,) for keys in trials for key in keys]


class Comparison:
    """One comparison under way.

    Attributes:
        state: The state after the newest event.
    """

    def __init__(
        self,
        plan: Plan,
        on_change: OnChange,
        *,
        run_worker: RunWorker = run_worker,
        state: ComparisonState | None = None,
        recorder: Recorder | None = None,
        look_now: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a comparison; `run` starts it.

        Args:
            plan: What to run.
            on_change: Called on the event loop with the new state after each event; run and
                event are None when waiting runs were given up.
            run_worker: Runs one job and reports its events; see `runners.launching.launch`.
            state: Where to go on: only runs that wait are started. None starts from nothing.
            recorder: Keeps what happens; None keeps nothing.
            look_now: Asks for a look at the machine out of turn.
            clock: Monotonic clock, in seconds.
        """
        self.state = state or ComparisonState.of(plan)
        self._on_change = on_change
        self._run_worker = run_worker
        self._recorder = recorder
        self._look_now = look_now
        self._clock = clock
        self._watch = Watch(self.state.plan)
        self._looked = asyncio.Event()
        self._is_killed = False
        self._tasks: dict[RunKey, asyncio.Task[None]] = {}

    async def run(self) -> ComparisonState:
        """Run all jobs; a job that fails stops no other.

        Cancelling this stops politely whatever runs, and waits for it to be gone.
        """
        started_s = self._clock()
        try:
            for keys in rounds(self.state.plan):
                self._spare_what_need_not_be(keys, self._clock() - started_s)
                await self._run_round(keys)
            await self._last_look()
        finally:
            self._skip_waiting()
            self._take_observed(self._watch.rest())
            if self._recorder is not None:
                self._recorder.finish(self.state)
        return self.state

    def observe(self, reading: Reading) -> None:
        """Take in a look at the machine, on the event loop.

        What it tells of epochs that are over comes as `EpochObserved`; at the end what is known
        of the others. Runs that no look falls in stay without.
        """
        self._take_observed(self._watch.looked(reading))
        self._looked.set()

    def stop(self, job: int | None = None) -> None:
        """Ask what runs to stop, and start nothing more: of one job, or of all."""
        self._skip_waiting(job)
        for key, task in self._tasks.items():
            if job in (None, key.job) and not task.cancelling():
                task.cancel()

    def kill(self) -> None:
        """End all workers at once; what they finished is kept."""
        self._is_killed = True
        self._skip_waiting()
        for task in self._tasks.values():
            for _ in range(2 - task.cancelling()):
                task.cancel()

    async def _run_round(self, keys: tuple[RunKey, ...]) -> None:
        waiting = [key for key in keys if self.state.runs[key].status is RunStatus.WAITING]
        self._tasks = {key: asyncio.create_task(self._run_one(key)) for key in waiting}
        try:
            outcomes = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        finally:
            self._tasks = {}
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _run_one(self, key: RunKey) -> None:
        def on_event(event: Event) -> None:
            self._take(key, event)
            self._watch.told(key, event)
            if isinstance(event, EpochStarted | EpochFinished):
                self._look_at_edge()

        await self._run_worker(self.state.plan.jobs[key.job].settings, on_event)

    def _take(self, key: RunKey, event: Event) -> None:
        self.state = apply(self.state, key, event)
        if self._recorder is not None:
            self._recorder.event(key, event)
        self._on_change(self.state, key, event)

    def _take_observed(self, found: Iterable[tuple[RunKey, EpochObserved]]) -> None:
        for key, event in found:
            self._take(key, event)

    def _look_at_edge(self) -> None:
        newest_s = self._watch.newest_s
        if newest_s is not None and self._clock() - newest_s >= LOOK_AT_EDGE_AFTER_S:
            self._look_now()

    async def _last_look(self) -> None:
        """Wait, where looks come, until one has seen the end of the last epoch; not for long."""
        newest_s = self._watch.newest_s
        if self._is_killed or newest_s is None or not self._watch.is_waiting:
            return
        if self._clock() - newest_s > 2 * LAST_LOOK_WITHIN_S:
            return
        self._look_now()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_LOOK_WITHIN_S):
                while self._watch.is_waiting:
                    self._looked.clear()
                    await self._looked.wait()

    def _spare_what_need_not_be(self, keys: tuple[RunKey, ...], gone_s: float) -> None:
        """Leave out runs for which there is no time, or no need, any more.

        Args:
            keys: The runs that would come next.
            gone_s: Seconds since the start.
        """
        plan = self.state.plan
        if plan.time_budget_s is not None and gone_s >= plan.time_budget_s:
            waiting = [k for k, run in self.state.runs.items() if run.status is RunStatus.WAITING]
            self._spare(waiting, f"the {duration(plan.time_budget_s)} it was given were used up")
        elif found := needless(self.state, keys):
            self._spare(found, why_needless(plan))

    def _spare(self, keys: Iterable[RunKey], why: str) -> None:
        waiting = [key for key in keys if self.state.runs[key].status is RunStatus.WAITING]
        if not waiting:
            return
        self.state = spare(self.state, waiting, why)
        if self._recorder is not None:
            self._recorder.spared(waiting, why)
        self._on_change(self.state, None, None)

    def _skip_waiting(self, job: int | None = None) -> None:
        state = skip_waiting(self.state, job)
        if state != self.state:
            self.state = state
            self._on_change(state, None, None)
