"""Histories for tests, and comparisons to put into them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Event,
    Heartbeat,
    Hello,
    JobDone,
    JobFailed,
    LatencyMeasured,
    LayersMeasured,
    LayerTimes,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    StageStarted,
    StepProgress,
    WarningRaised,
)
from runners.history.hosts import Host
from runners.history.store import History
from runners.machine.figures import EnergySource, EpochMachine
from runners.process_events import (
    EpochObserved,
    LogLine,
    UnreadableLine,
    WorkerExited,
    WorkerStarted,
)
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState, apply, skip_waiting
from runners.workloads import Variant
from tests.fakes.training import finished_run, plan

HERE = Host(name="here", id="0" * 16)
THERE = Host(name="there", id="1" * 16)
REQUEST = Request(workloads=("mlp",), variants=(Variant.TUNED,), batch_sizes=(32, 64))
OUT_OF_MEMORY: list[Event] = [
    WorkerStarted(pid=1, mono_s=0.0),
    JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="Full."),
    WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=1.0),
]


def history(path: Path, *, host: Host = HERE) -> History:
    return History.open(path, host=host)


def record(
    kept: History,
    *runs: list[Event],
    of: Plan | None = None,
    request: Request | None = None,
) -> tuple[int, ComparisonState]:
    """Keep a comparison with these events, a list for each run; its number and its live state."""
    of = of or plan("cpu")
    recorder = kept.begin(of, request, {"host": {"hostname": "here"}, "processes": [1]})
    state = ComparisonState.of(of)
    for key, events in zip(state.runs, runs, strict=False):
        for event in events:
            state = apply(state, key, event)
            recorder.event(key, event)
    state = skip_waiting(state)
    recorder.finish(state)
    recorder.close()
    assert recorder.problem is None
    assert recorder.id is not None
    return recorder.id, state


def a_done_one(kept: History, *labels: str, epoch_s: float = 1.0) -> int:
    """Keep a comparison whose runs all are done; its number."""
    of = plan(*(labels or ("cpu",)))
    return record(kept, *[finished_run(2 * epoch_s, epoch_s) for _ in of.jobs], of=of)[0]


def a_stopped_one(kept: History) -> int:
    """Keep one of three runs: one done, one stopped on its way, one never started."""
    under_way: list[Event] = [
        WorkerStarted(pid=1, mono_s=0.0),
        WorkerExited(returncode=0, stopped=True, oom_killed=False, mono_s=1.0),
    ]
    return record(kept, finished_run(1.0, 1.0), under_way, of=plan("cpu", trials=3))[0]


def happenings(draw: random.Random) -> Iterator[Event]:
    """Events without end, of every kind and in no sensible order."""
    number = draw.randrange(1, 5)
    while True:
        times: dict[str, Any] = {
            "mono_s": draw.random(),
            "wall_s": draw.random(),
            "seq": draw.randrange(99),
        }
        maybe = draw.choice((None, draw.random()))
        yield draw.choice(
            (
                WorkerStarted(pid=number, mono_s=draw.random()),
                Hello(pid=number, python="3", cores=(0, 1), **times),
                StageStarted(stage=draw.choice(tuple(Stage)), **times),
                StageFinished(stage=draw.choice(tuple(Stage)), took_s=draw.random(), **times),
                DeviceReady(
                    device_name="a \x1b[31m", versions={"torch": "2"}, threads=2, notes=("n", "m")
                ),
                DataReady(source="real", name="M", path="/p", train_samples=9, test_samples=3),
                ModelReady(parameters=3, trainable_parameters=2, weights=None),
                EpochStarted(epoch=number, epochs=9, steps=3, samples=9, **times),
                StepProgress(epoch=number, step=1, steps=3, samples=3, elapsed_s=0.1),
                _epoch(draw, number, maybe, times),
                EvaluationFinished(
                    epoch=number, eval_s=0.1, samples=3, test_loss=0.1, test_accuracy=0.9
                ),
                LatencyMeasured(latencies_ms=(draw.random(), 1.0)),
                LayersMeasured(
                    batch_size=1,
                    layers=(LayerTimes(name="0", layer="Linear", cold_ms=2.0, warm_ms=(1.0,)),),
                ),
                EpochObserved(epoch=number, machine=_machine(draw, number, maybe)),
                Heartbeat(step=number),
                WarningRaised(text=f"careful {number}"),
                LogLine(stream="stderr", text="half a pair \udcff"),
                UnreadableLine(text="{"),
                JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="full", traceback="a\nb"),
                JobDone(interrupted=draw.choice((True, False)), dropped_events=number),
                WorkerExited(
                    returncode=draw.choice((0, 1, -9)),
                    stopped=draw.choice((True, False)),
                    oom_killed=False,
                    mono_s=draw.random(),
                ),
            )
        )


def _epoch(
    draw: random.Random, number: int, maybe: float | None, times: dict[str, Any]
) -> EpochFinished:
    return EpochFinished(
        epoch=number,
        started_mono_s=draw.random(),
        epoch_s=draw.random(),
        process_s=maybe,
        samples=9,
        steps=3,
        train_loss=maybe,
        phases=Phases(data_wait_s=maybe, forward_s=0.1),
        **times,
    )


def _machine(draw: random.Random, number: int, maybe: float | None) -> EpochMachine:
    return EpochMachine(
        looks=number,
        power_w=maybe,
        energy_j=maybe,
        energy_source=draw.choice((None, *EnergySource)),
        clock_limit_s=draw.choice((None, {}, {"hw-thermal": 0.5})),
        dips=number,
    )


def keys_of(of: Plan) -> list[RunKey]:
    return list(ComparisonState.of(of).runs)
