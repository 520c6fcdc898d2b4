"""What a diagnosis is: frozen records, units in the names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runners.spec import JobSpec
from runners.state import ComparisonState
from runners.statistics import Ratio


class Bottleneck(StrEnum):
    """What limits a training."""

    INPUT = "input-bound"
    MILDLY_INPUT = "mildly-input-bound"
    TRANSFER = "transfer-bound"
    LAUNCH = "launch-bound"
    SYNC = "sync-bound"
    COMPUTE = "compute-bound"
    CONTENDED = "contended"
    THROTTLED = "throttled"
    UNDECIDED = "undecided"


class Part(StrEnum):
    """A part of the pipeline, in the order of the data."""

    LOADER = "loader"
    TRANSFER = "transfer"
    COMPUTE = "compute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with its bootstrap 95 % interval over trials; no interval below three trials."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Where the time of a sample goes, as shares of it, each from a pair of runs.

    None is what was not run, or has no meaning on this device.

    Attributes:
        stall: Input: 1 - (without input) / (as it is).
        transfer: Copies to the device that nothing hides: host-cached less cached.
        sync: Reading figures in each step: cached less unread.
        launch_ratio: How many times as long a step with twice the samples takes.
        contended: Time in which the loop could have run and had no core.
        throttled: Time for which heat or a power limit held clocks below their usual.
    """

    stall: Figure | None = None
    transfer: Figure | None = None
    sync: Figure | None = None
    launch_ratio: Figure | None = None
    contended: Figure | None = None
    throttled: Figure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Something to change, and what it should gain.

    Attributes:
        what: In words, as an order: `keep the samples in memory, cut batches by indexing`.
        changes: Fields of the job's settings with their new values; empty for what racetop cannot
            change itself, such as a neighbor on the same cores.
        predicted: How many times as fast the training should be; None where nothing tells.
        is_bound: Whether `predicted` is the most it can be.
        command: A command line that compares the job with and without it; None without changes.
    """

    what: str
    changes: tuple[tuple[str, object], ...] = ()
    predicted: float | None = None
    is_bound: bool = False
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a remedy when it was applied.

    Attributes:
        remedy: Which one.
        gain: The job with it against the job without; None as long as there are no figures.
        problem: Why it failed, in words; None otherwise.
    """

    remedy: Remedy
    gain: Ratio | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What limits one job, by how much, and what to change.

    Attributes:
        job: The job as it is.
        bottleneck: The class.
        shares: The figures that the class rests on.
        samples_per_s: Speed of the job as it is.
        capacities: Samples a second each part could do alone, as far as it was run.
        narrow: The part that limits; None where none does, or it is not decided.
        predicted_gain: Speed without any input work over speed as it is: the most that any change
            of the input can gain.
        sentence: The verdict in one sentence.
        evidence: What it rests on, the weightiest first, each to be checked in the runs.
        remedies: What to change, the most promising first; at most three.
        is_complete: Whether all runs are over.
    """

    job: JobSpec
    bottleneck: Bottleneck
    shares: Shares
    samples_per_s: Figure | None
    capacities: tuple[tuple[Part, Figure], ...]
    narrow: Part | None
    predicted_gain: Figure | None
    sentence: str
    evidence: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """One job, the runs that were made to diagnose it, and what they came to.

    Attributes:
        job: The whole job, as it was asked for.
        state: The runs; None where a stop came before them.
        diagnosis: What they say; None as long as they say nothing.
        tried: The remedies that were applied, in order.
    """

    job: JobSpec
    state: ComparisonState | None = None
    diagnosis: Diagnosis | None = None
    tried: tuple[Tried, ...] = ()
