from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runners.diagnosis.classes import hangs_on
from runners.diagnosis.cutting import FEWEST_STEPS, STEPS_FOR_WORKER
from runners.diagnosis.diagnose import diagnose, is_diagnosis
from runners.diagnosis.plan import MOST_TRIALS, Role, places
from runners.diagnosis.records import Bottleneck, Part
from runners.sparing import cut_short
from runners.spec import Plan, RunKey, UsageError
from runners.state import ComparisonState, RunStatus, of_trials, spare
from runners.statistics import TRIALS_FOR_INTERVAL
from runners.verdict import verdict
from runners.workloads import JobSettings, Probe, Variant
from tests.fakes.planted import Bench, Cause, on_cpu, on_gpu
from tests.fakes.training import plan as ordinary_plan


def done(state: ComparisonState) -> dict[str, int]:
    """How often each run of a plan came to its end."""
    return {
        job.label: sum(run.status is RunStatus.DONE for run in state.runs_of(place))
        for place, job in enumerate(state.plan.jobs)
    }


async def test_on_a_gpu_each_part_is_left_out_once() -> None:
    state = await Bench(Cause()).diagnosed(on_gpu())
    assert done(state) == {
        "as written": 3,
        "ideal": 3,
        "loader alone": 3,
        "batches in host memory": 3,
        "loss left on the device": 3,
        "twice the batch": 3,
    }
    probes = {job.label: job.settings.probe for job in state.plan.jobs}
    assert probes["twice the batch"] is probes["ideal"] is Probe.CACHED
    assert state.plan.jobs[places(state.plan)[Role.TWICE]].settings.batch_size == 200


@pytest.mark.parametrize("job", [on_cpu(), on_gpu(variant=Variant.TUNED)])
async def test_where_nothing_is_copied_or_waited_for_that_is_not_left_out(job: JobSettings) -> None:
    state = await Bench(Cause()).diagnosed(job)
    assert list(done(state))[1:] == ["ideal", "loader alone", "twice the batch"]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (on_cpu(workload="matmul"), "trains nothing"),
        (on_cpu(workload="resnet63"), "one batch"),
        (on_cpu(variant=Variant.IDEAL), "--variant as-written"),
    ],
)
def test_what_has_no_input_is_refused_in_words(job: JobSettings, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Bench(Cause()).diagnosed(job).send(None)


async def test_a_steady_epoch_takes_about_as_long_as_asked_for() -> None:
    bench = Bench(Cause(item_s=3e-5))
    state = await bench.diagnosed(on_cpu(), trial_s=0.5)
    look, cut = bench.plans

    assert look.jobs[0].settings.train_samples == FEWEST_STEPS * 100
    assert not is_diagnosis(look)
    assert is_diagnosis(cut)
    assert {job.settings.epochs for job in cut.jobs} == {3}
    assert {job.settings.train_samples for job in cut.jobs} == {12_600}
    assert state.runs_of(0)[0].epochs[1].epoch_s == pytest.approx(0.5, rel=0.02)


async def test_the_whole_job_is_told_by_its_own_settings() -> None:
    job = on_cpu(epochs=10, layers=True)
    found = diagnose(await Bench(Cause()).diagnosed(job))
    assert found is not None
    assert found.job.settings == replace(job, layers=False)
    assert found.job.label == "cpu"


async def test_loader_processes_get_steps_enough_to_fill_their_queues() -> None:
    bench = Bench(Cause(item_s=1e-3))
    state = await bench.diagnosed(on_gpu(workers=4), trial_s=0.5)
    steps = state.runs_of(0)[0].epochs[0].steps
    assert steps >= FEWEST_STEPS + 4 * STEPS_FOR_WORKER


async def test_an_epoch_is_longer_than_its_loader_takes_to_start() -> None:
    state = await Bench(Cause(item_s=1e-4, start_s=3.0)).diagnosed(on_gpu(workers=2))
    epoch = state.runs_of(0)[0].epochs[1]
    assert epoch.first_wait_s is not None
    assert epoch.epoch_s > 1.9 * epoch.first_wait_s


async def test_slow_steps_are_few_and_it_is_said_how_long_they_take() -> None:
    bench = Bench(Cause(sample_s=0.04))
    state = await bench.diagnosed(on_cpu())
    settings = bench.plans[1].jobs[0].settings
    assert (settings.train_samples, settings.epochs) == (400, 2)
    assert any("a step takes 4 s, so this takes up to" in note for note in state.plan.notes)


async def test_quick_steps_say_nothing_of_how_long_they_take() -> None:
    state = await Bench(Cause()).diagnosed(on_cpu())
    assert not any("a step takes" in note for note in state.plan.notes)


async def test_a_small_set_is_taken_as_a_whole() -> None:
    bench = Bench(Cause(in_set=730))
    state = await bench.diagnosed(on_cpu())
    looks = [plan.jobs[0].settings.train_samples for plan in bench.plans[:2]]
    assert looks == [800, None]
    assert state.plan.jobs[0].settings.train_samples == 600
    assert diagnose(state) is not None


async def test_a_look_that_fails_for_another_reason_is_not_repeated() -> None:
    bench = Bench(Cause(in_set=50))
    state = await bench.diagnosed(on_cpu(train_samples=1000))
    assert len(bench.plans) == 1
    assert diagnose(state) is None
    assert state.runs_of(0)[0].error is not None


async def test_no_more_samples_are_taken_than_were_asked_for() -> None:
    state = await Bench(Cause()).diagnosed(on_cpu(train_samples=1_000))
    assert state.plan.jobs[0].settings.train_samples == 1_000


async def test_a_decided_verdict_is_not_measured_again() -> None:
    state = await Bench(Cause(item_s=3e-5)).diagnosed(on_cpu())
    assert state.plan.trials == MOST_TRIALS
    assert set(done(state).values()) == {TRIALS_FOR_INTERVAL}
    spared = [sentence for sentence in verdict(state) if "not started" in sentence]
    assert spared == ["16 runs not started: the verdict does not hang on it."]


async def test_while_it_is_open_only_what_it_hangs_on_is_measured_again() -> None:
    # A fifth of the time is input, give or take.
    noisy = Cause(item_s=2.5e-6, trials=(1.0, 1.2, 0.8))
    state = await Bench(noisy).diagnosed(on_cpu())
    assert done(state) == {
        "as written": MOST_TRIALS,
        "ideal": MOST_TRIALS,
        "loader alone": TRIALS_FOR_INTERVAL,
        "twice the batch": TRIALS_FOR_INTERVAL,
    }


async def test_it_is_measured_again_until_it_is_decided() -> None:
    noisy = Cause(item_s=2.8e-6, trials=(1.0, 1.06, 0.97, 1.0, 1.0, 1.0, 1.0))
    state = await Bench(noisy).diagnosed(on_cpu())
    found = diagnose(state)
    assert found is not None
    assert found.bottleneck is Bottleneck.INPUT
    assert TRIALS_FOR_INTERVAL < done(state)["ideal"] < MOST_TRIALS


async def test_a_launch_ratio_that_is_open_is_measured_again() -> None:
    noisy = Cause(step_s=4e-3, trials=(1.0, 1.1, 0.9))
    state = await Bench(noisy).diagnosed(on_cpu())
    assert done(state) == {
        "as written": TRIALS_FOR_INTERVAL,
        "ideal": MOST_TRIALS,
        "loader alone": TRIALS_FOR_INTERVAL,
        "twice the batch": MOST_TRIALS,
    }


async def test_what_the_verdict_hangs_on_only_later_is_measured_again_then() -> None:
    # Up to the sixth trial it is open whether a fifth is input, then only the launch ratio is.
    trials = (1.0, 1.06, 1.0, 1.0, 1.01, 1.0, 1.0)
    state = await Bench(Cause(item_s=1e-5, step_s=4.02e-3, trials=trials)).diagnosed(on_cpu())
    found = diagnose(state)

    did, spared = RunStatus.DONE, RunStatus.SPARED
    assert [run.status for run in state.runs_of(0)] == [*[did] * 6, spared]
    twice = state.runs_of(places(state.plan)[Role.TWICE])
    assert [run.status for run in twice] == [*[did] * 3, *[spared] * 3, did]
    assert found is not None
    assert found.is_complete


async def test_a_machine_that_gets_faster_and_slower_by_the_trial_leaves_nothing_open() -> None:
    drifting = Cause(item_s=3.5e-6, drift=(1.0, 1.5, 0.7))
    found = diagnose(await Bench(drifting).diagnosed(on_cpu()))
    assert found is not None
    assert found.bottleneck is Bottleneck.INPUT
    assert found.shares.stall is not None
    assert found.shares.stall.value == pytest.approx(3.5 / 13.5, abs=0.02)
    assert found.samples_per_s is not None
    assert found.samples_per_s.low is not None
    assert found.samples_per_s.low < 0.8 * found.samples_per_s.value


async def test_a_stop_during_the_look_starts_nothing_more() -> None:
    bench = Bench(Cause(), stops_at=1)
    state = await bench.diagnosed(on_cpu())
    assert len(bench.plans) == 1
    assert state.runs_of(0)[0].status is RunStatus.STOPPED
    assert diagnose(state) is None


async def test_a_stop_keeps_what_was_measured_and_says_that_it_is_not_all() -> None:
    bench = Bench(Cause(item_s=3e-5), stops_at=2)
    found = diagnose(await bench.diagnosed(on_cpu()))
    assert found is not None
    assert not found.is_complete
    assert found.samples_per_s is not None
    assert found.bottleneck is Bottleneck.UNDECIDED
    assert found.sentence.startswith("Not decided: it was stopped before")


async def test_where_time_runs_out_it_is_said_that_it_is_not_all() -> None:
    state = await Bench(Cause(item_s=3e-5)).diagnosed(on_cpu(), trials=2)
    waiting = ComparisonState.of(replace(state.plan, trials=3)).runs
    late = [key for key in waiting if key.trial == 2]
    missing = replace(state, plan=replace(state.plan, trials=3), runs={**waiting, **state.runs})
    found = diagnose(spare(missing, late, "the 120 s it was given were used up"))

    assert found is not None
    assert not found.is_complete
    assert found.sentence.startswith("Not decided, 2 trials of 3: cpu may be input-bound")


async def test_a_diagnosis_has_an_end_also_where_all_turns_out_slower_than_it_looked() -> None:
    quick = (await Bench(Cause()).diagnosed(on_cpu())).plan
    slow = (await Bench(Cause(sample_s=0.04)).diagnosed(on_cpu())).plan
    assert 120 < (quick.time_budget_s or 0) < 200
    assert (slow.time_budget_s or 0) > 600


async def test_before_its_first_run_a_diagnosis_says_that_nothing_is_measured_yet() -> None:
    state = await Bench(Cause()).diagnosed(on_cpu())
    found = diagnose(ComparisonState.of(state.plan))
    assert found is not None
    assert found.sentence.startswith("Not decided yet: ")
    assert not found.is_complete
    assert found.samples_per_s is None


def test_an_ordinary_race_is_no_diagnosis() -> None:
    race = ordinary_plan("cpu", "cuda:0")
    assert not is_diagnosis(race)
    assert diagnose(ComparisonState.of(race)) is None


async def test_a_plan_comes_back_from_the_history_as_it_was() -> None:
    plan = (await Bench(Cause()).diagnosed(on_gpu())).plan
    assert Plan.from_wire(json.loads(json.dumps(plan.to_wire()))) == plan
    race = ordinary_plan("cpu")
    without = {name: value for name, value in race.to_wire().items() if name != "diagnosed"}
    assert Plan.from_wire(json.loads(json.dumps(without))) == race


@pytest.mark.parametrize("trials", [1, 2, 5])
async def test_what_there_was_no_time_for_may_all_be_needed_as_long_as_it_is_open(
    trials: int,
) -> None:
    noisy = Cause(step_s=4e-3, trials=(1.0, 1.1, 0.9))
    state, late = without_time(await Bench(noisy).diagnosed(on_cpu()), trials)
    assert set(cut_short(state)) == set(late)


async def test_what_there_was_no_time_for_is_not_needed_once_it_is_decided() -> None:
    state, _ = without_time(await Bench(Cause(item_s=3e-5)).diagnosed(on_cpu()), 3)
    assert cut_short(state) == ()


async def test_runs_that_met_in_no_trial_are_made_again() -> None:
    state = await Bench(Cause(item_s=3e-5)).diagnosed(on_cpu())
    missing = {RunKey(job=0, trial=0), RunKey(job=1, trial=1), RunKey(job=1, trial=2)}
    waiting = ComparisonState.of(state.plan).runs
    apart = of_trials(state, 3)
    runs = {key: waiting[key] if key in missing else run for key, run in apart.runs.items()}

    assert hangs_on(apart) == frozenset()
    only_first = {key: run for key, run in runs.items() if key.trial < 2}
    assert hangs_on(of_trials(replace(apart, runs=only_first), 2)) == {0, 1}


async def test_what_a_remedy_should_gain_is_taken_within_trials_as_the_whole_is() -> None:
    cause = Cause(item_s=3e-5, trials=(1.0, 1.3, 1.1, 0.9, 1.0))
    found = diagnose(await Bench(cause).diagnosed(on_cpu(), trials=3))
    assert found is not None
    assert found.predicted_gain is not None
    assert found.remedies[0].predicted == pytest.approx(found.predicted_gain.value)


async def test_speeds_that_stand_side_by_side_are_of_the_same_trials() -> None:
    # The machine is half as fast from the fourth trial on, in which the job as it is has no run.
    slower = Cause(item_s=3e-6, step_s=4e-3, trials=(1.0, 1.0, 1.01), drift=(1, 1, 1, 2, 2, 2, 2))
    state = await Bench(slower).diagnosed(on_cpu())
    found = diagnose(state)
    assert found is not None
    assert done(state)["ideal"] > done(state)["as written"]
    assert found.samples_per_s is not None
    assert found.predicted_gain is not None
    ratio = dict(found.capacities)[Part.COMPUTE].value / found.samples_per_s.value
    assert ratio == pytest.approx(found.predicted_gain.value, rel=0.02)


def without_time(state: ComparisonState, trials: int) -> tuple[ComparisonState, list[RunKey]]:
    """A diagnosis whose time was up after so many trials, and the runs that were left then."""
    waiting = ComparisonState.of(state.plan).runs
    late = [key for key in state.runs if key.trial >= trials]
    runs = {**state.runs, **{key: waiting[key] for key in late}}
    return spare(replace(state, runs=runs), late, "the 120 s it was given were used up"), late
