"""Each cause is named where it is planted, and is not where it is absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.diagnosis.records import Bottleneck, Part
from runners.events import EpochFinished
from runners.machine.figures import EpochMachine
from runners.workloads import JobSettings, Probe, Variant
from tests.fakes.planted import Cause, found_of, on_cpu, on_gpu

HOT = EpochMachine(
    looks=2, clock_limit_s={"hw-thermal": 9.0}, sm_clock_mhz=1000.0, sm_clock_max_mhz=1980.0
)
CAPPED = replace(HOT, clock_limit_s={"power-cap": 9.0})
COOL = replace(HOT, clock_limit_s={}, sm_clock_mhz=1980.0)
CAPPED_AT_FULL_CLOCK = replace(CAPPED, sm_clock_mhz=1950.0)
HELD_BY_QUOTA = EpochMachine(looks=2, throttled_s=9.0)

PLANTED: dict[str, tuple[Cause, JobSettings, Bottleneck]] = {
    "a slow loader": (Cause(item_s=3e-5), on_cpu(), Bottleneck.INPUT),
    "a slow loader beside a GPU": (Cause(item_s=3e-5), on_gpu(), Bottleneck.INPUT),
    "slow loader processes": (Cause(item_s=1e-4), on_gpu(workers=2), Bottleneck.INPUT),
    "a tuned loop": (Cause(), on_cpu(variant=Variant.TUNED), Bottleneck.COMPUTE),
    "a loader that costs a little": (Cause(item_s=1e-6), on_cpu(), Bottleneck.MILDLY_INPUT),
    "copies": (Cause(copy_s=5e-6), on_gpu(), Bottleneck.TRANSFER),
    "copies on a CPU are none": (Cause(copy_s=5e-6), on_cpu(), Bottleneck.COMPUTE),
    "figures read in each step": (Cause(read_s=1e-3), on_gpu(), Bottleneck.SYNC),
    "overhead of steps": (Cause(step_s=1e-2), on_gpu(), Bottleneck.LAUNCH),
    "overhead of steps on a CPU": (Cause(step_s=1e-2), on_cpu(), Bottleneck.LAUNCH),
    "arithmetic": (Cause(), on_gpu(), Bottleneck.COMPUTE),
    "arithmetic on a CPU": (Cause(), on_cpu(), Bottleneck.COMPUTE),
    "busy neighbors": (Cause(core_wait=0.5), on_cpu(), Bottleneck.CONTENDED),
    "a quota": (Cause(machine=HELD_BY_QUOTA, core_wait=0.5), on_cpu(), Bottleneck.CONTENDED),
    "own loader processes": (
        Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.4),
        on_cpu(workers=8),
        Bottleneck.CONTENDED,
    ),
    "loader processes that are merely slow": (
        Cause(item_s=1e-4, own_core_wait=0.4),
        on_cpu(workers=2),
        Bottleneck.INPUT,
    ),
    "heat": (Cause(machine=HOT), on_gpu(), Bottleneck.THROTTLED),
    "a power limit": (Cause(machine=CAPPED), on_gpu(), Bottleneck.THROTTLED),
    "a power limit that costs no clock": (
        Cause(machine=CAPPED_AT_FULL_CLOCK),
        on_gpu(),
        Bottleneck.COMPUTE,
    ),
    "a cool GPU": (Cause(machine=COOL), on_gpu(), Bottleneck.COMPUTE),
    "heat of the processor": (
        Cause(machine=EpochMachine(looks=2, thermal_throttled_s=9.0)),
        on_cpu(),
        Bottleneck.THROTTLED,
    ),
}


@pytest.mark.parametrize(("cause", "job", "bottleneck"), PLANTED.values(), ids=PLANTED)
async def test_the_planted_cause_is_named(
    cause: Cause, job: JobSettings, bottleneck: Bottleneck
) -> None:
    found = await found_of(cause, job)

    assert found.bottleneck is bottleneck
    assert found.is_complete
    assert found.sentence.startswith(f"{job.device} is {bottleneck}: ")
    assert found.evidence


BOTH: dict[str, tuple[Cause, JobSettings, Bottleneck]] = {
    "heat before all else": (
        Cause(machine=HOT, core_wait=0.5, item_s=1e-4),
        on_gpu(),
        Bottleneck.THROTTLED,
    ),
    "neighbors before the loader": (
        Cause(core_wait=0.5, item_s=1e-4),
        on_gpu(),
        Bottleneck.CONTENDED,
    ),
    "the larger of input and copies": (
        Cause(item_s=4e-6, copy_s=9e-6),
        on_gpu(),
        Bottleneck.TRANSFER,
    ),
    "copies that are the lesser part of the input": (
        Cause(item_s=9e-6, copy_s=4e-6),
        on_gpu(),
        Bottleneck.INPUT,
    ),
    "a fifth that is input and copies together, neither of them enough": (
        Cause(item_s=2.2e-6, copy_s=9e-7),
        on_gpu(),
        Bottleneck.MILDLY_INPUT,
    ),
    "copies that are all there is of the input, too little to name": (
        Cause(copy_s=8e-7),
        on_gpu(),
        Bottleneck.COMPUTE,
    ),
    "the larger of input and figures read": (
        Cause(item_s=9e-6, read_s=4e-4),
        on_gpu(),
        Bottleneck.INPUT,
    ),
    "the loader before overhead of steps": (
        Cause(item_s=1e-4, step_s=1e-2),
        on_gpu(),
        Bottleneck.INPUT,
    ),
    "overhead of steps before a loader that costs a little": (
        Cause(item_s=1e-5, step_s=1e-2, sample_s=1e-6),
        on_gpu(),
        Bottleneck.LAUNCH,
    ),
}


@pytest.mark.parametrize(("cause", "job", "bottleneck"), BOTH.values(), ids=BOTH)
async def test_of_several_causes_the_first_in_order_is_named(
    cause: Cause, job: JobSettings, bottleneck: Bottleneck
) -> None:
    assert (await found_of(cause, job)).bottleneck is bottleneck


@pytest.mark.parametrize(
    ("cause", "narrow"),
    [
        (Cause(item_s=3e-5), Part.LOADER),
        (Cause(copy_s=5e-6), Part.TRANSFER),
        (Cause(step_s=1e-2), Part.COMPUTE),
        (Cause(item_s=1e-6), Part.COMPUTE),
        (Cause(core_wait=0.5), None),
    ],
)
async def test_the_narrow_part_is_the_one_that_the_class_names(
    cause: Cause, narrow: Part | None
) -> None:
    assert (await found_of(cause, on_gpu())).narrow is narrow


async def test_an_interval_across_a_cut_off_is_not_decided() -> None:
    # A fifth of the time is input, give or take.
    noisy = Cause(item_s=2.5e-6, trials=(1.0, 1.2, 0.8))
    found = await found_of(noisy, on_cpu(), trials=3)

    assert found.bottleneck is Bottleneck.UNDECIDED
    assert found.narrow is None
    assert found.sentence.startswith("Not decided, run longer: cpu may be ")


async def test_below_three_trials_nothing_is_decided() -> None:
    found = await found_of(Cause(item_s=3e-5), on_cpu(), trials=2)

    assert found.bottleneck is Bottleneck.UNDECIDED
    assert found.sentence.startswith(
        "Not decided, 2 trials of 3: cpu may be input-bound: 75 % of the epoch"
    )
    assert found.shares.stall is not None
    assert found.shares.stall.low is None


async def test_contention_that_may_be_none_leaves_the_verdict_to_the_runs() -> None:
    found = await found_of(Cause(item_s=3e-5, core_wait=0.09), on_cpu())

    assert found.bottleneck is Bottleneck.INPUT
    assert any("had no core for 9 % of the epoch" in line for line in found.evidence)


class HeldAsItIs(Cause):
    """Cores are lacking in the job as it is; the other runs each fit a period of its quota."""

    def epoch(self, job: JobSettings, number: int, factor: float) -> EpochFinished:
        told = super().epoch(job, number, factor)
        return told if job.probe is Probe.UNTESTED else replace(told, core_wait_s=0.0)


async def test_without_loader_processes_the_job_alone_tells_of_contention() -> None:
    found = await found_of(HeldAsItIs(item_s=3e-5, core_wait=0.5), on_cpu())

    assert found.bottleneck is Bottleneck.CONTENDED


async def test_contention_across_its_cut_off_is_neither_the_class_nor_what_is_told() -> None:
    noisy = Cause(item_s=3e-5, core_wait=0.11, trials=(1.0, 1.2, 0.8))
    found = await found_of(noisy, on_cpu(), trials=3)

    assert found.bottleneck is Bottleneck.INPUT
    assert "goes into input" in found.sentence
    assert "without input" in found.evidence[0]
    assert any(remedy.changes for remedy in found.remedies)


@pytest.mark.parametrize("probe", [Probe.HOST_CACHED, Probe.UNREAD, Probe.LOADER])
async def test_a_run_that_fails_leaves_the_verdict_to_the_others(probe: Probe) -> None:
    found = await found_of(Cause(item_s=3e-5, fails=probe), on_gpu())

    assert found.bottleneck is Bottleneck.INPUT
    assert any("failed: It does not fit." in line for line in found.evidence)


async def test_without_the_run_that_has_no_input_there_is_no_class() -> None:
    found = await found_of(Cause(item_s=3e-5, fails=Probe.CACHED), on_gpu())

    assert found.bottleneck is Bottleneck.UNDECIDED
    assert found.sentence == "Not decided: The run 'ideal' failed: It does not fit."
    assert found.remedies == ()


async def test_shares_and_capacities_are_those_that_were_planted() -> None:
    cause = Cause(item_s=4e-5, copy_s=5e-6, read_s=1e-3, step_s=1e-3, trials=(1.0,))
    found = await found_of(cause, on_gpu())
    # Of a batch of 100: 4 ms input, 0.5 ms copies, 1 ms arithmetic, 1 ms reading, 1 ms overhead.
    shares, capacities = found.shares, dict(found.capacities)

    assert shares.stall is not None
    assert shares.stall.value == pytest.approx(4.5 / 7.5)
    assert shares.transfer is not None
    assert shares.transfer.value == pytest.approx(0.5 / 7.5)
    assert shares.sync is not None
    assert shares.sync.value == pytest.approx(1 / 7.5)
    assert shares.launch_ratio is not None
    assert shares.launch_ratio.value == pytest.approx(4 / 3)
    assert capacities[Part.LOADER].value == pytest.approx(1 / 4e-5)
    assert capacities[Part.TRANSFER].value == pytest.approx(1 / 5e-6)
    assert capacities[Part.COMPUTE].value == pytest.approx(100 / 3e-3)
    assert found.samples_per_s is not None
    assert found.samples_per_s.value == pytest.approx(100 / 7.5e-3)
