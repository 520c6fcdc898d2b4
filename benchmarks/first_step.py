"""From the order to race to the first step of training, with warm workers and with cold ones."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

from benchmarks import programs
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome, alternating
from benchmarks.pty_program import PtyProgram, children, prompt_clock, pss_bytes
from benchmarks.quiet import wait_for_quiet
from runners.comparison import RunWorker
from runners.events import EpochStarted, Event
from runners.launching.launch import run_worker
from runners.launching.warm import WarmWorkers
from runners.paths import cache_dir
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE
from sensors.system.cores import usable_cores

_WORKLOAD = "fashion-cnn"
_ROUNDS, _PRESSES, _QUICK_ROUNDS = 10, 10, 2
_QUIET_LIMIT_S = 15.0
_BUDGET = Budget(limit=0.5)
_RACE = ("mlp", "--devices", "cpu", "--variant", "as-written", "--data", "generated")
_LENGTH = ("--threads", "1", "--epochs", "2", "--train-samples", "8000", "--test-samples", "1000")
_FIRST_EPOCH = "epoch 1/2"
_START_LIMIT_S, _RACE_LIMIT_S, _STEP_LIMIT_S = 60.0, 60.0, 20.0
# The machine and the screen come to rest between two races.
_REST_S = 2.5


def measure(*, quick: bool) -> Outcome:
    """The key `r` and the order behind it, to the first step, warm; the order alone, cold."""
    pressed_s = _by_key(_QUICK_ROUNDS if quick else _PRESSES)
    ordered_s, server_mib = _by_order(_QUICK_ROUNDS if quick else _ROUNDS)
    figures = [_figure("key r to `epoch 1` on the screen, warm worker", pressed_s, _BUDGET)]
    for name, values in ordered_s.items():
        figures.append(_figure(f"  order to the first step, {name} worker", values, None))
    figures.append(
        Figure(
            name="  memory of an idle fork server, PSS", values=(server_mib,), unit=" MiB", digits=0
        )
    )
    return Outcome(
        figures=tuple(figures), raw={"key_to_step_s": pressed_s, "order_to_step_s": ordered_s}
    )


def _figure(name: str, values: list[float], budget: Budget | None) -> Figure:
    return Figure(name=name, values=tuple(values), unit=" s", digits=3, budget=budget)


def _by_key(presses: int) -> list[float]:
    """Seconds from the key to the card of the job that shows its first epoch."""
    found = []
    with (
        prompt_clock(),
        PtyProgram(
            programs.racetop(*_RACE, *_LENGTH), programs.environment(), leave_keys="qy"
        ) as program,
    ):
        for number in range(presses + 1):
            program.wait_until(program.has_workers, "a worker", limit_s=_START_LIMIT_S)
            program.wait_until(
                lambda: not program.has_workers(), "the end of the race", limit_s=_RACE_LIMIT_S
            )
            program.watch(_REST_S)
            if number == presses:
                break
            if _FIRST_EPOCH in program.screen().text():
                raise NotMeasuredError("the screen still shows the race before")
            at_s = program.press("r")
            shown_s = program.time_until(
                lambda screen: _FIRST_EPOCH in screen.text(), limit_s=_STEP_LIMIT_S
            )
            if shown_s is None:
                raise NotMeasuredError(f"the screen never showed `{_FIRST_EPOCH}`")
            found.append(shown_s - at_s)
    return found


def _by_order(rounds: int) -> tuple[dict[str, list[float]], float]:
    """Seconds from the order to the first step by kind of worker, and the server's MiB."""
    settings = JobSettings(
        workload=_WORKLOAD,
        device="cpu",
        batch_size=CATALOGUE[_WORKLOAD].batch_size,
        epochs=1,
        train_samples=1_000,
        test_samples=1_000,
        threads=usable_cores().count,
        cores=usable_cores().cpu_ids,
        data="generated",
        cache_dir=str(cache_dir()),
    )

    async def order() -> tuple[dict[str, list[float]], float]:
        with closing(WarmWorkers()) as warm:
            ways = {"warm": warm.run_worker, "cold": run_worker}
            await _to_first_step(warm.run_worker, settings)
            found: dict[str, list[float]] = {name: [] for name in ways}
            for name in alternating(list(ways), rounds):
                await asyncio.to_thread(wait_for_quiet, _QUIET_LIMIT_S)
                found[name].append(await _to_first_step(ways[name], settings))
            return found, _server_mib()

    return asyncio.run(order())


async def _to_first_step(run_worker: RunWorker, settings: JobSettings) -> float:
    steps_s: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochStarted):
            steps_s.append(event.mono_s)

    start_s = time.monotonic()
    await run_worker(settings, note)
    if not steps_s:
        raise NotMeasuredError("a worker failed")
    return steps_s[0] - start_s


def _server_mib() -> float:
    (server,) = children("self")
    return pss_bytes(Path(f"/proc/{server}/smaps_rollup").read_text(encoding="ascii")) / 2**20
