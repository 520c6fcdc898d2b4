"""Jobs that leave out part of the loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from runners.events import (
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    JobDone,
    LatencyMeasured,
    ModelReady,
    Phases,
    StepProgress,
    WorkerEvent,
)
from runners.worker import job, kept_batches, loader_alone
from runners.worker.channel import EventChannel
from runners.worker.data import sets
from runners.worker.devices import Device
from runners.worker.errors import WorkerError
from runners.worker.inputs import Inputs, make_inputs
from runners.worker.loader_alone import LoaderAlone
from runners.worker.metrics import ItemMetrics
from runners.worker.models import RECIPES
from runners.worker.stop import Stop, StopAsked
from runners.workloads import JobSettings, Probe, Variant
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.image_sets import make_set
from tests.fakes.in_process import events_of, only

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
PROBED = [Variant.AS_WRITTEN, Variant.TUNED]
KEEPING = [Probe.HOST_CACHED, Probe.CACHED, Probe.UNREAD]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_set(tmp_path_factory.mktemp("data"), "FashionMNIST", train=130, test=20)


def settings_of(root: Path, variant: Variant, probe: Probe | None) -> JobSettings:
    return JobSettings(
        workload="fashion-cnn",
        device="cpu",
        variant=variant,
        batch_size=50,
        epochs=2,
        threads=1,
        data=str(root),
        probe=probe,
    )


def inputs_of(settings: JobSettings, device: torch.device = CPU) -> Inputs:
    recipe = RECIPES["fashion-cnn"]
    data = sets.load(CATALOGUE["fashion-cnn"], recipe, settings)
    return make_inputs(data, recipe, settings, device)


def run(settings: JobSettings) -> list[WorkerEvent]:
    return events_of(lambda channel: job.run(settings, channel, Stop()))


@pytest.mark.parametrize("variant", PROBED)
@pytest.mark.parametrize("probe", list(Probe))
def test_a_probe_has_the_steps_of_the_job_and_tests_nothing(
    root: Path, variant: Variant, probe: Probe
) -> None:
    events = run(settings_of(root, variant, probe))
    assert [(e.epoch, e.samples, e.steps) for e in only(events, EpochFinished)] == [
        (1, 130, 3),
        (2, 130, 3),
    ]
    assert [(e.steps, e.samples) for e in only(events, EpochStarted)] == [(3, 130), (3, 130)]
    assert not only(events, EvaluationFinished)
    assert not only(events, LatencyMeasured)
    assert isinstance(events[-1], JobDone)


@pytest.mark.parametrize("variant", PROBED)
def test_the_loader_alone_has_no_model_and_does_nothing_but_wait(
    root: Path, variant: Variant
) -> None:
    events = run(settings_of(root, variant, Probe.LOADER))
    assert not only(events, ModelReady)
    for epoch in only(events, EpochFinished):
        assert (epoch.train_loss, epoch.train_accuracy) == (None, None)
        phases = epoch.phases
        assert phases.data_wait_s is not None
        assert phases.total_s() == phases.data_wait_s
        assert 0.5 * epoch.epoch_s < phases.data_wait_s <= epoch.epoch_s


def test_the_loader_alone_is_not_timed_where_that_is_not_wanted(root: Path) -> None:
    settings = settings_of(root, Variant.AS_WRITTEN, Probe.LOADER)
    for epoch in only(run(replace(settings, phase_timing=False)), EpochFinished):
        assert (epoch.phases, epoch.first_wait_s, epoch.step_times) == (Phases(), None, None)


@pytest.mark.parametrize("variant", PROBED)
@pytest.mark.parametrize("probe", KEEPING)
def test_kept_batches_are_those_of_the_input_and_the_same_in_each_pass(
    root: Path, variant: Variant, probe: Probe
) -> None:
    own = list(inputs_of(settings_of(root, variant, None)).train)
    train = inputs_of(settings_of(root, variant, probe)).train
    kept = list(train)
    assert len(kept) == len(own)
    for ours, theirs in zip(kept, own, strict=True):
        for mine, its in zip(ours, theirs, strict=True):
            assert torch.equal(mine, its)
            assert (mine.dtype, mine.stride()) == (its.dtype, its.stride())
    assert all(a is b for a, b in zip(train, kept, strict=True))


@pytest.mark.parametrize(
    ("probe", "place"),
    [(Probe.HOST_CACHED, "cpu"), (Probe.CACHED, "meta"), (Probe.UNREAD, "meta")],
)
def test_host_cached_batches_are_left_where_the_loader_puts_them(
    root: Path, probe: Probe, place: str
) -> None:
    inputs = inputs_of(settings_of(root, Variant.AS_WRITTEN, probe), torch.device("meta"))
    assert [part.device.type for batch in inputs.train for part in batch] == [place] * 6
    assert [len(labels) for _, labels in inputs.train] == [50, 50, 30]


@pytest.mark.parametrize("variant", PROBED)
def test_a_first_epoch_on_kept_batches_comes_to_the_same_loss(root: Path, variant: Variant) -> None:
    losses = [
        [e.train_loss for e in only(run(settings_of(root, variant, probe)), EpochFinished)]
        for probe in (None, *KEEPING)
    ]
    assert losses[1] == losses[2] == pytest.approx(losses[3])
    assert losses[1][0] == losses[0][0]
    assert losses[1][1] != losses[0][1]


@pytest.mark.parametrize(("probe", "reads"), [(None, 6), (Probe.CACHED, 6), (Probe.UNREAD, 0)])
def test_only_the_unread_probe_reads_no_figures_in_its_steps(
    root: Path, monkeypatch: pytest.MonkeyPatch, probe: Probe | None, reads: int
) -> None:
    added: list[int] = []

    def add(self: ItemMetrics, loss: torch.Tensor, *rest: torch.Tensor) -> None:
        added.append(1)
        plain_add(self, loss, *rest)

    plain_add = ItemMetrics.add
    monkeypatch.setattr(ItemMetrics, "add", add)
    events = run(replace(settings_of(root, Variant.AS_WRITTEN, probe), test_samples=1))
    assert len(added) - len(only(events, EvaluationFinished)) == reads


@pytest.mark.slow
def test_batches_of_loader_processes_are_kept_out_of_the_memory_they_share(root: Path) -> None:
    settings = replace(settings_of(root, Variant.AS_WRITTEN, Probe.CACHED), workers=1)
    for images, labels in inputs_of(settings).train:
        assert not images.is_shared()
        assert not labels.is_shared()


class Given:
    """Two batches of ten samples, one of five."""

    def __init__(self) -> None:
        self.handed_over = 0

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for size in (10, 10, 5):
            self.handed_over += 1
            yield torch.zeros(size, 2**18), torch.zeros(size, dtype=torch.int64)


@pytest.mark.parametrize(("free_mib", "fits"), [(None, True), (32, True), (31, False), (0, False)])
def test_what_would_not_fit_is_refused_after_the_first_batch(
    monkeypatch: pytest.MonkeyPatch, free_mib: int | None, *, fits: bool
) -> None:
    """A pass takes a little more than 25 MiB, and a fifth is left to others."""
    free = None if free_mib is None else free_mib * 2**20 + 1000
    monkeypatch.setattr(kept_batches, "available_bytes", lambda _device: free)
    batches = Given()
    if fits:
        assert [len(labels) for _, labels in kept_batches.kept(batches, 25, CPU)] == [10, 10, 5]
        return
    with pytest.raises(WorkerError, match="The batches of a pass take 25 MiB") as caught:
        kept_batches.kept(batches, 25, CPU)
    assert batches.handed_over == 1
    assert caught.value.kind is ErrorKind.OUT_OF_MEMORY
    fewer = 24 if free_mib else 1
    assert f"--train-samples {fewer} or fewer" in caught.value.remedy


@pytest.mark.parametrize(
    ("workload", "variant", "why"),
    [
        ("matmul", Variant.AS_WRITTEN, "no epochs"),
        ("resnet63", Variant.AS_WRITTEN, "no epochs"),
        ("fashion-cnn", Variant.IDEAL, "on the device already"),
    ],
)
def test_a_probe_that_can_tell_nothing_is_refused(
    root: Path, workload: str, variant: Variant, why: str
) -> None:
    settings = replace(settings_of(root, variant, Probe.CACHED), workload=workload)
    with pytest.raises(WorkerError, match=why) as caught:
        run(settings)
    assert caught.value.remedy


def test_the_loader_alone_tells_how_far_it_is_and_ends_when_asked_to(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader_alone, "PROGRESS_EVERY_S", 0.0)
    settings = settings_of(root, Variant.AS_WRITTEN, Probe.LOADER)
    stop, device = Stop(), Device(CPU)
    stop.ask()

    def take(channel: EventChannel) -> None:
        inputs = inputs_of(settings)
        alone = LoaderAlone(settings, inputs.train, 130, device, channel, stop)
        with pytest.raises(StopAsked):
            alone.run_epoch(1)

    (told,) = only(events_of(take), StepProgress)
    assert (told.step, told.steps, told.samples) == (1, 3, 50)
    assert told.phases.data_wait_s
