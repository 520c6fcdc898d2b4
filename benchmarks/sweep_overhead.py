"""What a sweep takes beside its training: imports, starts, set-up, latencies, ends."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.quiet import wait_for_quiet
from runners.comparison import Comparison, RunWorker
from runners.events import (
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    Event,
    Heartbeat,
    Hello,
    LatencyMeasured,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    WorkerEvent,
)
from runners.launching.launch import run_worker
from runners.launching.warm import WarmWorkers
from runners.paths import cache_dir, data_dir
from runners.planning import make_plan
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState, RunStatus
from runners.workloads import Variant
from sensors.system.cores import usable_cores

_BATCH_SIZES = (16, 24, 32, 48, 64, 96, 128, 192, 256, 512)
# As written and tuned differ tenfold; both are to take one to two seconds a cell.
_SAMPLES = {Variant.AS_WRITTEN: 12_000, Variant.TUNED: 60_000}
_EPOCHS, _ROUNDS = 2, 3
_QUIET_LIMIT_S = 15.0
_BUDGET = Budget(limit=15.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One sweep.

    Attributes:
        wall_s: From its start to the end of its last worker.
        training_s: Epochs and evaluations of all cells.
        parts_s: Where the rest went, by what it was.
    """

    wall_s: float
    training_s: float
    parts_s: Mapping[str, float]

    @property
    def overhead_pct(self) -> float:
        """What it took beside its training, in percent of that."""
        return 100 * (self.wall_s / self.training_s - 1)


def measure(*, quick: bool) -> Outcome:
    """A 20-cell sweep's time over the sum of its training times, warm and cold workers."""
    plans = [_plan(variant, quick=quick) for variant in _SAMPLES]
    sweeps: dict[str, list[Sweep]] = {"warm": [], "cold": []}
    _sweep([_plan(variant, quick=True) for variant in _SAMPLES], "warm")  # makes the data
    # Cold ones are there to compare with; one of them does.
    for name in ["warm", "cold", *["warm"] * (0 if quick else _ROUNDS - 1)]:
        wait_for_quiet(_QUIET_LIMIT_S)
        sweeps[name].append(_sweep(plans, name))
    cells = sum(len(plan.jobs) for plan in plans)
    training_s = sweeps["warm"][0].training_s / cells
    return Outcome(
        figures=tuple(
            Figure(
                name=f"overhead of a {cells}-cell sweep, {name} workers",
                values=tuple(sweep.overhead_pct for sweep in found),
                unit=" %",
                digits=1,
                budget=_BUDGET if name == "warm" else None,
            )
            for name, found in sweeps.items()
        ),
        notes=(
            f"A cell trains {training_s:.1f} s on average, evaluations included.",
            *(f"{name}: {_parts(found)}" for name, found in sweeps.items()),
        ),
        raw={
            name: [
                {"wall_s": s.wall_s, "training_s": s.training_s, "parts_s": s.parts_s}
                for s in found
            ]
            for name, found in sweeps.items()
        },
    )


def _plan(variant: Variant, *, quick: bool) -> Plan:
    request = Request(
        workloads=("mlp",),
        variants=(variant,),
        batch_sizes=_BATCH_SIZES[:2] if quick else _BATCH_SIZES,
        # Threads that wait for each other would only add noise.
        threads=(1,),
        epochs=(_EPOCHS,),
        train_samples=_SAMPLES[variant],
        data="generated",
    )
    return make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())


def _sweep(plans: Sequence[Plan], name: str) -> Sweep:
    async def sweep() -> Sweep:
        with closing(WarmWorkers()) as warm:
            return await _run(plans, warm.run_worker if name == "warm" else run_worker)

    return asyncio.run(sweep())


async def _run(plans: Sequence[Plan], run_worker: RunWorker) -> Sweep:
    runs: defaultdict[tuple[int, RunKey], list[Event]] = defaultdict(list)
    start_s = time.monotonic()
    for number, plan in enumerate(plans):

        def note(
            _state: ComparisonState, key: RunKey | None, event: Event | None, number: int = number
        ) -> None:
            if key is not None and event is not None:
                runs[number, key].append(event)

        state = await Comparison(plan, note, run_worker=run_worker).run()
        if any(run.status is not RunStatus.DONE for run in state.runs.values()):
            raise NotMeasuredError("a run of the sweep failed")
    wall_s = time.monotonic() - start_s
    parts_s: defaultdict[str, float] = defaultdict(float)
    training_s = 0.0
    for events in runs.values():
        trained_s, parts = split(events)
        training_s += trained_s
        for part, took_s in parts.items():
            parts_s[part] += took_s
    parts_s["between runs"] = wall_s - training_s - sum(parts_s.values())
    return Sweep(wall_s=wall_s, training_s=training_s, parts_s=dict(parts_s))


def split(events: Sequence[Event]) -> tuple[float, dict[str, float]]:
    """Seconds of one run's epochs and evaluations, and of all else in it by what it was.

    An import that was ahead of the run is no part of it.
    """
    parts_s: defaultdict[str, float] = defaultdict(float)
    training_s = 0.0
    before_s: float | None = None
    for event in events:
        if isinstance(event, Heartbeat) or not isinstance(
            event, WorkerEvent | WorkerStarted | WorkerExited
        ):
            continue
        if isinstance(event, EpochFinished):
            training_s += event.epoch_s
        elif isinstance(event, EvaluationFinished):
            training_s += event.eval_s
        if before_s is not None:
            parts_s[_part_before(event, events)] += max(0.0, event.mono_s - before_s)
        before_s = max(before_s or 0.0, event.mono_s)
    parts_s["around epochs"] -= training_s
    return training_s, dict(parts_s)


def _part_before(event: Event, events: Sequence[Event]) -> str:
    """What the time before an event went to."""
    match event:
        case StageFinished(stage=Stage.IMPORT):
            waited = any(isinstance(e, StageStarted) and e.stage is Stage.IMPORT for e in events)
            return "import" if waited else "start"
        case StageFinished():
            return event.stage.value.replace("_", " ")
        case Hello():
            return "start"
        case EpochFinished() | EvaluationFinished() | EpochStarted() | StepProgress():
            return "around epochs"
        case LatencyMeasured():
            return "latencies"
        case WorkerExited():
            return "end"
        case _:
            return "other"


def _parts(sweeps: Sequence[Sweep]) -> str:
    names = sweeps[0].parts_s
    means = {name: sum(sweep.parts_s[name] for sweep in sweeps) / len(sweeps) for name in names}
    return ", ".join(f"{name} {took_s:.1f} s" for name, took_s in means.items())
