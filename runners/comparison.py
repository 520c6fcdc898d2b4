"""Drives the runs of a comparison through the machine, side by side or one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from runners.events import Event
from runners.launching.launch import run_worker
from runners.spec import Order, Plan, RunKey
from runners.state import ComparisonState, RunStatus, apply, skip_waiting
from runners.workloads import JobSettings

RunWorker = Callable[[JobSettings, Callable[[Event], None]], Awaitable[None]]
OnChange = Callable[[ComparisonState, RunKey | None, Event | None], None]


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
        self, plan: Plan, on_change: OnChange, *, run_worker: RunWorker = run_worker
    ) -> None:
        """Prepare a comparison; `run` starts it.

        Args:
            plan: What to run.
            on_change: Called on the event loop with the new state after each event; run and
                event are None when waiting runs were given up.
            run_worker: Runs one job and reports its events; see `runners.launching.launch`.
        """
        self.state = ComparisonState.of(plan)
        self._on_change = on_change
        self._run_worker = run_worker
        self._tasks: dict[RunKey, asyncio.Task[None]] = {}

    async def run(self) -> ComparisonState:
        """Run all jobs; a job that fails stops no other.

        Cancelling this stops politely whatever runs, and waits for it to be gone.
        """
        try:
            for keys in rounds(self.state.plan):
                await self._run_round(keys)
        finally:
            self._skip_waiting()
        return self.state

    def stop(self, job: int | None = None) -> None:
        """Ask what runs to stop, and start nothing more: of one job, or of all."""
        self._skip_waiting(job)
        for key, task in self._tasks.items():
            if job in (None, key.job) and not task.cancelling():
                task.cancel()

    def kill(self) -> None:
        """End all workers at once; what they finished is kept."""
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
            self.state = apply(self.state, key, event)
            self._on_change(self.state, key, event)

        await self._run_worker(self.state.plan.jobs[key.job].settings, on_event)

    def _skip_waiting(self, job: int | None = None) -> None:
        state = skip_waiting(self.state, job)
        if state != self.state:
            self.state = state
            self._on_change(state, None, None)
