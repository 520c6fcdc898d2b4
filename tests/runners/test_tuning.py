from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from runners.events import ErrorKind, Event, JobFailed
from runners.process_events import WorkerExited
from runners.spec import Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import Ratio
from runners.tuning import Decision, Tuned, Tuning, gain_in_words, switches_for
from runners.workloads import JobSettings, Precision, Variant
from tests.fakes.training import finished_run, replayed, settings


class Machine:
    """Runs plans at once; a steady epoch takes what it is told for its settings."""

    def __init__(self, sample_s: Callable[[JobSettings], float | None]) -> None:
        self.plans: list[Plan] = []
        self._sample_s = sample_s

    async def run(self, plan: Plan) -> ComparisonState:
        self.plans.append(plan)
        runs = [self._run(job.settings) for _ in range(plan.trials) for job in plan.jobs]
        return replayed(plan, *runs)

    def _run(self, settings: JobSettings) -> list[Event]:
        sample_s, samples = self._sample_s(settings), settings.train_samples or 64
        if sample_s is None:
            return [
                JobFailed(error=ErrorKind.EXCEPTION, message="There is no C++ compiler."),
                WorkerExited(returncode=1, stopped=False, oom_killed=False, mono_s=0.0),
            ]
        epochs_s = [sample_s * samples] * settings.epochs
        return finished_run(*epochs_s, samples=samples)


def speed(settings: JobSettings) -> float | None:
    """Seconds a sample: bf16 and one thread help, and together more; compile fails."""
    if settings.compile:
        return None
    sample_s = 1e-4 if settings.variant is Variant.TUNED else 4e-4
    sample_s *= 0.5 if settings.precision is Precision.BF16 else 1.0
    sample_s *= 0.8 if settings.threads == 1 else 1.0
    sample_s *= 1.3 if settings.fused is False else 1.0
    return sample_s


async def tuned(
    sample_s: Callable[[JobSettings], float | None] = speed, **changes: Any
) -> tuple[Tuned, Machine]:
    machine = Machine(sample_s)
    job = settings(workload="fashion-cnn", cores=(0, 1), threads=2, epochs=10, **changes)
    tuning = Tuning(job, trial_s=2.0, run_plan=machine.run)
    return await tuning.run(), machine


def decisions(outcome: Tuned) -> dict[str, Decision]:
    return {trial.name: trial.decision for trial in outcome.trials}


async def test_what_wins_is_kept_and_what_does_not_is_named() -> None:
    outcome, _ = await tuned()
    assert decisions(outcome) == {
        "as written": Decision.REFERENCE,
        "tuned": Decision.REFERENCE,
        "bf16": Decision.KEPT,
        "channels first": Decision.NO_GAIN,
        "plain optimizer": Decision.SLOWER,
        "compile": Decision.FAILED,
        "1 thread": Decision.KEPT,
        "bf16 + 1 thread": Decision.KEPT,
    }
    assert outcome.kept == ("bf16", "1 thread")
    assert (outcome.settings.precision, outcome.settings.threads) == (Precision.BF16, 1)
    assert (outcome.settings.epochs, outcome.settings.train_samples) == (10, None)


async def test_the_gain_is_over_the_loop_as_written_with_all_that_is_kept() -> None:
    outcome, _ = await tuned()
    assert outcome.gain is not None
    assert outcome.gain.baseline == "as written"
    assert round(outcome.gain.value or 0.0, 3) == 10.0


def test_a_gain_that_may_be_none_is_not_told_as_one() -> None:
    undecided = Ratio(
        baseline="as written",
        job="tuned",
        steady=1.2,
        total=1.2,
        low=0.7,
        high=1.9,
        basis="steady epochs",
        label="alone",
    )
    single = replace(undecided, low=None, high=None)

    assert gain_in_words(undecided) == (
        "no measurable difference from the loop as written (95 % interval 0.70x to 1.90x)"
    )
    assert gain_in_words(single) == "1.20x the loop as written"
    assert gain_in_words(None) == ""


async def test_a_setting_that_fails_tells_why_and_stops_nothing() -> None:
    outcome, _ = await tuned()
    failed = next(trial for trial in outcome.trials if trial.name == "compile")
    assert failed.why == "There is no C++ compiler."


async def test_settings_that_spoil_each_other_are_not_kept_together() -> None:
    def sample_s(settings: JobSettings) -> float | None:
        is_half, is_alone = settings.precision is Precision.BF16, settings.threads == 1
        if is_half and is_alone:
            return 9e-4
        return 5e-5 if is_half else 8e-5 if is_alone else 1e-4

    outcome, _ = await tuned(sample_s)
    assert decisions(outcome)["1 thread"] is Decision.OUTDONE
    assert decisions(outcome)["bf16"] is Decision.KEPT
    assert outcome.kept == ("bf16",)


async def test_settings_that_fail_together_now_and_then_are_not_kept_together() -> None:
    together = 0

    def sample_s(settings: JobSettings) -> float | None:
        nonlocal together
        if settings.precision is Precision.BF16 and settings.threads == 1:
            together += 1
            return None if together == 2 else 1e-5
        return speed(settings)

    outcome, _ = await tuned(sample_s)
    assert decisions(outcome)["bf16 + 1 thread"] is Decision.FAILED
    assert outcome.kept == ("bf16",)


async def test_a_stop_leaves_what_was_measured_and_tries_nothing_more() -> None:
    machine = Machine(speed)

    async def stopped(plan: Plan) -> ComparisonState:
        state = await machine.run(plan)
        if len(machine.plans) == 1:
            return state
        runs = dict(state.runs)
        last = max(runs, key=lambda key: (key.trial, key.job))
        runs[last] = RunState(status=RunStatus.STOPPED)
        return replace(state, runs=MappingProxyType(runs))

    job = settings(workload="fashion-cnn", cores=(0, 1), threads=2, epochs=10)
    outcome = await Tuning(job, trial_s=2.0, run_plan=stopped).run()

    assert len(machine.plans) == 2
    assert not outcome.is_complete
    assert decisions(outcome)["1 thread"] is Decision.UNDECIDED
    assert decisions(outcome)["bf16"] is Decision.KEPT
    assert outcome.kept == ("bf16",)


async def test_trials_are_as_long_as_asked_for() -> None:
    _, machine = await tuned()
    probe, alone = machine.plans[0], machine.plans[1]
    assert (probe.jobs[0].settings.train_samples, probe.trials) == (2_000, 1)
    assert {job.settings.train_samples for job in alone.jobs} == {20_000}
    assert {job.settings.epochs for job in alone.jobs} == {3}


async def test_where_nothing_helps_the_tuned_loop_stays() -> None:
    outcome, machine = await tuned(lambda settings: None if settings.compile else 1e-4)
    assert outcome.kept == ()
    assert len(machine.plans) == 2


async def test_calls_are_repeated_as_their_rule_asks() -> None:
    machine = Machine(lambda settings: None if settings.compile else 0.01)
    job = settings(workload="resnet63", cores=(0, 1), threads=2, epochs=4, batch_size=4)
    await Tuning(job, trial_s=2.0, run_plan=machine.run).run()
    assert {spec.settings.epochs for plan in machine.plans for spec in plan.jobs} == {4}


def test_only_what_can_matter_is_tried() -> None:
    micro = settings(workload="matmul", cores=(0,), threads=1)
    assert [switch.name for switch in switches_for(micro)] == ["bf16"]
    text = settings(workload="transformer-50m", device="cuda:0", threads=1)
    names = [switch.name for switch in switches_for(text)]
    assert names == ["bf16", "plain optimizer", "compile"]
