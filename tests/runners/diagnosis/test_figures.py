"""A cut epoch overstates what starts once in a whole one."""

from __future__ import annotations

import pytest

from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.figures import epoch_sample_s, figures_of
from runners.diagnosis.plan import Role
from runners.diagnosis.records import Bottleneck, Part
from runners.workloads import JobSettings
from tests.fakes.planted import Bench, Cause, found_of, on_cpu, on_gpu

STARTS = Cause(item_s=1e-4, start_s=0.5)


def whole_sample_s(cause: Cause, job: JobSettings) -> float:
    """Seconds a sample of a whole epoch, as it is planted."""
    whole = cause.epoch(job, 2, 1.0)
    return whole.epoch_s / whole.samples


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(
    "cause",
    [
        STARTS,
        Cause(item_s=1e-4, start_s=0.5, sample_s=1e-4),
        Cause(item_s=1e-5, start_s=0.5),
        Cause(item_s=3e-5, start_s=0.02),
    ],
)
async def test_a_cut_epoch_tells_of_a_whole_one(cause: Cause, workers: int) -> None:
    job = on_gpu(workers=workers)
    found = await found_of(cause, job)

    assert found.samples_per_s is not None
    assert 1 / found.samples_per_s.value == pytest.approx(whole_sample_s(cause, job), rel=0.02)


async def test_uncorrected_the_start_would_weigh_too_much() -> None:
    job = on_gpu(workers=2)
    epoch = (await Bench(STARTS).diagnosed(job)).runs_of(0)[0].epochs[1]
    taken_s = epoch_sample_s(epoch, 2, 60_000)

    assert epoch.epoch_s / epoch.samples > 1.2 * taken_s
    assert taken_s == pytest.approx(whole_sample_s(STARTS, job), rel=0.02)


async def test_the_loader_alone_is_told_of_a_whole_epoch_too() -> None:
    found = await found_of(STARTS, on_gpu(workers=2))
    whole_s = 60_000 * 1e-4 / 2 + 0.5
    loader = dict(found.capacities)[Part.LOADER]
    assert loader.value == pytest.approx(60_000 / whole_s, rel=0.02)


async def test_a_whole_epoch_is_as_long_as_was_asked_for() -> None:
    few = await found_of(STARTS, on_gpu(workers=2, train_samples=6_000))
    many = await found_of(STARTS, on_gpu(workers=2))
    assert few.samples_per_s is not None
    assert many.samples_per_s is not None
    # 0.3 s of input and 0.5 s to start against 3 s and 0.5 s.
    assert few.samples_per_s.value == pytest.approx(6_000 / 0.8, rel=0.02)
    assert many.samples_per_s.value == pytest.approx(60_000 / 3.5, rel=0.02)


async def test_loader_processes_that_live_on_start_once() -> None:
    job = on_gpu(workers=2, persistent_workers=True)
    found = await found_of(STARTS, job)
    assert found.samples_per_s is not None
    assert found.samples_per_s.value == pytest.approx(60_000 / 3.0, rel=0.02)


async def test_a_start_that_weighs_is_told_and_one_that_does_not_is_not() -> None:
    heavy, light = STARTS, Cause(item_s=1e-4, start_s=0.05)
    text = "To start 2 loader processes takes"
    told = [(await found_of(cause, on_gpu(workers=2))).evidence for cause in (heavy, light)]
    assert any(line.startswith(text) for line in told[0])
    assert not any(line.startswith(text) for line in told[1])


async def test_without_the_size_of_the_set_the_cut_is_taken_for_the_whole() -> None:
    job = on_gpu(workers=2)
    epoch = STARTS.epoch(job, 2, 1.0)
    assert epoch_sample_s(epoch, 2, None) == pytest.approx(epoch.epoch_s / epoch.samples, rel=0.01)


async def test_what_no_clock_tells_is_unknown() -> None:
    found = await found_of(Cause(), on_cpu())
    assert found.shares.transfer is None
    assert found.shares.sync is None
    assert found.shares.throttled is None
    assert Part.TRANSFER not in dict(found.capacities)


async def test_figures_come_as_the_runs_do() -> None:
    state = await Bench(Cause(item_s=3e-5), stops_at=2).diagnosed(on_cpu())
    assert set(figures_of(state).sample_s) == {Role.AS_IT_IS}
    found = diagnose(state)
    assert found is not None
    assert found.bottleneck is Bottleneck.UNDECIDED
    assert found.shares.stall is None
