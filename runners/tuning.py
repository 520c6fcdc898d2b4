"""Tries settings of one training briefly, and keeps those that win. Pure but for `Tuning.run`.

No setting helps everywhere (`torch.compile` and bf16 are slower than the plain loop on many CPUs),
so each is measured alone against the tuned loop, interleaved, then all that won together.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from runners.spec import JobSpec, Order, Plan, Request
from runners.state import ComparisonState, RunStatus
from runners.statistics import TRIALS_FOR_INTERVAL, Ratio, ratio_between, samples_per_s
from runners.text import counted
from runners.workloads import JobSettings, Kind, Precision, Variant
from runners.workloads.catalogue import CATALOGUE

STEADY_UNITS = 2
# The first look at the speed takes so many steps, so that the trials can be cut to a length.
PROBE_STEPS = 20
# Every set of the catalogue has more.
MOST_SAMPLES = 40_000
# A gain below this is not worth a setting more to know of.
LEAST_GAIN = 1.02
BF16 = "bf16"
"""The name of the one setting that changes the figures that are computed."""
# What the plans say of themselves, wherever they are kept.
_PROBE = "tuning's first look at the speed: a few steps, by which its trials are cut to a length"
_ALONE = "brief trials of tuning: each setting alone"
_TOGETHER = "brief trials of tuning: the best setting, and all that won together"

RunPlan = Callable[[Plan], Awaitable[ComparisonState]]


class Decision(StrEnum):
    """What became of a setting that was tried."""

    REFERENCE = "reference"
    KEPT = "kept"
    NO_GAIN = "no gain"
    SLOWER = "slower"
    OUTDONE = "outdone by another"
    FAILED = "failed"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A setting that may make a training faster.

    Attributes:
        name: In words, as it stands in the table.
        changes: Fields of the job's settings with their new values.
    """

    name: str
    changes: tuple[tuple[str, object], ...]

    def applied_to(self, settings: JobSettings) -> JobSettings:
        """The settings with it."""
        return replace(settings, **dict(self.changes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was tried, and how it went.

    Attributes:
        name: In words.
        samples_per_s: Median over the trials; None where none got so far.
        ratio: Against the tuned loop alone; None for that loop itself, or without figures.
        decision: What became of it.
        why: Why it failed; None otherwise.
    """

    name: str
    samples_per_s: float | None
    ratio: Ratio | None
    decision: Decision
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The outcome.

    Attributes:
        settings: The settings that won, for the whole training.
        kept: Names of the switches among them, without those that the tuned loop has anyway.
        trials: Everything tried, in order.
        gain: How many times as fast as the workload as written; None where it was not measured.
        is_complete: Whether all was tried; not where a stop was asked for.
    """

    settings: JobSettings
    kept: tuple[str, ...]
    trials: tuple[Trial, ...]
    gain: Ratio | None
    is_complete: bool = True


class Tuning:
    """Tries the settings that fit a job.

    Args:
        settings: The whole job, as a plan made it: its variant is what is tuned further.
        trial_s: About how long a steady epoch of a trial shall take, in seconds.
        run_plan: Runs a plan to its end.
    """

    def __init__(self, settings: JobSettings, *, trial_s: float, run_plan: RunPlan) -> None:
        variants = CATALOGUE[settings.workload].variants
        best = Variant.TUNED if Variant.TUNED in variants else variants[0]
        self._whole = replace(settings, variant=best, layers=False)
        self._has_as_written = {Variant.AS_WRITTEN, Variant.TUNED} <= set(variants)
        self._trial_s = trial_s
        self._run_plan = run_plan

    async def run(self) -> Tuned:
        """Try each setting alone, then all that won together.

        Where `run_plan` was stopped, nothing more is tried.
        """
        brief = await self._brief()
        if brief is None:
            return Tuned(
                settings=self._whole,
                kept=(),
                trials=(),
                gain=None,
                is_complete=False,
            )
        switches = switches_for(brief)
        starts = self._starts(brief)
        first = len(starts)
        state = await self._run_plan(_plan(starts, brief, switches, _ALONE))
        trials = [_trial(state, first, job) for job in range(len(state.plan.jobs))]
        alone = trials[first + 1 :]
        won = [s for s, trial in zip(switches, alone, strict=True) if _wins(trial)]
        best = max(won, key=lambda switch: _gain(alone[switches.index(switch)]), default=None)
        kept, place = ([best], first + 1 + switches.index(best)) if best else ([], first)
        if best is not None and len(won) > 1 and not _was_stopped(state):
            state = await self._run_plan(_plan(starts, brief, [best, _together(won)], _TOGETHER))
            joint = _trial(state, first, first + 2)
            trials.append(joint)
            place = first + 1
            if _wins(joint) and _gain(joint) > _gain(_trial(state, first, first + 1)):
                kept, place = won, first + 2
        return Tuned(
            settings=_with(self._whole, kept),
            kept=tuple(switch.name for switch in kept),
            trials=tuple(_decided(trial, kept, won) for trial in trials),
            gain=ratio_between(state, 0, place) if starts else None,
            is_complete=not _was_stopped(state),
        )

    async def _brief(self) -> JobSettings | None:
        """The job, cut so that a steady unit of it takes about as long as asked for.

        None where it was stopped.
        """
        workload = CATALOGUE[self._whole.workload]
        units = workload.warm_up + STEADY_UNITS
        brief = replace(self._whole, epochs=units)
        if workload.kind is not Kind.TRAINING:
            return brief
        few = PROBE_STEPS * brief.batch_size
        most = brief.train_samples
        probe = replace(
            brief, train_samples=min(few, most or few), test_samples=_test_samples(brief)
        )
        state = await self._run_plan(_plan([], probe, [], _PROBE, trials=1))
        if _was_stopped(state):
            return None
        (run,) = state.runs.values()
        rate = samples_per_s(run)
        if rate is None:
            return probe
        samples = max(int(rate * self._trial_s), few)
        return replace(probe, train_samples=min(samples, most or MOST_SAMPLES))

    def _starts(self, brief: JobSettings) -> list[JobSpec]:
        """The workload as written, which the outcome is compared with."""
        if not self._has_as_written:
            return []
        return [JobSpec(label="as written", settings=replace(brief, variant=Variant.AS_WRITTEN))]


def with_found(request: Request, tuned: Tuned, before: JobSettings) -> Request:
    """What was asked for, with the settings that were found instead.

    Args:
        request: What was asked for: one job.
        tuned: What tuning it came to.
        before: The job's settings as the request has them.
    """
    found = tuned.settings
    threads = request.threads if found.threads == before.threads else (found.threads or 1,)
    return replace(
        request,
        variants=(found.variant,),
        precisions=(found.precision,),
        compiles=(found.compile,),
        threads=threads,
        channels_last=found.channels_last,
        fused=found.fused,
    )


def gain_in_words(gain: Ratio | None) -> str:
    """What is won over the loop as written; empty where that was not measured."""
    if gain is None or gain.value is None:
        return ""
    words = f"{gain.value:.2f}x the loop as written"
    if gain.is_undecided:
        words = "no measurable difference from the loop as written"
    if gain.low is None or gain.high is None:
        return words
    return f"{words} (95 % interval {gain.low:.2f}x to {gain.high:.2f}x)"


def switches_for(settings: JobSettings) -> tuple[Switch, ...]:
    """The settings worth a try for a job.

    Args:
        settings: The job, with its cores and threads.
    """
    workload = CATALOGUE[settings.workload]
    found = []
    if settings.precision is not Precision.BF16:
        found.append(_switch(BF16, precision=Precision.BF16))
    if workload.kind is not Kind.MICRO:
        if len(workload.input_shape) > 1:
            found.append(_switch("channels first", channels_last=False))
        found.append(_switch("plain optimizer", fused=False))
        if not settings.compile:
            found.append(_switch("compile", compile=True))
    threads = settings.threads or len(settings.cores)
    if settings.device == "cpu" and threads > 1:
        half = threads // 2
        found.append(_switch(counted(half, "thread"), threads=half))
    return tuple(found)


def _together(switches: Sequence[Switch]) -> Switch:
    return Switch(
        name=" + ".join(switch.name for switch in switches),
        changes=tuple(change for switch in switches for change in switch.changes),
    )


def _switch(name: str, **changes: object) -> Switch:
    return Switch(name=name, changes=tuple(changes.items()))


def _plan(
    starts: Sequence[JobSpec],
    settings: JobSettings,
    switches: Sequence[Switch],
    note: str,
    *,
    trials: int = TRIALS_FOR_INTERVAL,
) -> Plan:
    jobs = [
        *starts,
        JobSpec(label=str(settings.variant), settings=settings),
        *(JobSpec(label=s.name, settings=s.applied_to(settings)) for s in switches),
    ]
    return Plan(order=Order.IN_TURN, trials=trials, jobs=tuple(jobs), notes=(note,))


def _trial(state: ComparisonState, reference: int, job: int) -> Trial:
    runs = state.runs_of(job)
    rates = [rate for run in runs if (rate := samples_per_s(run)) is not None]
    failed = next((run.error for run in runs if run.error is not None), None)
    ratio = ratio_between(state, reference, job) if job != reference else None
    decision = Decision.REFERENCE if job <= reference else _decision(ratio)
    if failed is not None:
        decision = Decision.FAILED
    elif job > reference and any(run.status is not RunStatus.DONE for run in runs):
        decision = Decision.UNDECIDED
    return Trial(
        name=state.plan.jobs[job].label,
        samples_per_s=statistics.median(rates) if rates else None,
        ratio=ratio,
        decision=decision,
        why=failed.message if failed else None,
    )


def _was_stopped(state: ComparisonState) -> bool:
    return any(run.status is RunStatus.STOPPED for run in state.runs.values())


def _decision(ratio: Ratio | None) -> Decision:
    """A setting is kept where the whole interval says that it gains."""
    if ratio is None or ratio.value is None or ratio.is_undecided or ratio.low is None:
        return Decision.NO_GAIN
    if ratio.value < 1:
        return Decision.SLOWER
    return Decision.KEPT if ratio.value >= LEAST_GAIN else Decision.NO_GAIN


def _wins(trial: Trial) -> bool:
    return trial.decision is Decision.KEPT


def _gain(trial: Trial) -> float:
    value = trial.ratio.value if trial.ratio else None
    return value or 0.0


def _decided(trial: Trial, kept: Sequence[Switch], won: Sequence[Switch]) -> Trial:
    """The trial, once it is known what is kept of what won alone."""
    names = {switch.name for switch in kept}
    is_kept = trial.name in names or (len(kept) > 1 and trial.name == _together(won).name)
    if _wins(trial) and not is_kept:
        return replace(trial, decision=Decision.OUTDONE)
    return trial


def _with(settings: JobSettings, switches: Sequence[Switch]) -> JobSettings:
    for switch in switches:
        settings = switch.applied_to(settings)
    return settings


def _test_samples(settings: JobSettings) -> int:
    """The trials are about training: a few test samples do."""
    few = settings.batch_size
    return min(few, settings.test_samples or few)
