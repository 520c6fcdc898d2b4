"""From a key to the changed screen, with idle and with saturated cores."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import programs
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.pty_program import COLUMNS, ROWS, PtyProgram, prompt_clock
from benchmarks.screen import Press, Screen, delays_s
from sensors.system.cores import usable_cores

_PRESSES, _QUICK_PRESSES = 44, 8
_SETTLE_S = 4.0
# Presses meet every phase of the second between two readings.
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.3, 1.0
_KEY, _WORD = "p", "paused"
_BUSY_LOOP = "while True: pass"


def measure(*, quick: bool) -> Outcome:
    """The key that pauses, in the live screen and in the hello-world program."""
    presses = _QUICK_PRESSES if quick else _PRESSES
    commands = {"racetop": programs.racetop(), "hello world": programs.hello_world()}
    figures = []
    delays_ms = {}
    for busy, state in ((usable_cores().count, "all cores busy"), (0, "idle")):
        for name, command in commands.items():
            with _busy_loops(busy):
                values = _press(command, presses)
            budget = Budget(limit=100.0) if busy and name == "racetop" else None
            figures.append(_figure(f"{name}, {state}", values, 0.9, budget))
            figures.append(_figure(f"{name}, {state}", values, 0.5, None))
            delays_ms[f"{name}, {state}"] = values
    return Outcome(figures=tuple(figures), raw={"delays_ms": delays_ms})


def _figure(state: str, values: list[float], quantile: float, budget: Budget | None) -> Figure:
    return Figure(
        name=f"key to changed screen, p{100 * quantile:.0f}, {state}",
        values=tuple(values),
        unit=" ms",
        digits=1,
        quantile=quantile,
        budget=budget,
    )


def _press(command: list[str], presses: int) -> list[float]:
    dice = random.Random(0)
    made = []
    with prompt_clock(), PtyProgram(command, programs.environment()) as program:
        program.watch(_SETTLE_S)
        for number in range(presses):
            program.watch(dice.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S))
            made.append(Press(program.press(_KEY), appears=number % 2 == 0))
        program.watch(_LONGEST_PAUSE_S)
        chunks = list(program.chunks)
    found = delays_s(chunks, made, Screen(COLUMNS, ROWS), _WORD)
    delays_ms = [delay_s * 1000 for delay_s in found if delay_s is not None]
    if len(delays_ms) < len(found):
        missed = len(found) - len(delays_ms)
        raise NotMeasuredError(f"{missed} of {len(found)} key presses changed nothing in time")
    return delays_ms


@contextlib.contextmanager
def _busy_loops(count: int) -> Iterator[None]:
    """That many processes that compute, each in a session of its own as workers are."""
    loops = [
        subprocess.Popen([sys.executable, "-c", _BUSY_LOOP], start_new_session=True)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
