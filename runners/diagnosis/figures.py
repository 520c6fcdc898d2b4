"""The figures of a diagnosis, from the epochs of its runs. Pure.

All rest on seconds a sample of a steady epoch, the median of a run's. A figure that compares runs
is taken within each trial, whose runs are close together, and is the median of the trials: on a
machine that others share, fast and slow by turns, runs that lie far apart would show just that.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runners.diagnosis.conditions import contended_share, throttled_share
from runners.diagnosis.plan import (
    MORE_SAMPLES,
    Role,
    loader_processes,
    places,
    whole_samples,
)
from runners.diagnosis.records import Figure, Part, Shares
from runners.events import EpochFinished
from runners.state import ComparisonState, RunState
from runners.statistics import interval_of, steady_epochs
from runners.workloads import JobSettings

ByTrial = Mapping[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything a verdict rests on.

    Attributes:
        workers: Loader processes of the job.
        sample_s: Seconds a sample of a whole epoch of each role that has figures, by trial.
        fed: The role whose runs have batches without the cost of making them: those that still
            copy them to the device, where there are such; None without figures.
        input: What making batches costs: 1 - (fed) / (as it is), copies not in it.
        shares: Where the time goes.
        capacities: Samples a second that each part could do alone.
        samples_per_s: Speed of the job as it is.
        predicted_gain: Speed without any input over speed as it is.
        contended_alone: As `Shares.contended`, of the runs without loader processes.
        start_share: Share of a whole epoch that goes into starting the loader; None without
            loader processes.
    """

    workers: int
    sample_s: Mapping[Role, ByTrial]
    fed: Role | None
    input: Figure | None
    shares: Shares
    capacities: tuple[tuple[Part, Figure], ...]
    samples_per_s: Figure | None
    predicted_gain: Figure | None
    contended_alone: Figure | None
    start_share: Figure | None

    def of(self, make: Callable[..., float], *roles: Role) -> Figure | None:
        """A figure made of the seconds a sample of these roles; see `figure_of`."""
        return figure_of(make, *(self.sample_s.get(role, {}) for role in roles))

    def medians_s(self, *roles: Role) -> tuple[float, ...] | None:
        """Seconds a sample of each of these roles, in the trials in which all have figures.

        None where there is no such trial.
        """
        sides = [self.sample_s.get(role, {}) for role in roles]
        trials = _in_common(sides)
        if not trials:
            return None
        return tuple(statistics.median(side[trial] for trial in trials) for side in sides)

    def trials(self, roles: Iterable[Role]) -> int:
        """In how many trials all of these roles have figures."""
        return len(_in_common([self.sample_s.get(role, {}) for role in roles]))


def figures_of(state: ComparisonState) -> Figures:
    """The figures of a diagnosis, as far as its runs have come."""
    found = places(state.plan)
    own, samples = state.plan.jobs[0].settings, whole_samples(state)

    def trials(role: Role, value: Callable[[RunState], float | None]) -> ByTrial:
        return _by_trial(state, found[role], value) if role in found else {}

    by_role = {role: sample_s(state, place, samples) for role, place in found.items()}
    all_s = {role: values for role, values in by_role.items() if values}
    as_it_is = all_s.get(Role.AS_IT_IS, {})
    cached, in_host = all_s.get(Role.CACHED, {}), all_s.get(Role.HOST_CACHED, {})
    shares = Shares(
        stall=figure_of(_lost, as_it_is, cached),
        transfer=figure_of(_part, as_it_is, in_host, cached),
        sync=figure_of(_part, as_it_is, cached, all_s.get(Role.UNREAD, {})),
        launch_ratio=figure_of(_step_ratio, cached, all_s.get(Role.TWICE, {})),
        contended=figure_of(float, trials(Role.AS_IT_IS, contended_share)),
        throttled=figure_of(float, trials(Role.AS_IT_IS, throttled_share)),
    )
    rates = {
        Part.LOADER: figure_of(_rate, all_s.get(Role.LOADER, {})),
        Part.TRANSFER: figure_of(_rate, trials(Role.HOST_CACHED, _copy_s)),
        Part.COMPUTE: figure_of(_rate, _beside(cached, as_it_is)),
    }
    fed = next((role for role in (Role.HOST_CACHED, Role.CACHED) if role in all_s), None)
    start = trials(Role.AS_IT_IS, lambda run: _start_share(run, own, samples))
    return Figures(
        workers=loader_processes(own),
        sample_s=all_s,
        fed=fed,
        input=figure_of(_lost, as_it_is, all_s[fed]) if fed else None,
        shares=shares,
        capacities=tuple((part, rate) for part, rate in rates.items() if rate is not None),
        samples_per_s=figure_of(_rate, _beside(as_it_is, cached)),
        predicted_gain=figure_of(_over, as_it_is, cached),
        contended_alone=figure_of(float, trials(Role.CACHED, contended_share)),
        start_share=figure_of(float, start),
    )


def sample_s(state: ComparisonState, job: int, samples: int | None) -> ByTrial:
    """Seconds a sample of a whole epoch, of a job's runs that have steady epochs.

    Args:
        state: The comparison.
        job: The job's place in the plan.
        samples: Samples of a whole epoch; None where unknown.
    """
    settings = state.plan.jobs[job].settings
    return _by_trial(state, job, lambda run: _run_sample_s(run, settings, samples))


def figure_of(make: Callable[..., float], *sides: ByTrial) -> Figure | None:
    """The median of a figure made in each trial, with its interval over the trials.

    None where no trial has all that it is made of.

    Args:
        make: Makes it of one trial's values, in the order of `sides`.
        sides: The values of each job.
    """
    values = tuple(make(*(side[trial] for side in sides)) for trial in _in_common(sides))
    if not values:
        return None
    low, high = interval_of(float, values) or (None, None)
    return Figure(value=statistics.median(values), low=low, high=high)


def _run_sample_s(run: RunState, settings: JobSettings, samples: int | None) -> float | None:
    """The median of a run's steady epochs; None without any."""
    workers = loader_processes(settings)
    found = [epoch_sample_s(epoch, workers, samples) for epoch in steady_epochs(run)]
    return statistics.median(found) if found else None


def epoch_sample_s(epoch: EpochFinished, workers: int, samples: int | None) -> float:
    """Seconds a sample that a whole epoch would take, from an epoch cut to fewer samples.

    With loader processes the wait before the first batch comes once in an epoch however long it
    is, so it is spread over the samples of a whole one. They start together, so the first batch
    brings one of each other process along with it: the waits of the cut epoch are those of so many
    batches fewer than it has.

    Args:
        epoch: The cut epoch.
        workers: Loader processes; 0 where the loop itself makes or cuts its batches.
        samples: Samples of a whole epoch; None where unknown, which takes the cut for the whole.
    """
    first_s, wait_s = epoch.first_wait_s, epoch.phases.data_wait_s
    if not workers or first_s is None or wait_s is None or epoch.steps <= workers:
        return epoch.epoch_s / epoch.samples
    step_s = (epoch.epoch_s - wait_s) / epoch.steps
    step_s += max(0.0, wait_s - first_s) / (epoch.steps - workers)
    return step_s * epoch.steps / epoch.samples + first_s / (samples or epoch.samples)


def _start_share(run: RunState, settings: JobSettings, samples: int | None) -> float | None:
    whole_s = _run_sample_s(run, settings, samples)
    firsts_s = [e.first_wait_s for e in steady_epochs(run) if e.first_wait_s is not None]
    if not loader_processes(settings) or not whole_s or not firsts_s or samples is None:
        return None
    return statistics.median(firsts_s) / (whole_s * samples)


def _copy_s(run: RunState) -> float | None:
    """Seconds a sample in which the device copied; None where no clock tells."""
    found = [
        epoch.phases.host_to_device_s / epoch.samples
        for epoch in steady_epochs(run)
        if epoch.phases.host_to_device_s
    ]
    return statistics.median(found) if found else None


def _by_trial(
    state: ComparisonState, job: int, value: Callable[[RunState], float | None]
) -> ByTrial:
    values = {trial: value(run) for trial, run in enumerate(state.runs_of(job))}
    return {trial: each for trial, each in values.items() if each is not None}


def _beside(values: ByTrial, others: ByTrial) -> ByTrial:
    """What was measured in a trial that has both, as the two are told side by side; else all."""
    common = {trial: value for trial, value in values.items() if trial in others}
    return common or values


def _in_common(sides: Sequence[ByTrial]) -> list[int]:
    return sorted(set.intersection(*map(set, sides)))


def _lost(as_it_is_s: float, without_s: float) -> float:
    return 1 - without_s / as_it_is_s


def _part(as_it_is_s: float, with_s: float, without_s: float) -> float:
    return (with_s - without_s) / as_it_is_s


def _step_ratio(sample_s: float, sample_of_larger_s: float) -> float:
    return MORE_SAMPLES * sample_of_larger_s / sample_s


def _over(as_it_is_s: float, without_s: float) -> float:
    return as_it_is_s / without_s


def _rate(sample_s: float) -> float:
    return 1 / sample_s
