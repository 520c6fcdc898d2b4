"""What the figures say, in words: short sentences, each one checkable. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from runners.accuracy import accuracy, differ, points_apart
from runners.cells import chosen_axes
from runners.diagnosis.diagnose import diagnose
from runners.fits import mean_ratios
from runners.fluctuation import ENVIRONMENT_PCT, FLUCTUATION_PCT, fluctuation
from runners.spec import Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import (
    Ratio,
    cold_epoch_s,
    data_wait_share,
    full_epochs,
    interval_of_ratio,
    ratios,
    steady_epoch_s,
    steady_epochs,
    total_s,
)
from runners.sweep_words import sweep_sentences
from runners.text import counted, duration, times

NOTABLE_WAIT = 0.05
NOTABLE_COLD = 1.1
NOTABLE_SAVING_S = 1.0
# A job on the CPU without loader processes keeps at least one thread busy all the time. On two
# cores mlp and fashion-cnn used 1.8 to 2.0 cores in an epoch without disturbance; beside two busy
# loops mlp got a median of 0.56 as written and of 0.65 tuned.
LEAST_CORES_BUSY = 0.9
# Of more than so many jobs only the most telling are named: a table tells of the rest.
JOBS_NAMED = 4
RATIOS_NAMED = 2
_OUTLIERS_NAMED = 3
_SHORT_NAMED = 2


def verdict(state: ComparisonState) -> tuple[str, ...]:
    """The sentences, the most important first; none before the first epoch is done."""
    if not any(full_epochs(run) for run in state.runs.values()):
        return ()
    found = diagnose(state)
    if found is not None:
        # Its runs leave out parts: what they differ by is told by the diagnosis alone.
        told = (found.sentence, *found.evidence, *note_sentences(state.plan))
        return (*told, *_data_sentences(state), *_spared_sentences(state))
    parts = [_ratio_sentences(state), sweep_sentences(state), note_sentences(state.plan)]
    if len(state.plan.workloads) > 1:
        # The table has the ratios; from which size on a device pays is what was asked.
        parts = [*parts[1:], parts[0]]
    sentences = [sentence for part in parts for sentence in part]
    sentences += _wait_sentences(state)
    sentences += _contention_sentences(state)
    sentences += _cold_sentences(state)
    sentences += _accuracy_sentences(state)
    sentences += _data_sentences(state)
    sentences += _spared_sentences(state)
    return tuple(sentences)


def note_sentences(plan: Plan) -> list[str]:
    """What is known of a comparison before it has figures, such as what it leaves out."""
    return [f"{note[:1].upper()}{note[1:]}." for note in plan.notes]


def _ratio_sentences(state: ComparisonState) -> list[str]:
    """Each job against its baseline; of many only the fastest."""
    plan, sentences = state.plan, []
    for workload in plan.workloads:
        labels = {job.label for job in plan.jobs if job.workload is workload}
        found = [ratio for ratio in ratios(state) if ratio.job in labels]
        if len(found) <= RATIOS_NAMED:
            sentences += [_ratio_sentence(ratio) for ratio in found]
            continue
        fastest = max(found, key=lambda ratio: ratio.value or 0.0)
        if fastest.is_undecided or (fastest.value or 0.0) > 1:
            sentences.append(f"Fastest of {len(labels)}: {_ratio_sentence(fastest)}")
        else:
            sentences.append(f"Fastest of {len(labels)}: {fastest.baseline}.")
    for label, (mean, count) in mean_ratios(state).items():
        sentences.append(f"{label}: {times(mean)} over {count} workloads (geometric mean).")
    return sentences + _saving_sentences(state)


def _saving_sentences(state: ComparisonState) -> list[str]:
    """What a run of two jobs saves over the other, unless that may be chance."""
    if len(state.plan.jobs) != 2:
        return []
    one, other = (_figures(state, job, _whole_s) for job in range(2))
    found = ratios(state)
    if not one or not other or not found or found[0].total is None:
        return []
    one_s, other_s = statistics.median(one), statistics.median(other)
    saved_s, interval = abs(one_s - other_s), interval_of_ratio(one, other)
    if saved_s < NOTABLE_SAVING_S or (interval and interval[0] <= 1 <= interval[1]):
        return []
    faster = state.plan.jobs[0 if one_s < other_s else 1].label
    return [f"{faster} saves {duration(saved_s)} of {duration(max(one_s, other_s))} a run."]


def _whole_s(run: RunState) -> float | None:
    """Seconds of all epochs asked for; what a stopped run did is no total."""
    return total_s(run) if run.status is RunStatus.DONE else None


def _ratio_sentence(ratio: Ratio) -> str:
    value = ratio.value or 1.0
    how = ratio.label if ratio.steady is None else f"{ratio.basis}, {ratio.label}"
    interval = ""
    if ratio.low is not None and ratio.high is not None:
        interval = f", 95 % interval {times(ratio.low)} to {times(ratio.high)}"
    if ratio.is_undecided:
        pair = f"{ratio.job} and {ratio.baseline}"
        return f"No measurable difference between {pair} ({how}{interval})."
    faster, slower = ratio.job, ratio.baseline
    if value < 1:
        faster, slower, value = slower, faster, 1 / value
        if ratio.low and ratio.high:
            interval = f", 95 % interval {times(1 / ratio.high)} to {times(1 / ratio.low)}"
    as_ = "as" if times(value) == times(1.0) else f"{times(value)} as"
    return f"{faster} is {as_} fast as {slower} ({how}{interval})."


def _wait_sentences(state: ComparisonState) -> list[str]:
    """Who waits for data; over loader processes, that alone would mislead."""
    if "workers" in chosen_axes(state.plan):
        return []
    found = [
        (share, f"{job.label} waits for data {share * 100:.0f} % of the {job.workload.unit}.")
        for place, job in enumerate(state.plan.jobs)
        if (share := _over_trials(state, place, data_wait_share)) is not None
        and share >= NOTABLE_WAIT
    ]
    found.sort(key=lambda pair: -pair[0])
    return _most_telling(found, "shorter waits for data")


def _most_telling(
    found: Sequence[tuple[float, str]], rest: str, *, named: int = JOBS_NAMED
) -> list[str]:
    """Sentences about jobs; of many only the weightiest, and how many more there are.

    Args:
        found: Weight and sentence of each job.
        rest: What is to say of the others, in words.
        named: How many are named.
    """
    if len(found) <= named:
        return [sentence for _, sentence in found]
    weightiest = sorted(found, key=lambda pair: -pair[0])[:named]
    more = counted(len(found) - named, "more job")
    return [*(sentence for _, sentence in weightiest), f"{more}: {rest}."]


def _contention_sentences(state: ComparisonState) -> list[str]:
    short, varying, outlying = [], [], []
    for place, job in enumerate(state.plan.jobs):
        busy = None if job.settings.workers else _over_trials(state, place, _cores_busy)
        found = fluctuation(state, place)
        if job.settings.device == "cpu" and busy is not None and busy < LEAST_CORES_BUSY:
            text = (
                f"{job.label} got the time of {busy:.1f} cores, and one is the least it uses: "
                "something else used the machine, or a quota held it back; its times are too long."
            )
            short.append((-busy, text))
        elif found is not None and found.spread_pct > FLUCTUATION_PCT:
            many = counted(found.count, f"steady {job.workload.unit}")
            text = f"{job.label}: {many} vary by {found.spread_pct:.0f} %"
            disturbed = "; the machine did not keep its pace"
            text += (disturbed if found.spread_pct > ENVIRONMENT_PCT else "") + "."
            varying.append((found.spread_pct, text))
        if found is not None and found.outliers:
            number, most = len(found.outliers), found.outliers[:_OUTLIERS_NAMED]
            named = ", ".join(duration(value_s) for value_s in most)
            named += ", ..." if number > len(most) else ""
            text = f"{job.label}: {counted(number, 'outlier')} ({named}), kept in all figures."
            outlying.append((float(number), text))
    return [
        *_most_telling(short, "less than a core's time", named=_SHORT_NAMED),
        *_most_telling(varying, "less variation"),
        *_most_telling(outlying, "outliers"),
    ]


def _cold_sentences(state: ComparisonState) -> list[str]:
    found = []
    for place, job in enumerate(state.plan.jobs):
        factor = _over_trials(state, place, _cold_over_steady)
        if factor is not None and factor >= NOTABLE_COLD:
            unit = job.workload.unit
            text = f"{job.label}: the cold {unit} took {factor:.1f}x the steady one."
            found.append((factor, text))
    sentences = _most_telling(found, "a smaller difference when cold")
    for workload in state.plan.workloads:
        if workload.warm_up > 1:
            many = counted(workload.warm_up, workload.unit)
            sentences.append(
                f"{workload.name}: steady figures leave out the first {many} of a run."
            )
    return sentences


def _accuracy_sentences(state: ComparisonState) -> list[str]:
    """Whether jobs of the same number of epochs learned differently, beyond noise."""
    if len(state.plan.jobs) != 2:
        return []
    one, other = accuracy(state, 0), accuracy(state, 1)
    jobs = state.plan.jobs
    if one is None or other is None or jobs[0].settings.epochs != jobs[1].settings.epochs:
        return []
    points, noise = points_apart(one, other)
    if not differ(one, other):
        return [f"No difference in accuracy: {points} apart, noise {noise}."]
    more = "more" if other.share > one.share else "less"
    return [
        f"{jobs[1].label} is {points} {more} accurate than {jobs[0].label} "
        f"(noise of the test set {noise}; one seed)."
    ]


def _spared_sentences(state: ComparisonState) -> list[str]:
    """Which runs were not started, and why."""
    counts: dict[str, int] = {}
    for run in state.runs.values():
        if run.spared is not None:
            counts[run.spared] = counts.get(run.spared, 0) + 1
    return [f"{counted(count, 'run')} not started: {why}." for why, count in counts.items()]


def _data_sentences(state: ComparisonState) -> list[str]:
    names = {
        run.data.name
        for run in state.runs.values()
        if run.data is not None and run.data.source == "generated"
    }
    return [
        f"The data is generated in the shape of {name}: times hold, accuracies are not those of "
        f"{name}."
        for name in sorted(names)
    ]


def _cold_over_steady(run: RunState) -> float | None:
    cold_s, steady_s = cold_epoch_s(run), steady_epoch_s(run)
    return cold_s / steady_s if cold_s and steady_s else None


def _cores_busy(run: RunState) -> float | None:
    """Median over the steady epochs of the cores' worth of time that the job got."""
    busy = [e.process_s / e.epoch_s for e in steady_epochs(run) if e.process_s is not None]
    return statistics.median(busy) if busy else None


def _over_trials(
    state: ComparisonState, job: int, figure: Callable[[RunState], float | None]
) -> float | None:
    """The median of a figure over a job's trials."""
    values = _figures(state, job, figure)
    return statistics.median(values) if values else None


def _figures(
    state: ComparisonState, job: int, figure: Callable[[RunState], float | None]
) -> tuple[float, ...]:
    """A figure of each of a job's trials that has it."""
    return tuple(value for run in state.runs_of(job) if (value := figure(run)) is not None)
