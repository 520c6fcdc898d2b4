"""A diagnosis in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import truediv

from runners.devices import is_accelerator
from runners.diagnosis.classes import Case
from runners.diagnosis.conditions import (
    Outside,
    has_too_many_threads,
    is_by_own_threads,
    outside,
)
from runners.diagnosis.plan import Role
from runners.diagnosis.records import Bottleneck, Part
from runners.diagnosis.thresholds import START_SHARE
from runners.diagnosis.wording import factor, of_epoch, percent, speed
from runners.machine.slowed import CPU_HEAT, HEAT_LIMITS
from runners.spec import JobSpec
from runners.state import ComparisonState
from runners.statistics import TRIALS_FOR_INTERVAL
from runners.text import counted

# A loader that alone is so much faster than the whole is not what the loop waits for alone.
_WELL_ABOVE = 1.25


def sentence(case: Case) -> str:
    """The verdict."""
    device, decision = case.whole.settings.device, case.decision
    says = _SAYS[decision.told](case)
    if decision.bottleneck is not Bottleneck.UNDECIDED:
        return f"{device} is {decision.bottleneck}: {says}."
    may_be = f"{device} may be {decision.told}: {says}."
    trials = case.figures.trials(decision.hangs_on)
    if not case.state.is_over:
        return f"Not decided yet, after {counted(trials, 'trial')}: {may_be}"
    if trials < TRIALS_FOR_INTERVAL:
        return f"Not decided, {counted(trials, 'trial')} of {TRIALS_FOR_INTERVAL}: {may_be}"
    return f"Not decided, run longer: {may_be}"


def no_verdict(state: ComparisonState) -> str:
    """Why there is no class, as a sentence.

    Args:
        state: The runs of a diagnosis without the two that any class rests on.
    """
    if failed := failures(state):
        return f"Not decided: {failed[0]}"
    runs = "the job as it is and the same without input"
    if state.is_over:
        return f"Not decided: it was stopped before {runs} were measured."
    return f"Not decided yet: {runs} are still to be measured."


def failures(state: ComparisonState) -> tuple[str, ...]:
    """Why runs failed, each job once."""
    found = []
    for place, job in enumerate(state.plan.jobs):
        errors = [run.error for run in state.runs_of(place) if run.error is not None]
        if errors:
            found.append(f"The run '{job.label}' failed: {errors[0].message}")
    return tuple(found)


def _input(case: Case) -> str:
    figures, rates = case.figures, dict(case.figures.capacities)
    share, start, own = figures.input, figures.start_share, figures.samples_per_s
    loader, could = rates.get(Part.LOADER), f"{_trainer(case.whole)} could take"
    could = f"{could} {speed(rates.get(Part.COMPUTE))}"
    if start and share and start.value >= max(START_SHARE, share.value / 2):
        processes = counted(figures.workers, "loader process", "loader processes")
        text = f"{of_epoch(share)} goes into input, {percent(start)} into the start of {processes}"
        return f"{text}; it gets {speed(own)} samples/s, {could}"
    ratio = figures.of(truediv, Role.AS_IT_IS, Role.LOADER)
    if loader is None or ratio is None or ratio.value < _WELL_ABOVE:
        feeds = f"it {'feeds' if loader else 'gets'} {speed(loader or own)} samples/s"
        return f"{of_epoch(share)} waits for the loader; {feeds}, {could}"
    how = "side by side" if figures.workers else "taking turns"
    text = f"{of_epoch(share)} goes into input; the loader alone feeds {speed(loader)} samples/s"
    return f"{text}, {could}, but {how} they get {speed(own)}"


def _transfer(case: Case) -> str:
    share, rates = of_epoch(case.figures.shares.transfer), dict(case.figures.capacities)
    could = f"{_trainer(case.whole)} could take {speed(rates.get(Part.COMPUTE))} samples/s"
    return f"{share} goes into copies to the device that nothing hides; {could}"


def _sync(case: Case) -> str:
    share = of_epoch(case.figures.shares.sync)
    return f"{share} goes away when no step reads its loss and its right answers from the device"


def _launch(case: Case) -> str:
    ratio = factor(case.figures.shares.launch_ratio)
    return (
        f"a step with twice the samples takes {ratio} times as long, so most of it is overhead "
        "that each step has whatever its size"
    )


def _compute(case: Case) -> str:
    rates, share = dict(case.figures.capacities), of_epoch(case.figures.shares.stall)
    return (
        f"without input and copies it would save {share}; {_trainer(case.whole)} alone does "
        f"{speed(rates.get(Part.COMPUTE))} samples/s"
    )


def _contended(case: Case) -> str:
    text = f"for {of_epoch(case.figures.shares.contended)} it could have run and had no core"
    seen, settings = outside(case.state.runs_of(0)), case.whole.settings
    is_others = case.decision.is_others_doing and not is_by_own_threads(settings, seen)
    why = [_who(seen)] if is_others else []
    if has_too_many_threads(settings):
        cores = counted(len(settings.cores), "core")
        why.append(f"its own {settings.threads} threads share {cores}")
    if case.decision.is_own_doing:
        count, on = case.figures.workers, len(settings.cores)
        processes = counted(count, "loader process", "loader processes")
        share = f"its own {processes} share {counted(on, 'core') if on else 'the cores'}"
        why.append(f"{share} with it")
    return f"{text}; {', and '.join(why)}"


def _who(seen: Outside | None) -> str:
    """Who had the cores."""
    if seen is None:
        return "other processes, or a quota, had them"
    if seen.is_quota:
        return "a CPU quota held it back"
    if seen.is_steal:
        return "the hypervisor gave them to other machines"
    if seen.others_busy is None:
        return "other processes had them"
    return f"others used {seen.others_busy:.1f} cores meanwhile"


def _throttled(case: Case) -> str:
    seen, share = outside(case.state.runs_of(0)), of_epoch(case.figures.shares.throttled)
    found = seen.slowed if seen else None
    if found is None or found.by == CPU_HEAT:
        return f"the processor slowed itself for heat for {share}"
    what = "heat" if found.by in HEAT_LIMITS else "a power limit"
    text = f"{what} ({found.by}) held the clocks down for {share}"
    if found.clock_mhz is None or found.clock_max_mhz is None:
        return text
    return f"{text}, to {found.clock_mhz:,.0f} of {found.clock_max_mhz:,.0f} MHz"


def _trainer(whole: JobSpec) -> str:
    return "the GPU" if is_accelerator(whole.settings.device) else "the training"


_SAYS: Mapping[Bottleneck, Callable[[Case], str]] = {
    Bottleneck.INPUT: _input,
    Bottleneck.MILDLY_INPUT: _input,
    Bottleneck.TRANSFER: _transfer,
    Bottleneck.LAUNCH: _launch,
    Bottleneck.SYNC: _sync,
    Bottleneck.COMPUTE: _compute,
    Bottleneck.CONTENDED: _contended,
    Bottleneck.THROTTLED: _throttled,
}
