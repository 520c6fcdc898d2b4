"""A diagnosis with real workers, faults planted in them, and what else may hold their cores."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.planted_worker import planted_server
from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing
from runners.diagnosis.records import Diagnosis
from runners.events import EpochStarted
from runners.launching.warm import WarmWorkers
from runners.spec import Plan
from runners.state import ComparisonState
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.real_worker import RealWorker

_BUSY = "while True: pass"
# Where version 1 keeps groups of processor time, then version 2.
_CPU_GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))


def job(workload: str, data: Path, **changes: Any) -> JobSettings:
    """A job on one core, which leaves the noise of many threads out, on data in a folder."""
    values: dict[str, Any] = {
        "workload": workload,
        "device": "cpu",
        "batch_size": CATALOGUE[workload].batch_size,
        "epochs": CATALOGUE[workload].epochs,
        "threads": 1,
        "cores": (first_core(),),
        "data": str(data),
    }
    return JobSettings(**(values | changes))


def diagnosed(
    settings: JobSettings, *faults: str, trial_s: float = 0.3
) -> tuple[Diagnosis, ComparisonState]:
    """What is found of a job with these faults, and the runs behind it."""

    async def runs() -> ComparisonState:
        with closing(WarmWorkers(command=planted_server(*faults))) as warm:

            async def run_plan(plan: Plan) -> ComparisonState:
                return await Comparison(plan, lambda *_: None, run_worker=warm.run_worker).run()

            diagnosing = Diagnosing(settings, run_plan=run_plan, trial_s=trial_s)
            return await diagnosing.run()

    state = asyncio.run(runs())
    found = diagnose(state)
    assert found is not None, [run.error for run in state.runs.values()]
    return found, state


def first_core() -> int:
    """One of the cores that may be used."""
    return min(os.sched_getaffinity(0))


@contextmanager
def neighbor_on(core: int) -> Iterator[None]:
    """A process that uses all of a core it can get."""
    process = subprocess.Popen([sys.executable, "-c", _BUSY])
    try:
        os.sched_setaffinity(process.pid, [core])
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def training_on(core: int, data: Path) -> Iterator[None]:
    """Another training on a core."""
    settings = job("fashion-cnn", data, epochs=1_000, cores=(core,))
    with RealWorker(settings) as worker:
        next(event for event in worker.events() if isinstance(event, EpochStarted))
        yield


@contextmanager
def quota_of(cores: float) -> Iterator[Path]:
    """A control group that may use so many cores' worth of time; its list of processes.

    It comes before all others, so that nothing but the quota keeps its processes waiting.

    Raises:
        OSError: No such group can be made here.
    """
    period_us = 100_000
    group = next((root for root in _CPU_GROUPS if root.is_dir()), _CPU_GROUPS[-1]) / "racetop-test"
    group.mkdir()
    try:
        if (limit := group / "cpu.max").exists():
            limit.write_text(f"{int(cores * period_us)} {period_us}")
            (group / "cpu.weight").write_text("10000")
        else:
            (group / "cpu.shares").write_text("262144")
            (group / "cpu.cfs_period_us").write_text(str(period_us))
            (group / "cpu.cfs_quota_us").write_text(str(int(cores * period_us)))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()
