"""What the live screen costs while it only watches, and while two jobs stream."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import programs
from benchmarks.figures import Budget, Figure, Outcome
from benchmarks.pty_program import PtyProgram

_WINDOW_S = 5.0
_WINDOWS, _QUICK_WINDOWS = 5, 2
_SETTLE_S = 5.0
_FIRST_EPOCHS_LIMIT_S = 180.0
_MIB = 1024**2
_TWO_JOBS = ["fashion-cnn", "--devices", "cpu", "--variant", "as-written,tuned"]
_TWO_JOBS += ["--data", "generated", "--epochs", "1000"]
# A card tells the time of the first epoch once it is done.
_FIRST_EPOCH = "s cold"


def measure_idle(*, quick: bool) -> Outcome:
    """The live screen with one GPU, and no job."""
    with PtyProgram(programs.racetop(), programs.environment()) as program:
        program.watch(_SETTLE_S)
        windows = _windows(program, quick)
    budgets = {"cpu_pct": 1.5, "pss_mib": 45.0, "bytes_per_s": 4000.0}
    return _outcome("no job", windows, budgets)


def measure_streaming(*, quick: bool) -> Outcome:
    """The same while two jobs run, whose own processes are not counted."""
    with (
        tempfile.TemporaryDirectory(prefix="racetop-bench-") as folder,
        PtyProgram(
            programs.racetop(*_TWO_JOBS),
            programs.environment(),
            folder=Path(folder),
            leave_keys="qy",
        ) as program,
    ):
        program.wait_until(
            lambda: program.screen().text().count(_FIRST_EPOCH) >= 2,
            "the end of both jobs' first epoch",
            limit_s=_FIRST_EPOCHS_LIMIT_S,
        )
        program.watch(_SETTLE_S)
        windows = _windows(program, quick)
    return _outcome("two jobs", windows, {"cpu_pct": 3.0, "bytes_per_s": 8000.0})


def _windows(program: PtyProgram, quick: bool) -> list[dict[str, float]]:
    windows = []
    for _ in range(_QUICK_WINDOWS if quick else _WINDOWS):
        start_s, cpu_s, written = program.now_s(), program.cpu_s(), program.written_bytes()
        program.watch(_WINDOW_S)
        took_s = program.now_s() - start_s
        windows.append(
            {
                "cpu_pct": 100 * (program.cpu_s() - cpu_s) / took_s,
                "bytes_per_s": (program.written_bytes() - written) / took_s,
                "pss_mib": program.pss_bytes() / _MIB,
            }
        )
    return windows


def _outcome(state: str, windows: list[dict[str, float]], budgets: Mapping[str, float]) -> Outcome:
    if programs.gpus() == programs.NO_GPU:
        state += ", no GPU"
    figures = tuple(
        Figure(
            name=f"{name}, {state}",
            values=tuple(window[key] for window in windows),
            unit=unit,
            digits=digits,
            budget=Budget(limit=budgets[key]) if key in budgets else None,
        )
        for key, name, unit, digits in (
            ("cpu_pct", "CPU of one core", " %", 2),
            ("pss_mib", "memory (PSS)", " MiB", 1),
            ("bytes_per_s", "to the terminal", " B/s", 0),
        )
    )
    return Outcome(figures=figures, raw={"windows": windows, "window_s": _WINDOW_S})
