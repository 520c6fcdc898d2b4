"""Figures of a diagnosis as text. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runners.diagnosis.records import Figure

UNKNOWN = "n/a"


def percent(figure: Figure | None) -> str:
    """A share with its interval, such as `71 % (68 to 74)`."""
    return UNKNOWN if figure is None else f"{_pct(figure.value)} %{_interval(figure, _pct)}"


def of_epoch(figure: Figure | None) -> str:
    """A share of an epoch with its interval, such as `71 % of the epoch (68 to 74)`."""
    if figure is None:
        return UNKNOWN
    return f"{_pct(figure.value)} % of the epoch{_interval(figure, _pct)}"


def factor(figure: Figure | None) -> str:
    """How many times, with its interval, such as `1.94 (1.90 to 1.97)`."""
    return UNKNOWN if figure is None else f"{figure.value:.2f}{_interval(figure, '{:.2f}'.format)}"


def rate(figure: Figure | None) -> str:
    """A speed with its interval, such as `33,000 samples/s (32,100 to 33,400)`."""
    return UNKNOWN if figure is None else f"{speed(figure)} samples/s{_interval(figure, _three)}"


def speed(figure: Figure | None) -> str:
    """A number of samples a second with three digits, such as `33,000`."""
    return UNKNOWN if figure is None else _three(figure.value)


def _pct(share: float) -> str:
    return f"{100 * max(share, 0.0):.0f}"


def _three(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _interval(figure: Figure, text: Callable[[float], str]) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" ({text(figure.low)} to {text(figure.high)})"
