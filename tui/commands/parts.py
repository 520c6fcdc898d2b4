"""Runs the plans of one command one after the other, each kept as a comparison of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

from runners.comparison import RunWorker
from runners.history.store import Recorder
from runners.launching.warm import WarmWorkers
from runners.spec import Plan
from runners.state import ComparisonState
from tui.commands.keeping import Telling, open_history, tell_what_is_kept
from tui.commands.progress import Progress
from tui.commands.running import run_plan

T = TypeVar("T")
Work = Callable[[Callable[[Plan], Awaitable[ComparisonState]]], Awaitable[T]]


class Parts:
    """Runs what is given plans to run, from first to last.

    Args:
        progress: Is told what happens.
        run_worker: Runs one job and reports its events; None for warm workers.
        machine: The machine's readings as JSON values; None where unknown.
        is_kept: Whether the history keeps each plan, if there is one.

    Attributes:
        ended_by: The signal that ended the newest plan, if one did.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        run_worker: RunWorker | None,
        machine: Mapping[str, Any] | None,
        is_kept: bool,
    ) -> None:
        self.ended_by: int | None = None
        self._progress = progress
        self._run_worker = run_worker
        self._machine = machine
        self._is_kept = is_kept
        self._kept: list[tuple[Recorder, ComparisonState]] = []

    def work(self, work: Work[T]) -> T:
        """Do work that runs plans, and say what is kept of them.

        Args:
            work: Is given what runs a plan to its end. A loop of its own runs it: a caller's,
                where it has one, stays as it is.
        """
        warm = WarmWorkers()
        with ExitStack() as ended:
            ended.callback(warm.close)
            history = open_history(self._progress) if self._is_kept else None
            if history is not None:
                ended.callback(history.close)

            async def run(plan: Plan) -> ComparisonState:
                recorder = history.begin(plan, None, self._machine) if history else None
                state, self.ended_by = await run_plan(
                    plan,
                    self._progress,
                    self._run_worker or warm.run_worker,
                    recorder=Telling(recorder, self._progress) if recorder else None,
                )
                if recorder is not None:
                    self._kept.append((recorder, state))
                return state

            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                done = runner.run(_awaited(work(run)))
            self._progress.finish()
            for recorder, state in self._kept:
                tell_what_is_kept(recorder, state, self._progress)
        return done


async def _awaited(work: Awaitable[T]) -> T:
    return await work
