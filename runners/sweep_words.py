"""What a sweep says as a whole, in words. Pure."""

from __future__ import annotations

import math

from runners.fits import BatchFit, Crossover, batch_fits, crossovers
from runners.state import ComparisonState
from runners.workers_words import workers_sentences

# A fit that misses what was measured by more says little.
LARGEST_MISS_PCT = 15.0
# What lies nearer to nothing than so many standard errors may be nothing.
_MEASURABLE_ERRORS = 2.0
# Up to which value, how many seconds, its name.
_TIME_UNITS = (
    (1.0, 1e-3, "ms"),
    (120.0, 1.0, "s"),
    (7_200.0, 60.0, "min"),
    (math.inf, 3_600.0, "h"),
)


def sweep_sentences(state: ComparisonState) -> list[str]:
    """The fits, the crossovers, the loader processes that pay, as far as there are figures."""
    sentences = [_fit_sentence(fit) for fit in batch_fits(state)] + workers_sentences(state)
    return sentences + [_crossover_sentence(crossover) for crossover in crossovers(state)]


def _fit_sentence(fit: BatchFit) -> str:
    fixed_s = fit.sample_s * fit.samples
    least_s = _MEASURABLE_ERRORS * fit.fixed_error_s
    if fit.worst_pct > LARGEST_MISS_PCT or fixed_s <= -least_s:
        return (
            f"{fit.label}: samples and steps alone do not explain these times "
            f"(a fit misses one by {fit.worst_pct:.0f} %); batch sizes differ in more than steps, "
            "or the machine did not keep its pace."
        )
    start = f"{fit.label}: an epoch takes"
    within = f"(within {max(1, round(fit.worst_pct))} %)"
    step = f"{_time(fit.step_s, fit.step_error_s)} a step"
    if fixed_s <= least_s:
        return f"{start} {step} {within}, and its samples nothing measurable on top."
    fixed = _time(fixed_s, fit.fixed_error_s)
    rate = _supported(1 / fit.sample_s, fit.fixed_error_s / fixed_s / fit.sample_s)
    most = f"{rate} samples/s at most, whatever the batch size"
    if fit.step_s <= _MEASURABLE_ERRORS * fit.step_error_s:
        return f"{start} {fixed}, and a step costs nothing measurable: {most}."
    return f"{start} {fixed} + {step} {within}: {most}."


def _time(value_s: float, error_s: float) -> str:
    """A time in words, with the digits that its standard error leaves it."""
    scale, unit = next(
        (scale, unit) for below_s, scale, unit in _TIME_UNITS if abs(value_s) < below_s
    )
    return f"{_supported(value_s / scale, error_s / scale)} {unit}"


def _supported(value: float, error: float) -> str:
    """A number down to the first digit of its standard error: one digit at least, three at most."""
    if not value:
        return "0"
    first = math.floor(math.log10(abs(value)))
    last = math.floor(math.log10(error)) if error > 0 else first - 2
    last = min(max(last, first - 2), first)
    return f"{round(value, -last):,.{max(0, -last)}f}"


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
        return f"batch {_two_digits(at)}"
    for factor, unit in ((1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP")):
        if at >= factor:
            return f"{_two_digits(at / factor)} {unit} a step"
    return f"{_two_digits(at)} FLOP a step"


def _two_digits(value: float) -> str:
    """What lies somewhere between two sizes that were tried is known to no more."""
    return f"{float(f'{value:.2g}'):,g}"
