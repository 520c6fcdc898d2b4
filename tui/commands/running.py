"""Runs a plan without a screen: signals end it politely, silence is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from runners.comparison import Comparison, Recorder, RunWorker
from runners.launching.warm import WarmWorkers
from runners.spec import Plan
from runners.state import ComparisonState
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.wanted import Wanted
from tui.commands.progress import Progress
from tui.wiring import MakeSampler

LOOK_EVERY_S = 1.0
_LOOK_FOR_SILENCE_EVERY_S = 5.0
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_plan(
    plan: Plan,
    progress: Progress,
    run_worker: RunWorker | None,
    *,
    state: ComparisonState | None = None,
    recorder: Recorder | None = None,
    make_sampler: MakeSampler = Sampler,
) -> tuple[ComparisonState, int | None]:
    """Run a plan; SIGINT, SIGTERM and SIGHUP stop it politely, a second one kills.

    The machine is looked at meanwhile, once a second: what it does during the epochs is told with
    them.

    Args:
        plan: What to run.
        progress: Is told what happens.
        run_worker: Runs one job and reports its events; None for warm workers of its own.
        state: Where to go on; None starts from nothing.
        recorder: Keeps what happens; None keeps nothing.
        make_sampler: Makes what looks at the machine.

    Returns:
        The state at the end, and the signal that brought it about, if one did.
    """
    loop = asyncio.get_running_loop()

    def looked(reading: Reading) -> None:
        loop.call_soon_threadsafe(comparison.observe, reading)

    sampler = make_sampler(looked, interval_s=LOOK_EVERY_S, wanted=lambda: Wanted(processes=False))
    warm = WarmWorkers()
    comparison = Comparison(
        plan,
        progress.show,
        run_worker=run_worker or warm.run_worker,
        state=state,
        recorder=recorder,
        look_now=sampler.read_now,
    )
    with _ended_by_signals(comparison, progress) as signals:
        sampler.start()
        watch = asyncio.create_task(_watch(progress))
        try:
            done = await comparison.run()
        finally:
            watch.cancel()
            sampler.stop()
            warm.close()
    return done, signals[0] if signals else None


@contextmanager
def _ended_by_signals(comparison: Comparison, progress: Progress) -> Iterator[Sequence[int]]:
    """The signals that came so far; the first stops the comparison politely, a second kills."""
    loop = asyncio.get_running_loop()
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        if len(signals) == 1:
            progress.say("stopping; what is done will be printed (again to kill at once)")
            comparison.stop()
        else:
            comparison.kill()

    for number in _ENDING_SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        yield signals
    finally:
        for number in _ENDING_SIGNALS:
            loop.remove_signal_handler(number)


async def _watch(progress: Progress) -> None:
    while True:
        await asyncio.sleep(_LOOK_FOR_SILENCE_EVERY_S)
        progress.tell_silent_runs()
