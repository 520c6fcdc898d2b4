"""Comparisons as the product runs them, and a record of one: readings beside events."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import IO, Any

from benchmarks.gpu.findings import Setting
from benchmarks.gpu.machine import without_names
from runners.comparison import Comparison, OnChange
from runners.events import Event, WorkerEvent
from runners.events.wire import encode
from runners.launching.warm import WarmWorkers
from runners.planning import make_plan
from runners.process_events import WorkerStarted
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from sensors.wanted import Wanted

_EVERY_S = 1.0

Watch = Callable[[Comparison, RunKey | None, Event | None], None]


class Recorder:
    """Writes a race down so that it can be played again.

    `events.jsonl`: the plan, then each event with its job, its trial and when it arrived; what
    workers said is in `event`, in the wire's form, what the launching side added in `local`.
    `telemetry.jsonl`: the machine's readings, each a snapshot. `mono_s` is the same monotonic
    clock in both.

    Args:
        folder: Where to write.
        plan: What is raced.

    Attributes:
        readings: How many readings were written.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._labels: dict[int, str] = {}
        self._plan = plan
        self.readings = 0
        with ExitStack() as stack:
            self._events = stack.enter_context((folder / "events.jsonl").open("w"))
            self._telemetry = stack.enter_context((folder / "telemetry.jsonl").open("w"))
            self._stack = stack.pop_all()
        jobs = [{"label": job.label, "settings": job.settings.to_wire()} for job in plan.jobs]
        workload, order = plan.name, str(plan.order)
        _write(
            self._events,
            {"plan": {"workload": workload, "order": order, "trials": plan.trials, "jobs": jobs}},
        )
        self._sampler = Sampler(
            self._on_reading,
            interval_s=_EVERY_S,
            wanted=lambda: Wanted(own_pids=frozenset(self._labels)),
        )

    def __enter__(self) -> Recorder:
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._sampler.stop()
        self._stack.close()

    def on_event(self, key: RunKey, event: Event) -> None:
        """Write an event down."""
        if isinstance(event, WorkerStarted):
            settings = self._plan.jobs[key.job].settings
            label = f"racetop worker {settings.device} {settings.workload}"
            self._labels[event.pid] = label
        line = {"mono_s": time.monotonic(), "job": key.job, "trial": key.trial, **_event(event)}
        _write(self._events, line)

    def _on_reading(self, reading: Reading) -> None:
        line = {"mono_s": reading.taken_at_s, **without_names(snapshot(reading), self._labels)}
        _write(self._telemetry, line)
        self.readings += 1


def run_comparison(
    request: Request,
    setting: Setting,
    *,
    watch: Watch = lambda _comparison, _key, _event: None,
    record_in: Path | None = None,
) -> tuple[ComparisonState, int]:
    """Run a comparison as `racetop compare` does.

    Args:
        request: What to compare.
        setting: Where its data is kept.
        watch: Called after each event.
        record_in: A folder to write the race's events and the machine's readings to.

    Returns:
        The state at the end, and how many readings were written down.
    """
    plan = _plan(request, setting)
    recorder = Recorder(record_in, plan) if record_in else None

    def on_change(_state: ComparisonState, key: RunKey | None, event: Event | None) -> None:
        if recorder and key is not None and event is not None:
            recorder.on_event(key, event)
        watch(comparison, key, event)

    changed: OnChange = on_change
    warm = WarmWorkers()
    comparison = Comparison(plan, changed, run_worker=warm.run_worker)

    async def run() -> ComparisonState:
        with closing(warm):
            return await comparison.run()

    with ExitStack() as stack:
        if recorder:
            stack.enter_context(recorder)
        state = asyncio.run(run())
    return state, recorder.readings if recorder else 0


@contextmanager
def comparing(setting: Setting) -> Iterator[Callable[[Request], ComparisonState]]:
    """What runs one comparison after the other, torch imported once for all their workers.

    Args:
        setting: Where their data is kept.
    """
    warm = WarmWorkers()

    async def run(request: Request) -> ComparisonState:
        plan = _plan(request, setting)
        return await Comparison(plan, lambda *_: None, run_worker=warm.run_worker).run()

    # One loop for all of them: the processes that import torch are heard in it.
    with asyncio.Runner() as runner, closing(warm):
        yield lambda request: runner.run(run(request))


def _plan(request: Request, setting: Setting) -> Plan:
    if setting.is_rehearsal:
        # A rehearsal is not the only one on its machine; threads that wait for each other are.
        request = replace(request, threads=(1,))
    cores, data_dir = usable_cores(), setting.cache / "data"
    return make_plan(request, cores, data_dir=data_dir, cache_dir=setting.cache)


def workers_left(state: ComparisonState) -> list[int]:
    """Process ids of workers that are still there."""
    return [run.pid for run in state.runs.values() if run.pid is not None and _is_there(run.pid)]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _event(event: Event) -> dict[str, Any]:
    if isinstance(event, WorkerEvent):
        return {"event": json.loads(encode(event))}
    assert is_dataclass(event)
    return {"local": {"kind": event.kind} | {f.name: getattr(event, f.name) for f in fields(event)}}


def _write(stream: IO[str], record: dict[str, Any]) -> None:
    stream.write(json.dumps(record, separators=(",", ":")) + "\n")
    stream.flush()
