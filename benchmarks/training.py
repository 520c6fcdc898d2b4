"""Trains in every way that is compared, and reads the epochs' times back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.figures import NotMeasuredError, alternating
from benchmarks.pty_program import PtyProgram
from benchmarks.quiet import wait_for_quiet
from runners.events import DataReady, EpochFinished, Event, JobDone, JobFailed
from runners.launching.launch import run_worker
from runners.paths import cache_dir
from runners.workloads import JobSettings, Variant
from runners.workloads.catalogue import CATALOGUE
from sensors.system.cores import usable_cores

WORKLOAD = "fashion-cnn"

# Monotonic times between which something was so.
Spans = list[tuple[float, float]]

# A script of each kind: as a person would write it, and as fast as a plain loop gets.
PLAIN_SCRIPT, FAST_SCRIPT = (
    Path(__file__).with_name(name) for name in ("plain_script.py", "fast_script.py")
)
_PLAIN_EPOCH = re.compile(r"^epoch \d+: ([\d.]+) s", re.MULTILINE)
_START_LIMIT_S, _RACE_LIMIT_S, _EXPORT_LIMIT_S = 60.0, 600.0, 20.0
_LAST_EVENTS_S = 1.0
_QUIET_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training.

    Attributes:
        epochs_s: Seconds of each epoch, without its evaluation.
        starts_mono_s: When each epoch began; empty where nothing tells it.
        processes_s: CPU seconds of each epoch; empty likewise.
        test_accuracy: Share of right answers after the last epoch; None likewise.
    """

    epochs_s: tuple[float, ...]
    starts_mono_s: tuple[float, ...] = ()
    processes_s: tuple[float, ...] = ()
    test_accuracy: float | None = None

    @property
    def steady_s(self) -> float:
        """Median seconds of the epochs after the first."""
        return statistics.median(self.epochs_s[1:])


def one_core_settings(variant: Variant, *, epochs: int, samples: int) -> JobSettings:
    """A job alone on one core: threads that wait for each other would only add noise."""
    return JobSettings(
        workload=WORKLOAD,
        device="cpu",
        variant=variant,
        batch_size=CATALOGUE[WORKLOAD].batch_size,
        epochs=epochs,
        train_samples=samples,
        threads=1,
        cores=usable_cores().cpu_ids[-1:],
        data="generated",
        cache_dir=str(cache_dir()),
    )


def in_our_worker(settings: JobSettings) -> Run:
    """Train in a worker process, as the program itself does."""
    epochs = [e for e in _worker_events(settings) if isinstance(e, EpochFinished)]
    return Run(
        epochs_s=tuple(epoch.epoch_s for epoch in epochs),
        starts_mono_s=tuple(epoch.started_mono_s for epoch in epochs),
        processes_s=tuple(e.process_s for e in epochs if e.process_s is not None),
    )


def data_root(settings: JobSettings) -> str:
    """The folder that a worker reads the data set from; it is made if need be."""
    found = _worker_events(replace(settings, epochs=1, train_samples=settings.batch_size))
    return next(event.path for event in found if isinstance(event, DataReady))


def in_script(settings: JobSettings, root: str, path: Path) -> Run:
    """Train the same by a script that uses nothing of ours, on the same core."""
    command = [sys.executable, str(path), root]
    command += ["--samples", str(settings.train_samples), "--epochs", str(settings.epochs)]
    command += ["--batch-size", str(settings.batch_size), "--threads", str(settings.threads)]
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, settings.cores)
    try:
        script = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    finally:
        os.sched_setaffinity(0, usable)
    printed, _ = script.communicate()
    if script.returncode:
        raise NotMeasuredError(f"{path.name} ended with status {script.returncode}")
    return Run(epochs_s=tuple(float(text) for text in _PLAIN_EPOCH.findall(printed)))


def by_compare(*options: str, workload: str = WORKLOAD, cache: Path | None = None) -> list[Run]:
    """Train by `racetop compare`; a run for each job."""
    more = {"XDG_CACHE_HOME": str(cache)} if cache else {}
    done = subprocess.run(
        programs.racetop("compare", workload, "--quiet", "--json", "--no-history", *options),
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasuredError(f"`racetop compare` ended with status {done.returncode}")
    return _runs(json.loads(done.stdout))


def on_live_screen(*options: str, hold_every_s: float | None = None) -> tuple[list[Run], Spans]:
    """Train with the live screen open; the figures are those its export key writes.

    Args:
        options: Of the race.
        hold_every_s: How long to let the screen's process run and to hold it, in turn, while
            the workers go on; None: never hold it.

    Returns:
        The runs, and when the screen's process was held.
    """
    held: Spans = []
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as name:
        folder = Path(name)
        command = programs.racetop(WORKLOAD, *options)
        with PtyProgram(command, programs.environment(), folder=folder, leave_keys="qy") as program:
            program.wait_until(program.has_workers, "a worker", limit_s=_START_LIMIT_S)
            while hold_every_s and program.has_workers():
                program.watch(hold_every_s)
                start_s = time.monotonic()
                with program.stopped():
                    program.watch(hold_every_s)
                held.append((start_s, time.monotonic()))
            program.wait_until(
                lambda: not program.has_workers(), "the end of the race", limit_s=_RACE_LIMIT_S
            )
            program.watch(_LAST_EVENTS_S)
            program.press("e")
            # The page is written last.
            program.wait_until(
                lambda: any(folder.glob("*.html")), "an export", limit_s=_EXPORT_LIMIT_S
            )
        (file,) = folder.glob("*.json")
        return _runs(json.loads(file.read_text(encoding="utf-8"))), held


def in_turn(sides: Mapping[str, Callable[[], Run]], *, rounds: int) -> dict[str, list[Run]]:
    """Train on all sides, in alternating order, each time when the machine is quiet."""
    runs: dict[str, list[Run]] = {name: [] for name in sides}
    for name in alternating(list(sides), rounds):
        wait_for_quiet(_QUIET_LIMIT_S)
        runs[name].append(sides[name]())
    return runs


def steady_ratios(above: Sequence[Run], below: Sequence[Run]) -> tuple[float, ...]:
    """By round, the steady epoch of one side over that of the other."""
    return tuple(a.steady_s / b.steady_s for a, b in zip(above, below, strict=True))


def ratios_within(run: Run, held: Spans) -> tuple[float, ...]:
    """By held span, the epochs before it over the epochs in it; those cut by an edge left out.

    The first epoch is left out as well, and a span without an epoch on both sides.
    """
    ratios = []
    before_s = run.starts_mono_s[1]
    for start_s, end_s in held:
        running, stopped = (
            _epochs_within(run, before_s, start_s),
            _epochs_within(run, start_s, end_s),
        )
        if running and stopped:
            ratios.append(statistics.median(running) / statistics.median(stopped))
        before_s = end_s
    return tuple(ratios)


def to_raw(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """Runs as JSON values."""
    return {name: [asdict(run) for run in found] for name, found in runs.items()}


def _epochs_within(run: Run, start_s: float, end_s: float) -> list[float]:
    epochs = zip(run.starts_mono_s, run.epochs_s, strict=True)
    return [took_s for at_s, took_s in epochs if start_s <= at_s and at_s + took_s <= end_s]


def _worker_events(settings: JobSettings) -> list[Event]:
    events: list[Event] = []
    asyncio.run(run_worker(settings, events.append))
    if not any(isinstance(event, JobDone) for event in events):
        said = [event.message for event in events if isinstance(event, JobFailed)]
        raise NotMeasuredError(f"a worker failed: {' '.join(said) or 'it did not say why'}")
    return events


def _runs(document: dict[str, Any]) -> list[Run]:
    return [_run(job) for job in document["jobs"]]


def _run(job: dict[str, Any]) -> Run:
    if job["status"] != "done":
        raise NotMeasuredError(f"the job {job['label']} is {job['status']}: {job['error']}")
    return Run(
        epochs_s=tuple(epoch["epoch_s"] for epoch in job["epochs"]),
        starts_mono_s=tuple(epoch["started_mono_s"] for epoch in job["epochs"]),
        processes_s=tuple(e["process_s"] for e in job["epochs"] if e["process_s"] is not None),
        test_accuracy=job["test_accuracy"],
    )
