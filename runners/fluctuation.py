"""How far the times of one job lie apart, and what that says of the machine. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from runners.state import ComparisonState
from runners.statistics import spread, steady_epochs

# Cut-offs of torch.utils.benchmark: interquartile range over median.
FLUCTUATION_PCT = 10.0
ENVIRONMENT_PCT = 25.0
# hyperfine's: ten standard deviations of a normal distribution, by the median absolute deviation.
OUTLIER_SCORE = 10.0
_MAD_TO_SIGMA = 1.4826
_VALUES_FOR_OUTLIERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluctuation:
    """How the steady units of a job vary, all trials together.

    Attributes:
        spread_pct: Interquartile range over the median, in percent; with less than four values
            the whole range.
        count: Steady units.
        outliers: Times so far off that something disturbed them, in seconds; they are kept in
            every figure.
    """

    spread_pct: float
    count: int
    outliers: tuple[float, ...]


def fluctuation(state: ComparisonState, job: int) -> Fluctuation | None:
    """How a job's steady units vary; None with less than two."""
    values = [epoch.epoch_s for run in state.runs_of(job) for epoch in steady_epochs(run)]
    found = spread(values)
    if found is None or found.count < 2:
        return None
    return Fluctuation(
        spread_pct=100 * (found.high - found.low) / found.median,
        count=found.count,
        outliers=outliers(values),
    )


def outliers(values: Sequence[float]) -> tuple[float, ...]:
    """The values whose modified z-score is beyond the cut-off; none with less than five.

    The score is the distance from the median over the median absolute deviation, scaled to
    standard deviations (Iglewicz and Hoaglin, How to detect and handle outliers, 1993).
    """
    if len(values) < _VALUES_FOR_OUTLIERS:
        return ()
    middle = statistics.median(values)
    sigma = _MAD_TO_SIGMA * statistics.median(abs(value - middle) for value in values)
    return tuple(value for value in values if abs(value - middle) > OUTLIER_SCORE * sigma > 0)
