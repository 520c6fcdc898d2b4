"""What a sweep says as a whole, in words. Pure."""

from __future__ import annotations

from runners.fits import BatchFit, Crossover, batch_fits, crossovers
from runners.state import ComparisonState
from runners.text import duration

# A fit that misses what was measured by more says little.
LARGEST_MISS_PCT = 15.0
_MILLI = 1e3


def sweep_sentences(state: ComparisonState) -> list[str]:
    """The fits of batch sweeps and the crossovers, as far as there are figures."""
    sentences = [_fit_sentence(fit) for fit in batch_fits(state)]
    return sentences + [_crossover_sentence(crossover) for crossover in crossovers(state)]


def _fit_sentence(fit: BatchFit) -> str:
    fixed_s = fit.sample_s * fit.samples
    if fit.worst_pct > LARGEST_MISS_PCT or fixed_s <= 0:
        return (
            f"{fit.label}: samples and steps alone do not explain these times "
            f"(a fit misses one by {fit.worst_pct:.0f} %); batch sizes differ in more than steps."
        )
    start = f"{fit.label}: an epoch takes {duration(fixed_s)}"
    rate = f"{1 / fit.sample_s:,.0f} samples/s at most, whatever the batch size"
    if fit.step_s <= 0:
        return f"{start}, and a step costs nothing measurable: {rate}."
    step = f"{fit.step_s * _MILLI:.3g} ms a step"
    return f"{start} + {step} (within {fit.worst_pct:.0f} %): {rate}."


def _crossover_sentence(crossover: Crossover) -> str:
    faster, slower = crossover.other, crossover.baseline
    if not crossover.decided:
        return f"No measurable difference between {faster} and {slower} at any size tried."
    if crossover.decided[-1][1] < 1:
        faster, slower = slower, faster
    few = "" if crossover.has_intervals else " (too few trials to be sure)"
    if crossover.at is None:
        unclear = len(crossover.ratios) - len(crossover.decided)
        but = f" but {unclear} without a measurable difference" if unclear else ""
        return f"{faster} is faster than {slower} at every size tried{but}{few}."
    size = _size(crossover, crossover.at)
    return f"{faster} is faster than {slower} from about {size} up{few}."


def _size(crossover: Crossover, at: float) -> str:
    if crossover.quantity == "batch_size":
        return f"batch {at:.0f}"
    for factor, unit in ((1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP")):
        if at >= factor:
            return f"{at / factor:.3g} {unit} a step"
    return f"{at:.3g} FLOP a step"
