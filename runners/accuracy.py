"""Accuracies with their noise: how far two must lie apart to mean anything. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from runners.state import ComparisonState
from runners.statistics import final_accuracy

_95_PCT = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A job's accuracy on the test set after its last epoch.

    Attributes:
        share: Share of right answers; with several trials their mean.
        samples: Test samples.
        noise: Half the 95 % interval that so many samples leave (Wilson's, which is not 0 where
            all answers are right).
    """

    share: float
    samples: int
    noise: float


def accuracy(state: ComparisonState, job: int) -> Accuracy | None:
    """A job's accuracy; None before it was tested."""
    runs = [run for run in state.runs_of(job) if run.evaluations]
    shares = [share for run in runs if (share := final_accuracy(run)) is not None]
    if not shares:
        return None
    share, samples = statistics.fmean(shares), runs[0].evaluations[-1].samples
    return Accuracy(share=share, samples=samples, noise=_half_width(share, samples))


def differ(one: Accuracy, other: Accuracy) -> bool:
    """Whether two accuracies differ by more than their noise together."""
    return abs(one.share - other.share) > math.hypot(one.noise, other.noise)


def points_apart(one: Accuracy, other: Accuracy) -> tuple[str, str]:
    """How many percentage points two accuracies lie apart, and their noise together, as text."""
    noise = 100 * math.hypot(one.noise, other.noise)
    places = 2 if noise < 1 else 1
    return f"{100 * abs(other.share - one.share):.{places}f} points", f"{noise:.{places}f}"


def _half_width(share: float, samples: int) -> float:
    """Half the interval of a binomial share (Wilson, Probable inference, 1927)."""
    if not samples:
        return 1.0
    per_sample = _95_PCT**2 / samples
    variance = max(share * (1 - share), 0.0) / samples + per_sample / (4 * samples)
    return _95_PCT * math.sqrt(variance) / (1 + per_sample)
