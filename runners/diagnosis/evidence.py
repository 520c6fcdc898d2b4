"""What a diagnosis rests on, in sentences that can be checked in its runs. Pure."""

from __future__ import annotations

import statistics

from runners.diagnosis.classes import Case
from runners.diagnosis.conditions import NOTABLE_CORES, outside
from runners.diagnosis.plan import whole_samples
from runners.diagnosis.records import Bottleneck, Part
from runners.diagnosis.sentences import failures
from runners.diagnosis.thresholds import CONTENDED_SHARE, START_SHARE
from runners.diagnosis.wording import factor, of_epoch, percent, rate
from runners.statistics import data_wait_share
from runners.text import counted, duration


def evidence(case: Case) -> tuple[str, ...]:
    """The sentences, those of the class first."""
    told = {
        Bottleneck.INPUT: [*_without_input(case), *_loader(case)],
        Bottleneck.TRANSFER: _copies(case),
        Bottleneck.SYNC: _reading(case),
        Bottleneck.LAUNCH: _twice(case),
        Bottleneck.CONTENDED: _cores(case),
        Bottleneck.THROTTLED: _clocks(case),
    }
    first = case.decision.told
    if first not in told:
        first = Bottleneck.INPUT
    rest = [line for name, lines in told.items() if name is not first for line in lines]
    return (*told[first], *rest, *failures(case.state))


def _without_input(case: Case) -> list[str]:
    compute = dict(case.figures.capacities).get(Part.COMPUTE)
    own, saved = case.figures.samples_per_s, percent(case.figures.shares.stall)
    what = "input" if case.figures.shares.transfer is None else "input and copies"
    return [f"As it is {rate(own)}, without {what} {rate(compute)}: {saved} less time."]


def _loader(case: Case) -> list[str]:
    figures, lines = case.figures, []
    loader = dict(figures.capacities).get(Part.LOADER)
    if loader is not None:
        lines.append(f"The loader alone: {rate(loader)}.")
    shares = [s for run in case.state.runs_of(0) if (s := data_wait_share(run)) is not None]
    if shares:
        wait = f"{100 * statistics.median(shares):.0f} %"
        lines.append(f"The loop itself waits for data {wait} of its brief epochs.")
    samples = whole_samples(case.state)
    start, own = figures.start_share, figures.samples_per_s
    if start is not None and own is not None and samples and start.value >= START_SHARE:
        processes = counted(figures.workers, "loader process", "loader processes")
        seconds = duration(start.value * samples / own.value)
        lines.append(f"To start {processes} takes {seconds} of a whole epoch: {percent(start)}.")
    return lines


def _copies(case: Case) -> list[str]:
    figures = case.figures
    if figures.shares.transfer is None:
        return []
    text = f"Copies to the device that nothing hides: {of_epoch(figures.shares.transfer)}"
    alone = dict(figures.capacities).get(Part.TRANSFER)
    return [f"{text}; copies alone: {rate(alone)}." if alone else f"{text}."]


def _reading(case: Case) -> list[str]:
    sync = case.figures.shares.sync
    return [f"Reading figures in each step: {of_epoch(sync)}."] if sync else []


def _twice(case: Case) -> list[str]:
    ratio = case.figures.shares.launch_ratio
    return [f"A step with twice the samples takes {factor(ratio)} times as long."] if ratio else []


def _cores(case: Case) -> list[str]:
    figures, seen, lines = case.figures, outside(case.state.runs_of(0)), []
    contended, alone = figures.shares.contended, figures.contended_alone
    if contended is not None and contended.value >= CONTENDED_SHARE / 2:
        text = f"It could have run and had no core for {of_epoch(contended)}"
        without = f", without input for {of_epoch(alone)}" if alone else ""
        lines.append(f"{text}{without}.")
    if seen is not None and (seen.others_busy or 0.0) >= NOTABLE_CORES:
        lines.append(f"Other processes used {seen.others_busy:.1f} cores meanwhile.")
    return lines


def _clocks(case: Case) -> list[str]:
    seen = outside(case.state.runs_of(0))
    return [f"A steady epoch was {seen.slowed.in_words()}."] if seen and seen.slowed else []
