"""From the start of the program to its first painted frame, against a hello-world one."""

from __future__ import annotations

from benchmarks import programs
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome, alternating
from benchmarks.pty_program import COLUMNS, ROWS, PtyProgram, prompt_clock
from benchmarks.screen import Screen, first_time

_ROUNDS, _QUICK_ROUNDS = 15, 3
_QUIET_S, _LIMIT_S = 0.6, 20.0
# The first and the last thing on the live screen: the top line and the end of the key bar.
_WORDS = {"racetop": ("racetop", "quit"), "hello": ("hello, world",)}


def measure(*, quick: bool) -> Outcome:
    """From start to first frame, in turn with a hello-world program."""
    commands = {"racetop": programs.racetop(), "hello": programs.hello_world()}
    environment = programs.environment()
    starts_ms: dict[str, list[float]] = {name: [] for name in commands}
    for name, command in commands.items():
        _start_ms(name, command, environment)
    for name in alternating(list(commands), _QUICK_ROUNDS if quick else _ROUNDS):
        starts_ms[name].append(_start_ms(name, commands[name], environment))
    ratios = [
        ours / theirs for ours, theirs in zip(starts_ms["racetop"], starts_ms["hello"], strict=True)
    ]
    return Outcome(
        figures=(
            Figure(
                name="start to first frame, against a hello-world Textual program",
                values=tuple(ratios),
                unit=" x",
                budget=Budget(limit=2.0),
            ),
            Figure(name="  racetop", values=tuple(starts_ms["racetop"]), unit=" ms", digits=0),
            Figure(name="  hello world", values=tuple(starts_ms["hello"]), unit=" ms", digits=0),
        ),
        raw={"starts_ms": starts_ms},
    )


def _start_ms(name: str, command: list[str], environment: dict[str, str]) -> float:
    with prompt_clock(), PtyProgram(command, environment) as program:
        program.watch_until_quiet(_QUIET_S, limit_s=_LIMIT_S)
        chunks = list(program.chunks)
    at_s = first_time(chunks, Screen(COLUMNS, ROWS), *_WORDS[name])
    if at_s is None:
        raise NotMeasuredError(f"{name} never showed {' and '.join(_WORDS[name])}")
    return at_s * 1000
