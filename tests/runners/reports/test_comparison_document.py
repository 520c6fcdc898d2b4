"""docs/comparison.md tells of every key of the JSON, of its type and of when it is null."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runners.events import (
    DeviceReady,
    Event,
    JobFailed,
    LoaderUse,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    StepTimes,
    WarningRaised,
)
from runners.events import ErrorKind as Kind
from runners.machine.figures import EnergySource, EpochMachine
from runners.process_events import EpochObserved
from runners.reports.build import build
from runners.reports.conditions import Origin
from runners.reports.document import SCHEMA, to_json
from runners.reports.names import ReportName
from runners.reports.rows import COLUMNS
from runners.reports.text import to_text
from runners.spec import Order, Request, RunKey, differing, expand
from runners.state import ComparisonState, apply, spare
from runners.workloads import Precision, Probe, Variant
from sensors.snapshot import snapshot
from tests.fakes import published
from tests.fakes.finished import one_failed
from tests.fakes.loaders import Fed, workers_sweep
from tests.fakes.reading_source import make_reading
from tests.fakes.told_keys import Places, objects, told_keys, wrongly_told
from tests.fakes.training import epoch, plan, replayed

DOCUMENT = Path(__file__).parents[3] / "docs" / "comparison.md"
ELSEWHERE = (
    ".machine",
    ".versions",
    ".fits[].epochs_s",
    ".jobs[].epochs[].machine.clock_limit_s",
)
TOLD = told_keys(DOCUMENT)
SIX = (0.1,) * 6
STEP_TIMES = StepTimes(
    steps=9,
    whole_s=SIX,
    data_wait_s=SIX,
    host_to_device_s=SIX,
    forward_s=SIX,
    backward_s=SIX,
    optimizer_s=SIX,
)
NUMBERS: dict[str, Any] = {field.name: 1.5 for field in fields(EpochMachine)}
HOT = EpochMachine(
    **NUMBERS
    | {
        "looks": 4,
        "dips": 2,
        "dips_in_wait": 1,
        "energy_source": EnergySource.GPU_COUNTER,
        "clock_limit_s": {"hw-thermal": 1.0},
        "sm_clock_max_mhz": 2.0,
    }
)
ONLY_WAITS = StepTimes(steps=9, whole_s=SIX, data_wait_s=SIX)


def full() -> ComparisonState:
    """A job with everything set and measured."""
    request = everything_asked()
    jobs = expand(request, data_dir="/data", cache_dir="/cache")
    base = published.planned(request)
    state = ComparisonState.of(
        replace(
            base,
            jobs=tuple(
                replace(j, settings=replace(j.settings, cores=(0,), probe=Probe.CACHED))
                for j in jobs
            ),
            axes=differing([job.settings for job in jobs]),
            time_budget_s=60.0,
            within_pct=2.0,
            notes=("trained on few samples",),
        )
    )
    events: list[Event] = [
        *published.mnist_run(),
        StageFinished(stage=Stage.COMPILE, took_s=1.0),
        WarningRaised(text="Slow."),
        ModelReady(parameters=1, trainable_parameters=1, weights="w.pth"),
        DeviceReady(
            device_name="A GPU",
            device_uuid="GPU-1",
            versions={"torch": "2"},
            threads=1,
            notes=("a note",),
        ),
        epoch(
            6,
            1.0,
            train_accuracy=0.9,
            device_idle_s=0.1,
            first_wait_s=0.1,
            step_times=STEP_TIMES,
            copied_bytes=8,
            core_wait_s=0.1,
            loader=LoaderUse(processes=2, start_method="fork", cpu_s=0.1, memory_bytes=8),
            phases=Phases(
                data_wait_s=0.1,
                host_to_device_s=0.1,
                forward_s=0.1,
                backward_s=0.1,
                optimizer_s=0.1,
            ),
        ),
        EpochObserved(epoch=1, machine=EpochMachine(looks=0)),
        EpochObserved(epoch=6, machine=HOT),
        JobFailed(error=Kind.EXCEPTION, message="It broke.", remedy="Mend it."),
    ]
    for event in events:
        state = apply(state, RunKey(job=0, trial=0), event)
    return spare(state, [RunKey(job=1, trial=0)], "the time was up")


def everything_asked() -> Request:
    return Request(
        workloads=("mnist-cnn",),
        devices=("cuda:0",),
        baseline="cpu",
        variants=(Variant.TUNED,),
        batch_sizes=(64, 128),
        precisions=(Precision.BF16,),
        workers=(2,),
        threads=(1,),
        compiles=(True,),
        epochs=(6,),
        train_samples=100,
        test_samples=10,
        trials=1,
        order=Order.IN_TURN,
        layers=True,
        weights="w.pth",
        channels_last=True,
        fused=True,
        persistent_workers=True,
        pin_memory=True,
        start_method="spawn",
        time_budget_s=60.0,
        within_pct=2.0,
        notes=("one was left out",),
    )


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """Comparisons in which each key is null once, and once is not."""
    plain = ComparisonState.of(plan("cpu", "cuda:0"))
    origin = Origin(machine=snapshot(make_reading()), request=everything_asked())
    host = {"hostname": "box", "system": "Linux", "cpu_name": "EPYC", "cores_usable": 1.5}
    known = {
        "host": {**host, "cores_total": 2},
        "driver": {"driver_version": "580"},
        "gpus": [{"name": "H200"}],
    }
    race = Request(workloads=("mlp",), devices=("cpu", "mps"), batch_sizes=(1, 2))
    times_s = (1.0, 2.0, 2.0, 1.0)
    crossing = [published.trained("d", (s, s), samples=8, batch_size=1) for s in times_s]
    disturbed = published.trained("d", (1.0, 1.0, 1.1, 1.0, 1.2, 9.0), samples=8, batch_size=1)
    fewer = published.trained("d", (1.0, 1.0), samples=4, batch_size=1)
    lost: list[Event] = [
        epoch(
            1,
            0.0,
            train_loss=float("nan"),
            phases=Phases(),
            step_times=ONLY_WAITS,
            loader=LoaderUse(processes=1, start_method="spawn"),
        )
    ]
    failed = JobFailed(error=Kind.EXCEPTION, message="It broke.")
    states = (
        (full(), origin),
        (plain, Origin(request=Request(workloads=("mlp",)))),
        (plain, Origin(machine={})),
        (plain, Origin()),
        (one_failed(), Origin()),
        (published.calls(), Origin()),
        (published.batches(), Origin()),
        (published.mnist(), Origin()),
        (published.model_sizes(), Origin()),
        (replayed(published.planned(race), *crossing), Origin(machine=known)),
        (workers_sweep({0: Fed(epoch_s=2.0), 2: Fed(epoch_s=1.0)}), Origin()),
        (workers_sweep({1: Fed(epoch_s=1.0, wait_s=None, core_s=None), 2: []}), Origin()),
        (replayed(plan("cpu", "mps"), disturbed, fewer), Origin()),
        (replayed(plan("cpu", "mps"), lost, [failed]), Origin()),
    )
    return tuple(json.loads(json.dumps(to_json(*state))) for state in states)


def found_at(places: Places) -> list[dict[str, Any]]:
    return [
        found
        for document in documents()
        for at, found in objects(document, ELSEWHERE)
        if at in places
    ]


@pytest.mark.parametrize("places", TOLD, ids=" ".join)
def test_every_key_is_told_in_the_order_of_the_document(places: Places) -> None:
    assert found_at(places)
    assert all(list(found) == list(TOLD[places]) for found in found_at(places))


def test_every_object_has_a_table() -> None:
    there = {place for document in documents() for place, _ in objects(document, ELSEWHERE)}
    assert there == {place for places in TOLD for place in places}


@pytest.mark.parametrize("places", TOLD, ids=" ".join)
def test_every_key_is_told_with_its_type_and_with_when_it_is_null(places: Places) -> None:
    assert wrongly_told(TOLD[places], found_at(places)) == []


def test_what_is_not_told_here_is_named() -> None:
    assert SCHEMA in TOLD[("",)]["schema"][1]
    assert "snapshot.md" in TOLD[("",)]["machine"][1]
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in ReportName)


def test_the_columns_of_the_csv_are_keys_that_are_told() -> None:
    keys = {key for told in TOLD.values() for key in told}
    assert set(COLUMNS) - keys == {"data_source", "why"}


def test_the_reports_shown_are_those_that_are_made() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for state in (published.batches(), published.calls()):
        report = build(state, None, Origin())
        for part in to_text(report).split("\n\n")[: 1 + 2 * len(report.tables) - 1]:
            assert part in text
