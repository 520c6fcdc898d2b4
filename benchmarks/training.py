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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.figures import NotMeasuredError
from benchmarks.pty_program import PtyProgram
from runners.events import DataReady, EpochFinished, Event, JobDone, JobFailed
from runners.launch import run_worker
from runners.paths import cache_dir
from runners.workloads import CATALOGUE, JobSettings, Variant
from sensors.cores import usable_cores

WORKLOAD = "fashion-cnn"

_PLAIN_SCRIPT = Path(__file__).with_name("plain_script.py")
_PLAIN_EPOCH = re.compile(r"^epoch \d+: ([\d.]+) s", re.MULTILINE)
_START_LIMIT_S, _RACE_LIMIT_S, _EXPORT_LIMIT_S = 60.0, 600.0, 20.0
_LAST_EVENTS_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training.

    Attributes:
        epochs_s: Seconds of each epoch, without its evaluation.
        processes_s: CPU seconds of each epoch; empty where nothing tells them.
        test_accuracy: Share of right answers after the last epoch; None likewise.
    """

    epochs_s: tuple[float, ...]
    processes_s: tuple[float, ...] = ()
    test_accuracy: float | None = None

    @property
    def steady_s(self) -> float:
        """Median seconds of the epochs after the first."""
        return statistics.median(self.epochs_s[1:])

    @property
    def steady_process_s(self) -> float:
        """Median CPU seconds of the epochs after the first."""
        return statistics.median(self.processes_s[1:])


def one_core_settings(
    variant: Variant, *, epochs: int, samples: int, phase_timing: bool = True
) -> JobSettings:
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
        phase_timing=phase_timing,
    )


def in_our_worker(settings: JobSettings) -> Run:
    """Train in a worker process, as the program itself does."""
    epochs = [e for e in _worker_events(settings) if isinstance(e, EpochFinished)]
    return Run(
        epochs_s=tuple(epoch.epoch_s for epoch in epochs),
        processes_s=tuple(e.process_s for e in epochs if e.process_s is not None),
    )


def data_root(settings: JobSettings) -> str:
    """The folder that a worker reads the data set from; it is made if need be."""
    found = _worker_events(replace(settings, epochs=1, train_samples=settings.batch_size))
    return next(event.path for event in found if isinstance(event, DataReady))


def in_plain_script(settings: JobSettings, root: str) -> Run:
    """Train the same by the script a person would write, on the same core."""
    command = [sys.executable, str(_PLAIN_SCRIPT), root]
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
        raise NotMeasuredError(f"{_PLAIN_SCRIPT.name} ended with status {script.returncode}")
    return Run(epochs_s=tuple(float(text) for text in _PLAIN_EPOCH.findall(printed)))


def by_compare(*options: str, cache: Path | None = None) -> list[Run]:
    """Train by `racetop compare`; a run for each job."""
    more = {"XDG_CACHE_HOME": str(cache)} if cache else {}
    done = subprocess.run(
        programs.racetop("compare", WORKLOAD, "--quiet", "--json", *options),
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasuredError(f"`racetop compare` ended with status {done.returncode}")
    return _runs(json.loads(done.stdout))


def on_live_screen(*options: str) -> list[Run]:
    """Train with the live screen open; the figures are those its export key writes."""
    with tempfile.TemporaryDirectory(prefix="racetop-bench-") as name:
        folder = Path(name)
        command = programs.racetop(WORKLOAD, *options)
        with PtyProgram(command, programs.environment(), folder=folder, leave_keys="qy") as program:
            program.wait_until(program.has_children, "a worker", limit_s=_START_LIMIT_S)
            program.wait_until(
                lambda: not program.has_children(), "the end of the race", limit_s=_RACE_LIMIT_S
            )
            program.watch(_LAST_EVENTS_S)
            program.press("e")
            # The page is written last.
            program.wait_until(
                lambda: any(folder.glob("*.html")), "an export", limit_s=_EXPORT_LIMIT_S
            )
        (file,) = folder.glob("*.json")
        return _runs(json.loads(file.read_text(encoding="utf-8")))


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
        processes_s=tuple(e["process_s"] for e in job["epochs"] if e["process_s"] is not None),
        test_accuracy=job["test_accuracy"],
    )
