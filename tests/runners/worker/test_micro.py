"""The micro tasks, on inputs of a few numbers."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TypeVar

import pytest
import torch

from runners.events import (
    DataReady,
    EpochFinished,
    EpochStarted,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    WarningRaised,
    WorkerEvent,
)
from runners.events.wire import decode
from runners.worker import micro
from runners.worker.channel import EventChannel
from runners.worker.devices import Device
from runners.worker.stop import Stop, StopAsked
from runners.workloads import JobSettings, Kind, Precision, Workload
from runners.workloads.catalogue import CATALOGUE

pytestmark = pytest.mark.torch

Event = TypeVar("Event", bound=WorkerEvent)
CPU = torch.device("cpu")
SIDE = 32


def small(name: str) -> Workload:
    """A task of the catalogue with smaller inputs."""
    workload = CATALOGUE[name]
    shape = (*workload.input_shape[:-2], SIDE, SIDE)
    return replace(workload, input_shape=shape)


def settings_of(name: str, batch_size: int = 3) -> JobSettings:
    return JobSettings(workload=name, device="cpu", batch_size=batch_size, epochs=2)


def result_of(name: str, settings: JobSettings | None = None) -> object:
    torch.manual_seed(0)
    with torch.no_grad():
        return micro.TASKS[name](small(name), settings or settings_of(name), CPU).call()


def run(settings: JobSettings, stop: Stop | None = None) -> list[WorkerEvent]:
    read_fd, write_fd = os.pipe()
    channel = EventChannel(write_fd)
    try:
        micro.run(small(settings.workload), settings, Device(CPU), channel, stop or Stop())
    finally:
        channel.close()
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as stream:
            events = [decode(line) for line in stream]
    return events


def only(events: list[WorkerEvent], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_each_micro_task_of_the_catalogue_can_be_made() -> None:
    names = {name for name, workload in CATALOGUE.items() if workload.kind is Kind.MICRO}
    assert names == set(micro.TASKS)


@pytest.mark.parametrize("name", micro.TASKS)
def test_each_call_is_a_timed_unit(name: str) -> None:
    events = run(settings_of(name))
    assert [e.epoch for e in only(events, EpochStarted)] == [1, 2]
    calls = only(events, EpochFinished)
    assert [(e.epoch, e.samples, e.steps, e.train_loss) for e in calls] == [
        (1, 3, 1, None),
        (2, 3, 1, None),
    ]
    assert all(e.epoch_s > 0 and e.process_s is not None for e in calls)
    assert all(e.phases == Phases() and e.peak_device_used_bytes is None for e in calls)
    assert not only(events, DataReady)
    assert not only(events, WarningRaised)
    models = only(events, ModelReady)
    assert [m.parameters for m in models] == ([11_689_512] if name == "inference" else [])
    stages = [Stage.MODEL_BUILD if name == "inference" else Stage.PREPROCESS]
    assert [e.stage for e in only(events, StageFinished)] == stages


@pytest.mark.parametrize(
    ("batch_size", "shape"), [(1, (SIDE, SIDE)), (3, (3, SIDE, SIDE))], ids=["one", "several"]
)
@pytest.mark.parametrize("precision", list(Precision))
def test_matmul_multiplies_in_the_number_format_asked_for(
    batch_size: int, shape: tuple[int, ...], precision: Precision
) -> None:
    product = result_of("matmul", replace(settings_of("matmul", batch_size), precision=precision))
    assert isinstance(product, torch.Tensor)
    assert product.shape == shape
    assert product.dtype == (torch.bfloat16 if precision is Precision.BF16 else torch.float32)
    assert product.float().std().item() == pytest.approx(SIDE**0.5, rel=0.2)


def test_resize_makes_each_image_an_eighth_smaller_and_keeps_its_light() -> None:
    images = result_of("resize")
    assert isinstance(images, list)
    assert [(image.shape, image.dtype) for image in images] == [((3, 28, 28), torch.uint8)] * 3
    assert images[0].float().mean().item() == pytest.approx(127.5, rel=0.1)


def test_augment_changes_each_image_in_its_own_way_but_not_its_size() -> None:
    images = result_of("augment", settings_of("augment", 8))
    assert isinstance(images, list)
    assert {(image.shape, image.dtype) for image in images} == {((3, SIDE, SIDE), torch.uint8)}
    again = result_of("augment", settings_of("augment", 8))
    assert isinstance(again, list)
    assert all(torch.equal(one, two) for one, two in zip(images, again, strict=True))
    assert len({image.float().mean().item() for image in images}) == 8


def test_inference_answers_with_a_score_for_each_class() -> None:
    answers = result_of("inference", settings_of("inference", 2))
    assert isinstance(answers, torch.Tensor)
    assert answers.shape == (2, 1000)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("matmul", {"--compile", "--layers", "--workers"}),
        ("resize", {"--compile", "--layers", "--precision", "--workers"}),
        ("augment", {"--compile", "--layers", "--precision", "--workers"}),
    ],
)
def test_options_that_make_no_difference_are_named(name: str, options: set[str]) -> None:
    given = replace(
        settings_of(name), compile=True, layers=True, workers=1, precision=Precision.BF16
    )
    warnings = [event.text for event in only(run(given), WarningRaised)]
    assert warnings == [f"{option} makes no difference to {name}." for option in sorted(options)]


def test_a_stop_keeps_the_calls_that_are_done() -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(StopAsked):
        run(settings_of("matmul"), stop)
