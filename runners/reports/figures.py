"""Numbers as the reports write them; unknown is `n/a`. Pure."""

from __future__ import annotations

from runners.accuracy import Accuracy
from runners.statistics import Ratio, holds_one
from runners.text import digits, duration
from runners.text import times as in_times

UNKNOWN = "n/a"
_GIB = 2**30
_MIB = 2**20
# From here on three digits of joules would be a thousand.
_KILO_J = 999.5
_LONG_S = 120.0
_SHORT_S = 0.01
_RATES = ((1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"))


def seconds(value_s: float | None) -> str:
    """Seconds with three digits, such as `0.123`, `1.83`, `18.3` or `1,834`."""
    if value_s is None:
        return UNKNOWN
    return f"{value_s:,.{digits(value_s)}f}"


def seconds_exactly(value_s: float) -> str:
    """Seconds with four digits, such as `0.1780`, `9.305` or `103.1`."""
    return f"{value_s:,.{1 + digits(value_s)}f}"


def time(value_s: float | None) -> str:
    """Seconds with their unit; milliseconds below 10 ms, minutes or hours from two minutes up."""
    if value_s is None:
        return UNKNOWN
    if 0 < value_s < _SHORT_S:
        return f"{milliseconds(1e3 * value_s)} ms"
    longer = f" ({duration(value_s)})" if value_s >= _LONG_S else ""
    return f"{seconds(value_s)} s{longer}"


def milliseconds(value_ms: float | None) -> str:
    """Milliseconds with three digits."""
    return seconds(value_ms)


def milliseconds_around(mean_ms: float | None, std_ms: float | None) -> str:
    """A mean with its standard deviation, which has the digits of the mean."""
    if mean_ms is None or std_ms is None:
        return UNKNOWN
    places = digits(mean_ms)
    return f"{mean_ms:,.{places}f} ± {std_ms:,.{places}f}"


def memory(value_bytes: float | None) -> str:
    """Memory in MiB, from one GiB up in GiB."""
    if value_bytes is None:
        return UNKNOWN
    if value_bytes < _GIB:
        return f"{value_bytes / _MIB:.0f} MiB"
    return f"{value_bytes / _GIB:.2f} GiB"


def energy(value_j: float | None) -> str:
    """Energy with three digits, such as `0.123 J`, `45.1 J`, `1.20 kJ`."""
    if value_j is None:
        return UNKNOWN
    return f"{seconds(value_j / 1e3)} kJ" if value_j >= _KILO_J else f"{seconds(value_j)} J"


def share(value: float | None) -> str:
    """A share in percent."""
    return UNKNOWN if value is None else f"{value * 100:.0f} %"


def accuracy(found: Accuracy | None) -> str:
    """A share of right answers in percent with its noise, no finer than that allows."""
    if found is None:
        return UNKNOWN
    places = 2 if found.noise < 0.01 else 1
    return f"{found.share * 100:.{places}f} % ± {found.noise * 100:.{places}f}"


def rate(value: float | None) -> str:
    """A rate with three digits, and whole from 100 up."""
    return seconds(value)


def decimal(value: float | None) -> str:
    """A number with two digits behind the point."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def times(value: float | None) -> str:
    """How many times as fast, such as `0.68x`, `14.3x` or `159x`."""
    return UNKNOWN if value is None else in_times(value)


def times_with_interval(ratio: Ratio | None) -> str:
    """A ratio with its 95 % interval, where there is one; where that holds 1, in words."""
    if ratio is None:
        return UNKNOWN
    if ratio.low is None or ratio.high is None:
        return times(ratio.value)
    return times_between(ratio.value, ratio.low, ratio.high)


def times_between(value: float | None, low: float, high: float) -> str:
    """A ratio with its interval; where that holds 1, in words."""
    found = "no difference" if holds_one(low, high) else times(value)
    return f"{found} ({times(low)} to {times(high)})"


def flops_per_s(value: float | None) -> str:
    """Floating-point operations a second, such as `92.1 GFLOP/s`."""
    if value is None:
        return UNKNOWN
    for factor, unit in _RATES:
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g} FLOP/s"


def megaflops(value: float) -> str:
    """Floating-point operations in millions, such as `0.41` or `3,329`."""
    return seconds(value / 1e6) if value else "0"
