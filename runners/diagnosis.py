"""What the figures say, in words: short sentences, each one checkable. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from runners.state import ComparisonState, RunState
from runners.statistics import (
    STEADY,
    Ratio,
    cold_epoch_s,
    data_wait_share,
    full_epochs,
    ratios,
    steady_epoch_s,
    steady_epochs,
)

NOTABLE_WAIT = 0.05
NOTABLE_COLD = 1.1
# A job on the CPU without loader processes keeps at least one thread busy all the time. On two
# cores mlp and fashion-cnn used 1.8 to 2.0 cores in an epoch without disturbance; beside two busy
# loops mlp got a median of 0.56 as written and of 0.65 tuned.
LEAST_CORES_BUSY = 0.9
# As written and alone, the slowest steady epoch of both took 1.13x the fastest at most.
NOTABLE_VARIATION = 1.5


def verdict(state: ComparisonState) -> tuple[str, ...]:
    """The sentences, the most important first; none before the first epoch is done."""
    if not any(full_epochs(run) for run in state.runs.values()):
        return ()
    sentences = [_ratio_sentence(ratio) for ratio in ratios(state)]
    sentences += _wait_sentences(state)
    sentences += [f"{note[:1].upper()}{note[1:]}." for note in state.plan.notes]
    sentences += _contention_sentences(state)
    sentences += _cold_sentences(state)
    sentences += _data_sentences(state)
    return tuple(sentences)


def _ratio_sentence(ratio: Ratio) -> str:
    value = ratio.value or 1.0
    how = f"{ratio.basis}, {ratio.label}" if ratio.basis == STEADY else ratio.label
    interval = ""
    if ratio.low is not None and ratio.high is not None:
        interval = f", 95 % interval {ratio.low:.2f}x to {ratio.high:.2f}x"
    if ratio.is_undecided:
        pair = f"{ratio.job} and {ratio.baseline}"
        return f"No measurable difference between {pair} ({how}{interval})."
    faster, slower = ratio.job, ratio.baseline
    if value < 1:
        faster, slower, value = slower, faster, 1 / value
        if ratio.low and ratio.high:
            interval = f", 95 % interval {1 / ratio.high:.2f}x to {1 / ratio.low:.2f}x"
    times = f"{value:.2f}x as" if f"{value:.2f}" != "1.00" else "as"
    return f"{faster} is {times} fast as {slower} ({how}{interval})."


def _wait_sentences(state: ComparisonState) -> list[str]:
    shares = [
        (share, job.label)
        for place, job in enumerate(state.plan.jobs)
        if (share := _over_trials(state, place, data_wait_share)) is not None
        and share >= NOTABLE_WAIT
    ]
    return [
        f"{label} waits for data {share * 100:.0f} % of the epoch."
        for share, label in sorted(shares, key=lambda pair: -pair[0])
    ]


def _contention_sentences(state: ComparisonState) -> list[str]:
    sentences = []
    for place, job in enumerate(state.plan.jobs):
        busy = None if job.settings.workers else _over_trials(state, place, _cores_busy)
        variation = _over_trials(state, place, _variation)
        if job.settings.device == "cpu" and busy is not None and busy < LEAST_CORES_BUSY:
            sentences.append(
                f"{job.label} got the time of {busy:.1f} cores, and one is the least it uses: "
                "something else used the machine, or a quota held it back; its times are too long."
            )
        elif variation is not None and variation > NOTABLE_VARIATION:
            sentences.append(
                f"{job.label}: the slowest steady epoch took {variation:.1f}x the fastest; "
                "the machine did not keep its pace."
            )
    return sentences


def _cold_sentences(state: ComparisonState) -> list[str]:
    sentences = []
    for place, job in enumerate(state.plan.jobs):
        factor = _over_trials(state, place, _cold_over_steady)
        if factor is not None and factor >= NOTABLE_COLD:
            sentences.append(f"{job.label}: the cold epoch took {factor:.1f}x the steady one.")
    return sentences


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


def _variation(run: RunState) -> float | None:
    """The slowest steady epoch over the fastest."""
    epochs_s = [epoch.epoch_s for epoch in steady_epochs(run)]
    return max(epochs_s) / min(epochs_s) if epochs_s else None


def _over_trials(
    state: ComparisonState, job: int, figure: Callable[[RunState], float | None]
) -> float | None:
    """The median of a figure over a job's trials."""
    values = [value for run in state.runs_of(job) if (value := figure(run)) is not None]
    return statistics.median(values) if values else None
