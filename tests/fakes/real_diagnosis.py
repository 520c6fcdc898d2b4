"""A diagnosis with real workers, faults planted in them, and what else may hold their cores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.planted_worker import planted_server
from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing
from runners.diagnosis.plan import MOST_TRIALS
from runners.diagnosis.records import Diagnosis
from runners.events import EpochStarted
from runners.launching.warm import WarmWorkers
from runners.spec import Plan
from runners.state import ComparisonState
from runners.workloads import JobSettings
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.real_worker import RealWorker

# Where version 1 keeps groups of processor time, then version 2.
_CPU_GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
_PERIOD_US = 100_000
# What is planted is large, so a short look at it does.
TRIAL_S = 0.15


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
    settings: JobSettings,
    *faults: str,
    group: Path | None,
    trials: int = MOST_TRIALS,
    trial_s: float = TRIAL_S,
) -> Diagnosis:
    """What is found of a job with these faults, from brief epochs.

    Args:
        settings: The job.
        faults: As `benchmarks.planted_worker` takes them.
        group: The list of processes of the control group to train in; None for none.
        trials: Repeats of each run, at most: three do where the class may stay open.
        trial_s: About how long a steady epoch shall take, in seconds.
    """

    async def runs() -> ComparisonState:
        command = in_group(group, *planted_server(*faults))
        with closing(WarmWorkers(command=command)) as warm:

            async def run_plan(plan: Plan) -> ComparisonState:
                return await Comparison(plan, lambda *_: None, run_worker=warm.run_worker).run()

            diagnosing = Diagnosing(settings, run_plan=run_plan, trial_s=trial_s, trials=trials)
            return await diagnosing.run()

    state = asyncio.run(runs())
    found = diagnose(state)
    assert found is not None, [run.error for run in state.runs.values()]
    return found


def in_group(group: Path | None, *command: str) -> tuple[str, ...]:
    """The command, in a control group if there is one; its own arguments may follow."""
    if group is None:
        return command
    return ("sh", "-c", f'echo $$ > {group} && exec "$@"', "sh", *command)


def first_core() -> int:
    """One of the cores that may be used."""
    return min(os.sched_getaffinity(0))


@contextmanager
def training_on(core: int, data: Path, group: Path | None) -> Iterator[None]:
    """Another training on a core, in a control group if there is one."""
    settings = job("fashion-cnn", data, epochs=1_000, cores=(core,))
    with RealWorker(settings) as worker:
        if group is not None:
            group.write_text(str(worker.process.pid))
        next(event for event in worker.events() if isinstance(event, EpochStarted))
        yield


@contextmanager
def control_group(cores: float | None = None) -> Iterator[Path]:
    """A control group that comes before all others on the cores; its list of processes.

    Args:
        cores: So many cores' worth of time it may use; None for all.

    Raises:
        OSError: No such group can be made here.
    """
    root = next((root for root in _CPU_GROUPS if root.is_dir()), _CPU_GROUPS[-1])
    group = root / f"racetop-test-{os.getpid()}"
    group.mkdir()
    try:
        if (limit := group / "cpu.max").exists():
            (group / "cpu.weight").write_text("10000")
            if cores is not None:
                limit.write_text(f"{int(cores * _PERIOD_US)} {_PERIOD_US}")
        else:
            (group / "cpu.shares").write_text("262144")
            if cores is not None:
                (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
                (group / "cpu.cfs_quota_us").write_text(str(int(cores * _PERIOD_US)))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()
