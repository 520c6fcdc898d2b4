"""The figures of a diagnosis, from the epochs of its runs. Pure.

All rest on seconds a sample of a steady epoch: the median of a run's, then of the trials.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
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

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything a verdict rests on.

    Attributes:
        workers: Loader processes of the job.
        sample_s: Seconds a sample of a whole epoch, by trial, of each role that has figures.
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
    sample_s: Mapping[Role, Values]
    fed: Role | None
    input: Figure | None
    shares: Shares
    capacities: tuple[tuple[Part, Figure], ...]
    samples_per_s: Figure | None
    predicted_gain: Figure | None
    contended_alone: Figure | None
    start_share: Figure | None

    def median_s(self, role: Role) -> float | None:
        """Seconds a sample of a role, the median of its trials; None without figures."""
        values = self.sample_s.get(role)
        return statistics.median(values) if values else None


def figures_of(state: ComparisonState) -> Figures:
    """The figures of a diagnosis, as far as its runs have come."""
    found = places(state.plan)
    own, samples = state.plan.jobs[0].settings, whole_samples(state)

    def trials(role: Role, value: Callable[[RunState], float | None]) -> Values:
        runs = state.runs_of(found[role]) if role in found else ()
        return tuple(each for run in runs if (each := value(run)) is not None)

    def by_trial(role: Role, place: int) -> Values:
        settings = state.plan.jobs[place].settings
        return trials(role, lambda run: run_sample_s(run, settings, samples))

    all_s = {role: values for role, place in found.items() if (values := by_trial(role, place))}
    as_it_is = all_s.get(Role.AS_IT_IS, ())
    cached, in_host = all_s.get(Role.CACHED, ()), all_s.get(Role.HOST_CACHED, ())
    shares = Shares(
        stall=_figure(_lost, as_it_is, cached),
        transfer=_figure(_part, as_it_is, in_host, cached),
        sync=_figure(_part, as_it_is, cached, all_s.get(Role.UNREAD, ())),
        launch_ratio=_figure(_step_ratio, cached, all_s.get(Role.TWICE, ())),
        contended=_figure(float, trials(Role.AS_IT_IS, contended_share)),
        throttled=_figure(float, trials(Role.AS_IT_IS, throttled_share)),
    )
    rates = {
        Part.LOADER: _figure(_rate, all_s.get(Role.LOADER, ())),
        Part.TRANSFER: _figure(_rate, trials(Role.HOST_CACHED, _copy_s)),
        Part.COMPUTE: _figure(_rate, cached),
    }
    fed = next((role for role in (Role.HOST_CACHED, Role.CACHED) if role in all_s), None)
    start = trials(Role.AS_IT_IS, lambda run: _start_share(run, own, samples))
    return Figures(
        workers=loader_processes(own),
        sample_s=all_s,
        fed=fed,
        input=_figure(_lost, as_it_is, all_s[fed]) if fed else None,
        shares=shares,
        capacities=tuple((part, rate) for part, rate in rates.items() if rate is not None),
        samples_per_s=_figure(_rate, as_it_is),
        predicted_gain=_figure(_over, as_it_is, cached),
        contended_alone=_figure(float, trials(Role.CACHED, contended_share)),
        start_share=_figure(float, start),
    )


def run_sample_s(run: RunState, settings: JobSettings, samples: int | None) -> float | None:
    """Seconds a sample of a whole epoch, the median of a run's steady ones; None without any.

    Args:
        run: The run.
        settings: Its own.
        samples: Samples of a whole epoch; None where unknown.
    """
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
    whole_s = run_sample_s(run, settings, samples)
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


def _figure(make: Callable[..., float], *sides: Values) -> Figure | None:
    """A figure made of medians over trials; None where one of them has no values."""
    if not all(sides):
        return None
    low, high = interval_of(make, *sides) or (None, None)
    return Figure(value=make(*map(statistics.median, sides)), low=low, high=high)


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
