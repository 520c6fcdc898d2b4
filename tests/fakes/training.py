"""Settings, plans and events for tests, each with as little as matters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from runners.events import DataReady, EpochFinished, EvaluationFinished, Event, JobDone, Phases
from runners.process_events import WorkerExited, WorkerStarted
from runners.spec import JobSpec, Order, Plan, RunKey
from runners.state import ComparisonState, apply
from runners.workloads import JobSettings

FAKE_WORKER = Path(__file__).with_name("worker.py")
FAKE_FORK_SERVER = Path(__file__).with_name("fork_server.py")


def fake_command(scenario: str) -> tuple[str, ...]:
    """The command that starts the fake worker in a scenario."""
    return (sys.executable, str(FAKE_WORKER), scenario)


def fake_server_command(scenario: str) -> tuple[str, ...]:
    """The command that starts a fork server of fake workers in a scenario."""
    return (sys.executable, str(FAKE_FORK_SERVER), scenario)


def settings(**changes: Any) -> JobSettings:
    values: dict[str, Any] = {"workload": "mlp", "device": "cpu", "batch_size": 100, "epochs": 3}
    return JobSettings(**(values | changes))


def plan(
    *labels: str, order: Order = Order.TOGETHER, trials: int = 1, notes: tuple[str, ...] = ()
) -> Plan:
    """A plan with a job for each label, the first word of which is its device."""
    jobs = tuple(
        JobSpec(label=label, settings=settings(device=label.split()[0])) for label in labels
    )
    return Plan(order=order, trials=trials, jobs=jobs, notes=notes)


def epoch(number: int, epoch_s: float, *, samples: int = 1000, **changes: Any) -> EpochFinished:
    values: dict[str, Any] = {
        "epoch": number,
        "started_mono_s": 0.0,
        "epoch_s": epoch_s,
        "process_s": None,
        "samples": samples,
        "steps": 10,
        "train_loss": 0.5,
        "phases": Phases(data_wait_s=epoch_s / 4, forward_s=epoch_s / 4),
    }
    return EpochFinished(**(values | changes))


def finished_run(*epochs_s: float, samples: int = 1000) -> list[Event]:
    """All events of a run with these epoch times, from 0 s on and one right after the other."""
    events: list[Event] = [
        WorkerStarted(pid=1, mono_s=0.0),
        DataReady(
            source="generated", name="MNIST", path="-", train_samples=samples, test_samples=100
        ),
    ]
    now_s = 0.0
    for number, epoch_s in enumerate(epochs_s, 1):
        events += [
            epoch(number, epoch_s, samples=samples, started_mono_s=now_s),
            EvaluationFinished(
                epoch=number, eval_s=0.1, samples=100, test_loss=0.4, test_accuracy=0.9
            ),
        ]
        now_s += epoch_s
    return [
        *events,
        JobDone(interrupted=False, dropped_events=0),
        WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=now_s),
    ]


def replayed(plan: Plan, *runs: list[Event]) -> ComparisonState:
    """The state after these events, a list for each run: all jobs of trial 0, then of trial 1."""
    state = ComparisonState.of(plan)
    keys = [RunKey(job=j, trial=t) for t in range(plan.trials) for j in range(len(plan.jobs))]
    for key, events in zip(keys, runs, strict=False):
        for event in events:
            state = apply(state, key, event)
    return state
