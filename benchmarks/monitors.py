"""racetop's machine view beside nvtop and nvitop, on the same simulated GPUs, in turn."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import programs, side_by_side, simulated_gpus
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.pty_program import PtyProgram, prompt_clock
from benchmarks.screen import Screen
from benchmarks.side_by_side import Scene, Values
from benchmarks.simulated_gpus import A_MILLISECOND, FREE, GPU_PROCESSES, REALISTIC, Driver

NVITOP_VARIABLE = "RACETOP_BENCH_NVITOP"
NVTOP_VARIABLE = "RACETOP_BENCH_NVTOP"

_MIB = 1024**2
_OURS = "racetop"
_HOST_PROCESSES = 2000
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 0.9
_KEY_LIMIT_S = 4.0
# The slow questions come every fifth second: all of them are to be met.
_LOOKS, _QUICK_LOOKS = 12, 2
# The title of the process table says so.
_ALL_LISTED = re.compile(r"processes · .*\ball\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Monitor:
    """A monitor and the keys it is tried with.

    Attributes:
        name: How it is called here.
        command: Its command, by its path.
        key: Opens something.
        word: What is on the screen then.
        back: Closes it.
    """

    name: str
    command: tuple[str, ...]
    key: str
    word: str
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """How much is measured."""

    scenes: tuple[tuple[Driver, int], ...]
    rounds: int
    settle_s: float
    windows: int
    window_s: float
    presses: int


_FULL = _Extent(
    scenes=tuple((driver, gpus) for driver in (FREE, REALISTIC) for gpus in (1, 2, 8, 16)),
    rounds=3,
    settle_s=5.0,
    windows=2,
    window_s=5.0,
    presses=8,
)
_QUICK = _Extent(
    scenes=((FREE, 1), (REALISTIC, 8)),
    rounds=1,
    settle_s=3.0,
    windows=1,
    window_s=2.0,
    presses=2,
)


def measure(*, quick: bool) -> Outcome:
    """The machine view beside nvtop and nvitop, on simulated GPUs and in turn."""
    extent = _QUICK if quick else _FULL
    monitors, notes = _monitors()
    results: dict[Scene, dict[str, Values]] = {}
    with simulated_gpus.sleepers(GPU_PROCESSES) as pids:
        # Rounds on the outside: what changes on the machine meanwhile meets all scenes alike.
        for number in range(extent.rounds):
            for driver, gpus in extent.scenes:
                of_scene = results.setdefault(Scene(driver.name, gpus), {})
                for name in reversed(monitors) if number % 2 else monitors:
                    values = of_scene.setdefault(name, Values())
                    _run(monitors[name], driver, gpus, pids, values, extent)
    notes += [
        f"{name}: {values.missed_keys} key presses changed nothing in {_KEY_LIMIT_S:g} s "
        f"({scene.gpus} GPUs, {scene.driver})."
        for scene, of_scene in results.items()
        for name, values in of_scene.items()
        if values.missed_keys
    ]
    figures = side_by_side.figures(results, ours=_OURS, free=FREE.name, real=REALISTIC.name)
    return Outcome(
        figures=tuple(figures),
        notes=tuple(notes),
        text=side_by_side.table(results),
        raw={"scenes": [_to_raw(scene, of_scene) for scene, of_scene in results.items()]},
    )


def measure_looks(*, quick: bool) -> Outcome:
    """A look at all GPUs where each NVML call takes a millisecond."""
    with simulated_gpus.sleepers(GPU_PROCESSES) as pids:
        counts = (8,) if quick else (1, 2, 8, 16)
        figures = [_look_figure(gpus, pids, _QUICK_LOOKS if quick else _LOOKS) for gpus in counts]
    return Outcome(figures=tuple(figures))


def measure_processes(*, quick: bool) -> Outcome:
    """The machine view with all processes of a host that has 2,000 sleeping ones."""
    extent = _QUICK if quick else _FULL
    values = Values()
    with (
        simulated_gpus.sleepers(_HOST_PROCESSES) as pids,
        PtyProgram(
            programs.racetop(), simulated_gpus.environment(1, FREE, pids[:GPU_PROCESSES])
        ) as program,
    ):
        program.watch(extent.settle_s)
        program.press("a")
        program.wait_until(
            lambda: _ALL_LISTED.search(program.screen().text()) is not None,
            "the list of all processes",
            limit_s=_KEY_LIMIT_S,
        )
        program.watch(extent.settle_s)
        for _ in range(extent.windows * extent.rounds):
            _window(program, values, extent.window_s)
    name = f"{_HOST_PROCESSES:,} sleeping host processes listed"
    return Outcome(
        figures=(
            Figure(
                name=f"CPU of one core, {name}",
                values=tuple(values.cpu_pct),
                unit=" %",
                budget=Budget(limit=5.0),
            ),
            Figure(name=f"memory (PSS), {name}", values=tuple(values.pss_mib), unit=" MiB"),
            Figure(name="  to the terminal", values=tuple(values.bytes_per_s), unit=" B/s"),
        ),
        raw={"windows": asdict(values)},
    )


def _monitors() -> tuple[dict[str, _Monitor], list[str]]:
    """The monitors that are here, and what to remark about them."""
    ours = _Monitor(name=_OURS, command=tuple(programs.racetop()), key="p", word="paused", back="p")
    found, notes = {_OURS: ours}, []
    escape, f2 = "\x1b", "\x1bOQ"
    for name, variable, options, key, word, back in (
        ("nvtop", NVTOP_VARIABLE, ("-d", "10"), f2, "General Options", escape),
        ("nvitop", NVITOP_VARIABLE, ("--interval", "1"), "h", "Press any key", "h"),
    ):
        path = shutil.which(os.environ.get(variable, name))
        if path is None:
            notes.append(f"{name} is not here; {variable} may name it.")
            continue
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        notes.append(f"{name}: {' '.join(said.stdout.split()) or 'of unknown version'}")
        found[name] = _Monitor(name=name, command=(path, *options), key=key, word=word, back=back)
    return found, notes


def _run(
    monitor: _Monitor,
    driver: Driver,
    gpus: int,
    pids: Sequence[int],
    values: Values,
    extent: _Extent,
) -> None:
    """A monitor once in a scene."""
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as folder:
        counts = Path(folder) / "counts"
        environment = simulated_gpus.environment(gpus, driver, pids, counts)
        # Nobody's own settings of a monitor shall count.
        environment["XDG_CONFIG_HOME"] = folder
        _watch(monitor, environment, counts, values, extent)


def _watch(
    monitor: _Monitor,
    environment: Mapping[str, str],
    counts: Path,
    values: Values,
    extent: _Extent,
) -> None:
    with prompt_clock(), PtyProgram(monitor.command, environment) as program:
        program.watch(extent.settle_s)
        for _ in range(extent.windows):
            calls = _calls(counts)
            took_s = _window(program, values, extent.window_s)
            values.calls_per_s.append((_calls(counts) - calls) / took_s)
        delays_ms = list(_press(program, monitor, extent.presses))
    values.key_ms += [delay_ms for delay_ms in delays_ms if delay_ms is not None]
    values.missed_keys += delays_ms.count(None)


def _window(program: PtyProgram, values: Values, seconds: float) -> float:
    """Add what a program costs in a stretch of time; returns how long that was."""
    start_s, cpu_s, written = program.now_s(), program.tree_cpu_s(), program.written_bytes()
    program.watch(seconds)
    took_s = program.now_s() - start_s
    values.cpu_pct.append(100 * (program.tree_cpu_s() - cpu_s) / took_s)
    values.bytes_per_s.append((program.written_bytes() - written) / took_s)
    values.pss_mib.append(program.tree_pss_bytes() / _MIB)
    return took_s


def _press(program: PtyProgram, monitor: _Monitor, presses: int) -> Iterator[float | None]:
    """Milliseconds from each press to what it opens; None where that never came."""
    dice = random.Random(0)

    def is_open(screen: Screen) -> bool:
        return monitor.word in screen.text()

    for _ in range(presses):
        # Presses meet every phase of the second between two readings.
        program.watch(dice.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S))
        program.screen()
        pressed_s = program.press(monitor.key)
        shown_s = program.time_until(is_open, limit_s=_KEY_LIMIT_S)
        yield None if shown_s is None else (shown_s - pressed_s) * 1e3
        program.watch(dice.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S))
        program.press(monitor.back)
        program.time_until(lambda screen: not is_open(screen), limit_s=_KEY_LIMIT_S)


def _calls(counts: Path) -> int:
    """NVML calls so far."""
    try:
        return sum(simulated_gpus.calls(counts.read_bytes()).values())
    except OSError:
        return 0


def _look_figure(gpus: int, pids: Sequence[int], looks: int) -> Figure:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_looks", str(looks)],
        env=simulated_gpus.environment(gpus, A_MILLISECOND, pids),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotMeasuredError(f"the sensors alone failed:\n{done.stderr.strip()}")
    found = json.loads(done.stdout)
    if found["gpus"] != gpus:
        raise NotMeasuredError(f"{found['gpus']} simulated GPUs were seen instead of {gpus}")
    return Figure(
        name=f"look at {gpus} GPU{'s' if gpus > 1 else ''}, {A_MILLISECOND.name}, p90",
        values=tuple(found["took_ms"]),
        unit=" ms",
        digits=1,
        quantile=0.9,
        budget=Budget(limit=50.0) if gpus == 8 else None,
    )


def _to_raw(scene: Scene, of_scene: Mapping[str, Values]) -> dict[str, object]:
    values = {name: asdict(found) for name, found in of_scene.items()}
    return {"driver": scene.driver, "gpus": scene.gpus, "programs": values}
