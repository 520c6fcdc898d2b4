"""What a remedy should gain is what it gains where it is applied to the same training."""

from __future__ import annotations

import pytest

from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.records import Diagnosis
from runners.machine.figures import EpochMachine
from runners.spec import Order
from runners.state import ComparisonState
from runners.workloads import JobSettings, Precision, Variant
from tests.fakes.planted import Bench, Cause, found_of, on_cpu, on_gpu

SPAWNED = {"workers": 2, "start_method": "spawn"}


async def runs_of(bench: Bench, job: JobSettings) -> tuple[ComparisonState, Diagnosis]:
    state = await bench.diagnosed(job)
    found = diagnose(state)
    assert found is not None
    return state, found


def changes_of(found: Diagnosis) -> list[dict[str, object]]:
    return [dict(remedy.changes) for remedy in found.remedies]


@pytest.mark.parametrize(
    ("cause", "job"),
    [
        (Cause(item_s=3e-5), on_cpu()),
        (Cause(item_s=3e-5), on_gpu()),
        (Cause(item_s=2e-6), on_cpu()),
        (Cause(item_s=3e-5, copy_s=5e-6, read_s=1e-3), on_gpu()),
        (Cause(copy_s=5e-6), on_gpu()),
        (Cause(read_s=1e-3, item_s=2e-6), on_gpu()),
        (Cause(step_s=1e-2, item_s=2e-5), on_gpu()),
        (Cause(step_s=1e-2), on_cpu(batch_size=1)),
        (Cause(item_s=1e-4, start_s=0.3), on_gpu(workers=2)),
        (Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.4), on_cpu(workers=8)),
    ],
)
async def test_a_gain_that_is_predicted_is_the_gain_that_is_measured(
    cause: Cause, job: JobSettings
) -> None:
    bench = Bench(cause)
    state, found = await runs_of(bench, job)
    promised = [each for each in found.remedies if each.predicted and not each.is_bound]
    assert promised
    for remedy in promised:
        tried = await bench.tried(state, remedy)
        assert tried.problem is None
        assert tried.gain is not None
        assert tried.gain.value == pytest.approx(remedy.predicted, rel=0.03)


@pytest.mark.parametrize(
    ("cause", "job"),
    [
        (Cause(item_s=3e-5), on_gpu()),
        (Cause(item_s=3e-4, cores_busy=3.0), on_gpu(workers=2)),
        (Cause(item_s=1e-5, start_s=0.4), on_gpu(workers=2)),
    ],
)
async def test_no_remedy_gains_more_than_its_bound(cause: Cause, job: JobSettings) -> None:
    bench = Bench(cause)
    state, found = await runs_of(bench, job)
    bounds = [each for each in found.remedies if each.is_bound and each.predicted]
    assert bounds
    for remedy in bounds:
        gain = (await bench.tried(state, remedy)).gain
        assert gain is not None
        assert gain.value is not None
        assert 1.05 < gain.value < 1.03 * (remedy.predicted or 0.0)


async def test_in_memory_the_same_kernels_run_as_before() -> None:
    found = await found_of(Cause(item_s=3e-5), on_gpu())
    in_memory = {"variant": Variant.TUNED, "channels_last": False, "fused": False}
    assert in_memory in changes_of(found)
    fused = await found_of(Cause(item_s=3e-5), on_gpu(fused=True, channels_last=True))
    assert in_memory | {"channels_last": True, "fused": True} in changes_of(fused)


async def test_the_most_promising_comes_first_and_no_more_than_three_come() -> None:
    cause = Cause(item_s=1e-5, start_s=0.4)
    found = await found_of(cause, on_gpu(**SPAWNED))
    predicted = [remedy.predicted or 0.0 for remedy in found.remedies]
    assert predicted == sorted(predicted, reverse=True)
    assert len(found.remedies) == 3


async def test_more_loader_processes_are_for_cores_that_are_idle() -> None:
    idle = await found_of(Cause(item_s=3e-5, cores_busy=1.0), on_gpu())
    busy = await found_of(Cause(item_s=3e-5, cores_busy=8.0), on_gpu())
    assert {"workers": 3} in changes_of(idle)
    assert not any("workers" in changes for changes in changes_of(busy))


async def test_no_more_loader_processes_than_idle_cores() -> None:
    found = await found_of(Cause(item_s=1e-3, cores_busy=3.5), on_gpu(workers=2))
    assert {"workers": 6} in changes_of(found)


async def test_starts_that_weigh_are_spared() -> None:
    found = await found_of(Cause(item_s=1e-5, start_s=0.4), on_gpu(**SPAWNED))
    assert {"persistent_workers": True} in changes_of(found)
    assert {"start_method": "fork"} in changes_of(found)
    light = await found_of(Cause(item_s=1e-4, start_s=0.01), on_gpu(**SPAWNED))
    assert {"persistent_workers": True} not in changes_of(light)


async def test_pages_are_locked_where_they_are_not_yet() -> None:
    copies = Cause(copy_s=5e-6)
    assert {"pin_memory": True} in changes_of(await found_of(copies, on_gpu()))
    assert {"pin_memory": True} not in changes_of(await found_of(copies, on_gpu(pin_memory=True)))


async def test_loader_processes_that_take_the_cores_are_to_be_fewer() -> None:
    cause = Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.4)
    found = await found_of(cause, on_cpu(workers=8))
    assert {"workers": 7} in changes_of(found)
    assert "its own 8 loader processes share 8 cores with it" in found.sentence
    assert not any("what else runs" in remedy.what for remedy in found.remedies)


async def test_where_neighbors_take_cores_too_both_are_remedied() -> None:
    cause = Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.6, core_wait=0.3)
    found = await found_of(cause, on_cpu(workers=8))
    assert {"workers": 7} in changes_of(found)
    assert any("what else runs" in remedy.what for remedy in found.remedies)


async def test_fewer_loader_processes_are_no_remedy_for_neighbors() -> None:
    found = await found_of(Cause(item_s=1e-5, core_wait=0.3), on_cpu(workers=8))
    assert "other processes" in found.sentence
    assert changes_of(found) == [{}]


async def test_more_threads_than_cores_are_to_be_fewer_and_no_neighbor_is_blamed() -> None:
    found = await found_of(Cause(core_wait=0.5), on_cpu(threads=16))
    assert changes_of(found) == [{"threads": 8}]
    neighbors = EpochMachine(looks=2, other_cores_busy=6.2)
    found = await found_of(Cause(core_wait=0.5, machine=neighbors), on_cpu(threads=16))
    assert changes_of(found) == [{"threads": 8}, {}]


async def test_loader_processes_are_bound_by_steps_that_still_copy() -> None:
    found = await found_of(Cause(item_s=3e-5, copy_s=5e-6), on_gpu())
    (fed,) = (remedy for remedy in found.remedies if "workers" in dict(remedy.changes))
    # 45 us a sample as it is, 15 us with its copy and its step.
    assert fed.predicted == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("cause", "job", "words"),
    [
        (Cause(core_wait=0.5), on_cpu(), "end what else runs"),
        (Cause(machine=EpochMachine(looks=2, throttled_s=9.0), core_wait=0.5), on_cpu(), "quota"),
        (Cause(machine=EpochMachine(looks=2, steal_pct=40.0)), on_cpu(), "virtual machine"),
        (Cause(machine=EpochMachine(looks=2, thermal_throttled_s=9.0)), on_cpu(), "cool"),
    ],
)
async def test_what_racetop_cannot_change_is_said_in_words(
    cause: Cause, job: JobSettings, words: str
) -> None:
    bench = Bench(cause)
    state, found = await runs_of(bench, job)
    (remedy,) = found.remedies
    assert words in remedy.what
    assert (remedy.changes, remedy.predicted, remedy.command) == ((), None, None)
    tried = await bench.tried(state, remedy)
    assert (tried.gain, tried.problem) == (None, "racetop cannot change that itself.")


async def test_of_arithmetic_nothing_is_predicted() -> None:
    found = await found_of(Cause(), on_gpu())
    assert changes_of(found) == [
        {"precision": Precision.BF16},
        {"channels_last": True},
        {"compile": True},
    ]
    assert {remedy.predicted for remedy in found.remedies} == {None}


async def test_what_a_job_has_already_is_no_remedy() -> None:
    job = on_gpu(variant=Variant.TUNED, precision=Precision.BF16, compile=True)
    (remedy,) = (await found_of(Cause(), job)).remedies
    assert remedy.what.startswith("take a faster device")
    assert remedy.changes == ()


async def test_a_tuned_loop_that_its_own_batches_hold_up_is_told_so() -> None:
    job = on_gpu(variant=Variant.TUNED)
    (remedy,) = (await found_of(Cause(batch_s=1e-3), job)).remedies
    assert remedy.what.startswith("do less for each batch")


async def test_a_remedy_that_fails_says_why() -> None:
    bench = Bench(Cause(item_s=3e-5))
    state, found = await runs_of(bench, on_cpu())
    bench.cause = Cause(in_set=10)
    tried = await bench.tried(state, found.remedies[0])
    assert tried.gain is None
    assert tried.problem is not None
    assert "more than the set has" in tried.problem


async def test_a_stop_while_a_remedy_is_tried_is_said() -> None:
    bench = Bench(Cause(item_s=3e-5))
    state, found = await runs_of(bench, on_cpu())
    bench.stops_at = len(bench.plans) + 1
    tried = await bench.tried(state, found.remedies[0])
    assert (tried.gain, tried.problem) == (None, "It was stopped before there were figures.")


async def test_a_remedy_is_tried_in_turn_on_the_same_cut() -> None:
    bench = Bench(Cause(item_s=3e-5))
    state, found = await runs_of(bench, on_cpu())
    tried = await bench.tried(state, found.remedies[0])
    plan = bench.plans[-1]
    assert (plan.order, plan.trials, len(plan.jobs)) == (Order.IN_TURN, 3, 2)
    assert len({job.settings.train_samples for job in plan.jobs}) == 1
    assert tried.gain is not None
    assert tried.gain.low is not None
    assert tried.gain.low <= (tried.gain.value or 0.0) <= (tried.gain.high or 0.0)
