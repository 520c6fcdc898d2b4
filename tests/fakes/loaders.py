"""Sweeps of loader processes, as the events that would have led to their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runners.events import Event, LoaderUse, Phases
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved
from runners.spec import Request
from runners.state import ComparisonState
from tests.fakes.published import ending, opening, planned
from tests.fakes.training import epoch, replayed

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What the epochs of a count of loader processes take, in seconds.

    Attributes:
        epoch_s: A steady epoch; several are those of several trials.
        wait_s: Waiting for data in it.
        first_s: Before the first batch.
        core_s: Waiting for a core.
        loader_s: CPU time of the processes.
        memory_bytes: Memory of each of them.
        start_method: How they were started.
        others_busy: Cores that all else kept busy; None where nothing looked.
    """

    epoch_s: float | tuple[float, ...]
    wait_s: float | None = 0.5
    first_s: float | None = 0.01
    core_s: float | None = 0.0
    loader_s: float | None = 1.0
    memory_bytes: int | None = 100 * MIB
    start_method: str = "fork"
    others_busy: float | None = None


def fed_run(workers: int, fed: Fed, trial: int = 0) -> list[Event]:
    """A whole run of three epochs, the cold one twice as long."""
    times_s = fed.epoch_s if isinstance(fed.epoch_s, tuple) else (fed.epoch_s,)
    memory = None if fed.memory_bytes is None else workers * fed.memory_bytes
    loader = LoaderUse(
        processes=workers,
        start_method=fed.start_method,
        cpu_s=fed.loader_s,
        memory_bytes=memory,
    )
    epochs: list[Event] = [
        epoch(
            number,
            times_s[trial] * (2 if number == 1 else 1),
            phases=Phases(data_wait_s=fed.wait_s),
            first_wait_s=fed.first_s,
            core_wait_s=fed.core_s,
            loader=loader if workers else None,
        )
        for number in (1, 2, 3)
    ]
    machine = EpochMachine(looks=4, other_cores_busy=fed.others_busy)
    seen = [EpochObserved(epoch=number, machine=machine) for number in (1, 2, 3)]
    looked = [] if fed.others_busy is None else seen
    return [*opening("A CPU", samples=1000), *epochs, *looked, *ending()]


def workers_sweep(
    found: Mapping[int, Fed | Sequence[Event]],
    *,
    cores: int = 2,
    trials: int = 1,
    **changes: Any,
) -> ComparisonState:
    """A sweep that is over, but for counts that have other events than a whole run."""
    request = replace(Request(workloads=("mlp",), workers=tuple(found)), **changes)
    plan = planned(request, trials=trials)
    jobs = tuple(
        replace(job, settings=replace(job.settings, cores=tuple(range(cores)))) for job in plan.jobs
    )
    runs = [
        fed_run(workers, fed, trial) if isinstance(fed, Fed) else list(fed)
        for trial in range(trials)
        for workers, fed in found.items()
    ]
    return replayed(replace(plan, jobs=jobs), *runs)
