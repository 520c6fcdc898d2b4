"""Whole jobs in this process, on small sets."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from runners.events import (
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    EvaluationFinished,
    JobDone,
    LatencyMeasured,
    ModelReady,
    Stage,
    StageFinished,
    WarningRaised,
    WorkerEvent,
)
from runners.worker import job, training
from runners.worker.devices import Device
from runners.worker.models import RECIPES
from runners.worker.network import build, compile_ahead
from runners.worker.stop import Stop
from runners.workloads import JobSettings, Precision, Variant
from runners.workloads.catalogue import CATALOGUE
from tests.fakes.image_sets import make_set, small_stand_ins
from tests.fakes.in_process import events_of, only

pytestmark = pytest.mark.torch

REAL = Path(__file__).parents[3] / ".." / "shared" / "data"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_set(folder, "MNIST")
    return make_set(folder, "FashionMNIST")


def settings_of(root: Path, workload: str = "fashion-cnn") -> JobSettings:
    return JobSettings(
        workload=workload, device="cpu", batch_size=50, epochs=2, threads=1, data=str(root)
    )


def run(settings: JobSettings, stop: Stop | None = None) -> list[WorkerEvent]:
    """The events of a job."""
    return events_of(lambda channel: job.run(settings, channel, stop or Stop()))


@pytest.mark.parametrize("workload", ["mlp", "mlp-bn", "fashion-cnn", "mnist-cnn", "cnn5"])
def test_each_workload_trains_is_tested_and_timed(root: Path, workload: str) -> None:
    events = run(settings_of(root, workload))
    (model,) = only(events, ModelReady)
    assert model.parameters == CATALOGUE[workload].parameters
    epochs = only(events, EpochFinished)
    assert [(e.epoch, e.samples, e.steps) for e in epochs] == [(1, 600, 12), (2, 600, 12)]
    losses = [epoch.train_loss or 0.0 for epoch in epochs]
    assert 0.0 < losses[1] < losses[0]
    assert [e.samples for e in only(events, EvaluationFinished)] == [200, 200]
    (latency,) = only(events, LatencyMeasured)
    assert len(latency.latencies_ms) == 100
    assert min(latency.latencies_ms) > 0
    assert isinstance(events[-1], JobDone)
    assert not events[-1].interrupted


@pytest.mark.slow
def test_text_is_counted_in_samples_and_answered_at_each_position(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("a rose is a rose is a rose. " * 300)
    settings = replace(settings_of(tmp_path, "transformer-50m"), batch_size=1, epochs=1)
    events = run(replace(settings, train_samples=2, test_samples=1))
    (epoch,) = only(events, EpochFinished)
    assert (epoch.samples, epoch.steps) == (2, 2)
    (tested,) = only(events, EvaluationFinished)
    assert tested.samples == 1
    assert 0.0 <= tested.test_accuracy <= 1.0
    (latency,) = only(events, LatencyMeasured)
    assert 10 <= len(latency.latencies_ms) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("variant", [Variant.AS_WRITTEN, Variant.TUNED])
def test_calls_on_one_batch_train_on_it_again_and_again_and_test_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: Variant
) -> None:
    small_stand_ins(monkeypatch, train=20, test=10)
    settings = replace(settings_of(tmp_path, "resnet63"), batch_size=2, epochs=4, variant=variant)
    events = run(replace(settings, data="generated", cache_dir=str(tmp_path)))
    (data,) = only(events, DataReady)
    assert (data.train_samples, data.test_samples, data.set_samples) == (2, 0, 20)
    calls = only(events, EpochFinished)
    assert [(e.epoch, e.samples, e.steps) for e in calls] == [(n, 2, 1) for n in (1, 2, 3, 4)]
    assert all(e.process_s and e.phases.total_s() for e in calls)
    losses = [call.train_loss or 0.0 for call in calls]
    assert 0.0 < losses[-1] < losses[0]
    assert not only(events, EvaluationFinished)
    assert not only(events, LatencyMeasured)
    assert isinstance(events[-1], JobDone)


@pytest.mark.slow
def test_a_net_that_starts_from_its_images_learns_by_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_stand_ins(monkeypatch, train=200, test=20)
    settings = replace(settings_of(tmp_path, "airbench94"), variant=Variant.TUNED, epochs=3)
    events = run(replace(settings, data="generated", cache_dir=str(tmp_path)))
    losses = [epoch.train_loss or 0.0 for epoch in only(events, EpochFinished)]
    assert 0.0 < losses[-1] < losses[0]


@pytest.mark.parametrize("variant", list(Variant))
def test_the_same_settings_repeat_a_run_to_the_last_digit(root: Path, variant: Variant) -> None:
    settings = replace(settings_of(root), variant=variant)
    one, two = run(settings), run(settings)
    losses = [e.train_loss for e in only(one, EpochFinished)]
    assert losses == [e.train_loss for e in only(two, EpochFinished)]
    assert [e.test_loss for e in only(one, EvaluationFinished)] == [
        e.test_loss for e in only(two, EvaluationFinished)
    ]
    other = run(replace(settings, seed=1))
    assert losses != [e.train_loss for e in only(other, EpochFinished)]


def test_the_variants_do_the_same_maths(root: Path) -> None:
    """From the same batches in the same order they reach the same loss, rounding apart."""
    settings = replace(settings_of(root, "mlp"), batch_size=600, epochs=3)
    losses = [
        [e.train_loss for e in only(run(replace(settings, variant=v)), EpochFinished)]
        for v in Variant
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[2] == pytest.approx(losses[0], rel=1e-4)


def test_phases_and_the_rest_make_up_the_epoch(root: Path) -> None:
    for epoch in only(run(settings_of(root)), EpochFinished):
        phases_s = epoch.phases.total_s()
        assert phases_s is not None
        assert 0.5 * epoch.epoch_s < phases_s < epoch.epoch_s
        assert epoch.phase_clock == "host"
        assert epoch.process_s is not None
        assert epoch.process_s > 0


def test_without_phase_timing_phases_are_unknown(root: Path) -> None:
    epochs = only(run(replace(settings_of(root), phase_timing=False)), EpochFinished)
    assert [e.phases.total_s() for e in epochs] == [None, None]


def test_bf16_trains_too_and_its_numbers_are_not_those_of_fp32(root: Path) -> None:
    settings = replace(settings_of(root), variant=Variant.TUNED)
    full = only(run(settings), EpochFinished)
    half = only(run(replace(settings, precision=Precision.BF16)), EpochFinished)
    assert (half[1].train_loss or 0.0) < (half[0].train_loss or 0.0)
    assert half[1].train_loss != full[1].train_loss
    assert half[1].train_loss == pytest.approx(full[1].train_loss, rel=0.1)


def test_threads_are_those_asked_for(root: Path) -> None:
    (device,) = only(run(replace(settings_of(root), threads=2, epochs=1)), DeviceReady)
    assert device.threads == 2
    assert device.versions["torch"] == torch.__version__


def test_a_stop_before_the_start_ends_politely_with_nothing_trained(root: Path) -> None:
    stop = Stop()
    stop.ask()
    events = run(settings_of(root), stop)
    assert not only(events, EpochStarted)
    assert isinstance(events[-1], JobDone)
    assert events[-1].interrupted


def test_what_data_is_made_for_one_run_only_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_stand_ins(monkeypatch, train=60, test=20)
    events = run(replace(settings_of(root), data="generated", epochs=1))
    assert ["not kept" in w.text for w in only(events, WarningRaised)] == [True]


def test_compiling_ahead_leaves_no_trace_in_the_training(root: Path) -> None:
    recipe = RECIPES["mnist-cnn"]
    network = build(recipe, settings_of(root, "mnist-cnn"), torch.device("cpu"))
    before = {name: value.clone() for name, value in network.module.state_dict().items()}
    random = torch.random.get_rng_state()
    compile_ahead(network, torch.zeros(1, 1, 28, 28), [8])
    assert torch.equal(torch.random.get_rng_state(), random)
    for name, value in network.module.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in network.module.parameters())
    assert not network.optimizer.state


class Forgetful(Device):
    """Notes when it began its peak of memory anew."""

    forgot_at_s = 0.0

    def forget_peak_memory(self) -> None:
        super().forget_peak_memory()
        self.forgot_at_s = time.monotonic()


def test_the_peak_of_memory_is_that_of_training_not_of_what_comes_before(root: Path) -> None:
    device = Forgetful(torch.device("cpu"))
    events = events_of(
        lambda channel: training.run(
            CATALOGUE["mlp"], settings_of(root, "mlp"), device, channel, Stop()
        )
    )
    (built,) = only(events, ModelReady)
    assert built.mono_s < device.forgot_at_s < only(events, EpochStarted)[0].mono_s


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiling_is_a_stage_of_its_own_that_the_building_of_the_model_has_no_part_in(
    root: Path,
) -> None:
    settings = replace(settings_of(root), workload="mlp", compile=True, epochs=1)
    events = run(settings)
    took_s = {event.stage: event.took_s for event in only(events, StageFinished)}
    assert took_s[Stage.COMPILE] > 10 * took_s[Stage.MODEL_BUILD]
    assert only(events, JobDone)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real MNIST is not beside this checkout")
def test_mlp_learns_the_real_mnist_in_an_epoch(tmp_path: Path) -> None:
    settings = replace(settings_of(REAL, "mlp"), batch_size=64, epochs=1, cache_dir=str(tmp_path))
    (tested,) = only(run(settings), EvaluationFinished)
    assert tested.samples == 10_000
    assert tested.test_accuracy > 0.8
