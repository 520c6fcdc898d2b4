"""A history of 10,000 comparisons: its list, its filter, one of them opened."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from benchmarks import programs
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.pty_program import COLUMNS, ROWS, PtyProgram, prompt_clock
from benchmarks.screen import Press, Screen, delays_s
from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    Event,
    Hello,
    JobDone,
    LatencyMeasured,
    Phases,
)
from runners.history.schema import connect, transaction
from runners.history.store import History
from runners.paths import HISTORY_VARIABLE, cache_dir, data_dir
from runners.planning import make_plan
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Request
from runners.state import ComparisonState, apply
from runners.workloads import Variant
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores

COMPARISONS, _QUICK_COMPARISONS = 10_000, 1_000
_ROUNDS, _QUICK_ROUNDS = 50, 10
_PAGE = 50
_LIMIT_MS = 100.0
_EPOCHS = 5
_BOTH = (Variant.AS_WRITTEN, Variant.TUNED)
_REQUESTS = (
    Request(workloads=("mlp",), variants=_BOTH, epochs=(_EPOCHS,)),
    Request(workloads=("fashion-cnn",), variants=_BOTH, epochs=(_EPOCHS,)),
    # A sweep of 20 cells, each three times.
    Request(
        workloads=("cnn5",),
        variants=_BOTH,
        batch_sizes=tuple(2**n for n in range(4, 14)),
        trials=3,
        epochs=(_EPOCHS,),
    ),
)
_SWEEP = len(_REQUESTS)
_PRESSES, _QUICK_PRESSES = 30, 6
_SETTLE_S = 4.0
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.4, 1.2
_WORDS = ("mlp", "workload:fashion-cnn", "status:done tuned", "nothing has this", "2026 mlp cpu")


def measure(*, quick: bool) -> Outcome:
    """List, filter and open in a history of 10,000 comparisons (100 ms each)."""
    count = _QUICK_COMPARISONS if quick else COMPARISONS
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    dice = random.Random(0)
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as folder:
        path = Path(folder) / "history.sqlite"
        _fill(path, count)
        with closing(History.open(path)) as history:
            does: dict[str, Callable[[], object]] = {
                "open the file and list the newest 50": lambda: _first_page(path),
                "filter": lambda: history.entries(dice.choice(_WORDS), _PAGE),
                "list all": lambda: history.entries(),
                "open one of 2 runs": lambda: history.load(dice.randrange(_SWEEP + 1, count)),
                "open one of 60 runs": lambda: history.load(_SWEEP),
            }
            values = {name: [_ms(do) for _ in range(rounds)] for name, do in does.items()}
        size_mb = path.stat().st_size / 1e6
    return Outcome(
        figures=_figures("history", values),
        notes=(f"{count:,} comparisons, {size_mb:,.0f} MB; the file is in the system's cache.",),
        raw={"times_ms": values},
    )


def measure_screen(*, quick: bool) -> Outcome:
    """From a key to the screen of 10,000 comparisons, and to what a letter of a filter leaves."""
    count = _QUICK_COMPARISONS if quick else COMPARISONS
    presses = _QUICK_PRESSES if quick else _PRESSES
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as folder:
        path = Path(folder) / "history.sqlite"
        _fill(path, count)
        values = {name: _delays_ms(path, presses, keys) for name, keys in _KEYS.items()}
    return Outcome(
        figures=_figures("key to history screen", values),
        raw={"delays_ms": values},
    )


def _figures(what: str, values_ms: Mapping[str, Sequence[float]]) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=f"{what}, {name}, p90",
            values=tuple(values),
            unit=" ms",
            digits=1,
            quantile=0.9,
            budget=Budget(limit=_LIMIT_MS),
        )
        for name, values in values_ms.items()
    )


class _Keys(NamedTuple):
    """Which keys a measure presses, and the word on the screen that tells what they did."""

    before: str
    forth: str
    back: str
    after: str
    word: str


_KEYS = {
    "open": _Keys(before="", forth="h", back="h", after="", word="what it found"),
    # Letters are part of the filter until it is entered.
    "filter": _Keys(before="h/", forth="m", back="\x7f", after="\rq", word="filter 'm'"),
}


def _delays_ms(path: Path, presses: int, keys: _Keys) -> list[float]:
    """Milliseconds from a key to what it brings on the screen, or takes from it."""
    dice = random.Random(0)
    environment = {**programs.environment(), HISTORY_VARIABLE: str(path)}
    made = []
    with prompt_clock(), PtyProgram(programs.racetop(), environment) as program:
        program.watch(_SETTLE_S)
        for key in keys.before:
            program.press(key)
            program.watch(_LONGEST_PAUSE_S)
        for number in range(presses):
            is_forth = number % 2 == 0
            made.append(Press(program.press(keys.forth if is_forth else keys.back), is_forth))
            program.watch(dice.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S))
        chunks = list(program.chunks)
        for key in keys.after:
            program.press(key)
            program.watch(_LONGEST_PAUSE_S)
    found = delays_s(chunks, made, Screen(COLUMNS, ROWS), keys.word)
    if None in found:
        raise NotMeasuredError(f"{found.count(None)} of {len(found)} keys changed nothing in time")
    return [delay_s * 1000 for delay_s in found if delay_s is not None]


def _first_page(path: Path) -> None:
    with closing(History.open(path)) as history:
        history.entries(limit=_PAGE)


def _ms(do: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    do()
    return (time.perf_counter() - start_s) * 1000


def _fill(path: Path, count: int) -> None:
    """Keep one comparison for each request, and copies of the small ones."""
    machine = snapshot(take_reading())
    with closing(History.open(path)) as history:
        for request in _REQUESTS:
            plan = make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())
            recorder = history.begin(plan, request, machine)
            state = ComparisonState.of(plan)
            for place, key in enumerate(state.runs):
                for event in _run(1.0 + place % 7 / 10):
                    state = apply(state, key, event)
                    recorder.event(key, event)
            recorder.finish(state)
            # One after the other: their numbers are those of the requests.
            recorder.close()
    _copy(path, count)


def _copy(path: Path, count: int) -> None:
    """Copies of the first two comparisons, each a minute older, until there are so many."""
    with closing(connect(path)) as file, transaction(file):
        columns = [
            name
            for _, name, *_ in file.execute("PRAGMA table_info(comparisons)")
            if name not in ("id", "uuid", "started_at")
        ]
        told = ", ".join(columns)
        for number in range(len(_REQUESTS) + 1, count + 1):
            of = 1 + number % 2
            file.execute(
                f"INSERT INTO comparisons (id, uuid, started_at, {told}) "
                f"SELECT ?, ?, started_at - 60.0 * ?, {told} FROM comparisons WHERE id = ?",
                [number, str(number), number, of],
            )
            for table, others in (
                ("settings", "plan, request, machine, versions"),
                ("events", "seq, job, trial, kind, line"),
            ):
                file.execute(
                    f"INSERT INTO {table} (comparison, {others}) "
                    f"SELECT ?, {others} FROM {table} WHERE comparison = ?",
                    [number, of],
                )


def _run(epoch_s: float) -> list[Event]:
    """All that is kept of a run without trouble."""
    events: list[Event] = [
        WorkerStarted(pid=1, mono_s=0.0),
        Hello(pid=1, python="3.11.7", cores=(0, 1)),
        DeviceReady(device_name="A processor", versions={"torch": "2.9.1"}, threads=2),
        DataReady(
            source="generated", name="MNIST", path="-", train_samples=60_000, test_samples=10_000
        ),
    ]
    for number in range(1, _EPOCHS + 1):
        events += [
            EpochStarted(epoch=number, epochs=_EPOCHS, steps=600, samples=60_000),
            EpochFinished(
                epoch=number,
                started_mono_s=epoch_s * number,
                epoch_s=epoch_s * (1.5 if number == 1 else 1.0),
                process_s=epoch_s,
                samples=60_000,
                steps=600,
                train_loss=1.0 / number,
                phases=Phases(data_wait_s=0.3, forward_s=0.2, backward_s=0.3, optimizer_s=0.1),
            ),
            EvaluationFinished(
                epoch=number, eval_s=0.2, samples=10_000, test_loss=0.5, test_accuracy=0.9
            ),
        ]
    return [
        *events,
        LatencyMeasured(latencies_ms=tuple(0.1 + n / 1000 for n in range(200))),
        JobDone(interrupted=False, dropped_events=0),
        WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=9.0),
    ]
