"""What is said of a job, word for word, as people read it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.plan import Role, places
from runners.machine.figures import EpochMachine
from runners.state import ComparisonState, RunStatus
from runners.workloads import JobSettings, Variant
from tests.fakes.planted import Bench, Cause, found_of, on_cpu, on_gpu

HOT = EpochMachine(
    looks=2, clock_limit_s={"hw-thermal": 9.0}, sm_clock_mhz=1000.0, sm_clock_max_mhz=1980.0
)
ALWAYS = (1.0,)
CROWDED = Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.4, trials=ALWAYS)

SAID: dict[str, tuple[Cause, JobSettings, str]] = {
    "the loader limits": (
        Cause(item_s=6e-5, sample_s=8.7e-6),
        on_gpu(workers=2),
        "cuda:0 is input-bound: 71 % of the epoch (71 to 71) waits for the loader; it feeds 33,200 "
        "samples/s, the GPU could take 115,000.",
    ),
    "loader and steps take turns": (
        Cause(item_s=3e-5),
        on_cpu(),
        "cpu is input-bound: 75 % of the epoch (74 to 75) goes into input; the loader alone feeds "
        "33,300 samples/s, the training could take 100,000, but taking turns they get 25,000.",
    ),
    "loader and steps are slower side by side": (
        Cause(item_s=4e-5, crowding=1.5),
        on_gpu(workers=4),
        "cuda:0 is input-bound: 34 % of the epoch (34 to 34) goes into input; the loader alone "
        "feeds 99,300 samples/s, the GPU could take 100,000, but side by side they get 66,200.",
    ),
    "the start of the loader": (
        Cause(item_s=1e-5, start_s=0.4),
        on_gpu(workers=2),
        "cuda:0 is input-bound: 40 % of the epoch (40 to 40) goes into input, 40 % (40 to 40) "
        "into the start of 2 loader processes; it gets 59,900 samples/s, the GPU could take "
        "100,000.",
    ),
    "copies": (
        Cause(copy_s=5e-6),
        on_gpu(),
        "cuda:0 is transfer-bound: 33 % of the epoch (32 to 35) goes into copies to the device "
        "that nothing hides; the GPU could take 100,000 samples/s.",
    ),
    "figures read": (
        Cause(read_s=1e-3),
        on_gpu(),
        "cuda:0 is sync-bound: 50 % of the epoch (49 to 51) goes away when no step reads its loss "
        "and its right answers from the device.",
    ),
    "overhead": (
        Cause(step_s=1e-2),
        on_cpu(),
        "cpu is launch-bound: a step with twice the samples takes 1.09 (1.07 to 1.11) times as "
        "long, so most of it is overhead that each step has whatever its size.",
    ),
    "arithmetic": (
        Cause(),
        on_gpu(),
        "cuda:0 is compute-bound: without input and copies it would save 0 % of the epoch (0 to "
        "2); the GPU alone does 100,000 samples/s.",
    ),
    "own loader processes": (
        CROWDED,
        on_cpu(workers=8),
        "cpu is contended: for 40 % of the epoch (40 to 40) it could have run and had no core; its "
        "own 8 loader processes share 8 cores with it.",
    ),
    "own loader processes and neighbors": (
        Cause(item_s=1e-5, crowding=2.0, own_core_wait=0.6, core_wait=0.3, trials=ALWAYS),
        on_cpu(workers=8),
        "cpu is contended: for 60 % of the epoch (60 to 60) it could have run and had no core; "
        "other processes, or a quota, had them, and its own 8 loader processes share 8 cores with "
        "it.",
    ),
    "neighbors": (
        Cause(core_wait=0.5, machine=EpochMachine(looks=2, other_cores_busy=6.2)),
        on_cpu(),
        "cpu is contended: for 50 % of the epoch (50 to 51) it could have run and had no core; "
        "others used 6.2 cores meanwhile.",
    ),
    "neighbors nobody looked at": (
        Cause(core_wait=0.5),
        on_cpu(),
        "cpu is contended: for 50 % of the epoch (50 to 51) it could have run and had no core; "
        "other processes, or a quota, had them.",
    ),
    "more threads than cores": (
        Cause(core_wait=0.5, machine=EpochMachine(looks=2, other_cores_busy=0.3)),
        on_cpu(threads=16),
        "cpu is contended: for 50 % of the epoch (50 to 51) it could have run and had no core; its "
        "own 16 threads share 8 cores.",
    ),
    "more threads than cores and neighbors": (
        Cause(core_wait=0.5, machine=EpochMachine(looks=2, other_cores_busy=6.2)),
        on_cpu(threads=16),
        "cpu is contended: for 50 % of the epoch (50 to 51) it could have run and had no core; "
        "others used 6.2 cores meanwhile, and its own 16 threads share 8 cores.",
    ),
    "a hypervisor": (
        Cause(machine=EpochMachine(looks=2, steal_pct=40.0)),
        on_cpu(),
        "cpu is contended: for 40 % of the epoch (40 to 40) it could have run and had no core; the "
        "hypervisor gave them to other machines.",
    ),
    "heat": (
        Cause(machine=HOT),
        on_gpu(),
        "cuda:0 is throttled: heat (hw-thermal) held the clocks down for 100 % of the epoch (100 "
        "to 100), to 1,000 of 1,980 MHz.",
    ),
    "power": (
        Cause(machine=replace(HOT, clock_limit_s={"power-cap": 9.0})),
        on_gpu(),
        "cuda:0 is throttled: a power limit (power-cap) held the clocks down for 100 % of the "
        "epoch (100 to 100), to 1,000 of 1,980 MHz.",
    ),
    "heat of the processor": (
        Cause(machine=EpochMachine(looks=2, thermal_throttled_s=9.0)),
        on_cpu(),
        "cpu is throttled: the processor slowed itself for heat for 100 % of the epoch (100 to "
        "100).",
    ),
}


@pytest.mark.parametrize(("cause", "job", "text"), SAID.values(), ids=SAID)
async def test_the_verdict_is_one_sentence_with_its_figures(
    cause: Cause, job: JobSettings, text: str
) -> None:
    assert (await found_of(cause, job)).sentence == text


async def test_while_runs_are_under_way_the_verdict_is_not_the_last() -> None:
    bench = Bench(Cause(item_s=3e-5))
    state = await bench.diagnosed(on_cpu())
    over = {key: run for key, run in state.runs.items() if key.trial < 2}
    found = diagnose(replace(state, runs={**ComparisonState.of(state.plan).runs, **over}))
    assert found is not None
    assert found.sentence.startswith(
        "Not decided yet, after 2 trials: cpu may be input-bound: 75 % of the epoch goes into input"
    )


async def test_a_stop_before_the_third_trial_of_what_it_hangs_on_says_how_many_there_are() -> None:
    state = await Bench(Cause(item_s=3e-5)).diagnosed(on_cpu(), trials=3)
    cached = places(state.plan)[Role.CACHED]
    stopped = {
        key: replace(run, status=RunStatus.STOPPED, epochs=())
        for key, run in state.runs.items()
        if key.job == cached and key.trial == 2
    }
    found = diagnose(replace(state, runs={**state.runs, **stopped}))
    assert found is not None
    assert found.sentence.startswith("Not decided, 2 trials of 3: cpu may be input-bound: ")


async def test_evidence_begins_with_what_the_class_rests_on() -> None:
    copies = await found_of(Cause(copy_s=5e-6, trials=ALWAYS), on_gpu())
    assert copies.evidence[0] == (
        "Copies to the device that nothing hides: 33 % of the epoch (33 to 33); copies alone: "
        "200,000 samples/s (200,000 to 200,000)."
    )
    slow = await found_of(Cause(item_s=3e-5, trials=ALWAYS), on_cpu(variant=Variant.AS_WRITTEN))
    assert slow.evidence[:3] == (
        "As it is 25,000 samples/s (25,000 to 25,000), without input 100,000 samples/s (100,000 "
        "to 100,000): 75 % (75 to 75) less time.",
        "The loader alone: 33,300 samples/s (33,300 to 33,300).",
        "The loop itself waits for data 75 % of its brief epochs.",
    )
    hot = await found_of(Cause(machine=HOT, trials=ALWAYS), on_gpu())
    assert hot.evidence[0] == (
        "A steady epoch was slowed by hw-thermal for 0.60 of 0.60 s, clock 1,000 of 1,980 MHz."
    )


async def test_evidence_says_what_a_monitor_would_miss() -> None:
    # The wait is short, as loader processes work ahead, and yet they slow the steps down.
    found = await found_of(CROWDED, on_cpu(workers=8))
    assert "The loop itself waits for data 0 % of its brief epochs." in found.evidence
    assert found.evidence[0] == (
        "It could have run and had no core for 40 % of the epoch (40 to 40), without input for 0 % "
        "of the epoch (0 to 0)."
    )


async def test_evidence_of_a_device_that_is_copied_to_says_that_copies_are_left_out_too() -> None:
    found = await found_of(Cause(item_s=3e-5, copy_s=1e-6), on_gpu())
    assert "without input and copies 100,000 samples/s" in found.evidence[0]
