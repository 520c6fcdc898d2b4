"""Measured figures, their budgets, and the table of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_CONFIDENCE = 0.95
_HEADINGS = ("what", "measured", "95 % interval", "min - max", "n", "budget", "result")


class NotMeasuredError(Exception):
    """Something could not be measured here; the message says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a figure may be.

    Attributes:
        limit: The bound, in the figure's unit.
        at_least: Whether the figure has to reach the bound instead of staying below it.
    """

    limit: float
    at_least: bool = False

    def allows(self, value: float) -> bool:
        """Whether a value keeps the budget."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure, from the values of its rounds.

    Attributes:
        name: What was measured, in words.
        values: A value for each round, window or key press.
        unit: Printed behind numbers.
        digits: Decimals to print.
        quantile: Which quantile of the values is the figure; 0.5 is the median.
        budget: What it may be; None where it stands for comparison only.
    """

    name: str
    values: tuple[float, ...]
    unit: str
    digits: int = 2
    quantile: float = 0.5
    budget: Budget | None = None

    @property
    def value(self) -> float:
        """The figure."""
        return quantile(self.values, self.quantile)

    @property
    def result(self) -> str:
        """`kept` or `missed`, `(unclear)` where the interval holds the limit; else empty."""
        if self.budget is None:
            return ""
        low, high = quantile_interval(self.values, self.quantile)
        word = "kept" if self.budget.allows(self.value) else "missed"
        is_clear = self.budget.allows(low) == self.budget.allows(high)
        return word if is_clear else f"{word} (unclear)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one benchmark found.

    Attributes:
        figures: Its figures.
        notes: What the reader has to know about them.
        text: A table of its own, as Markdown.
        raw: All raw numbers, as JSON values.
    """

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    text: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all values lies, interpolated."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def quantile_interval(values: Sequence[float], share: float) -> tuple[float, float]:
    """Where the true quantile lies with 95 % confidence, whatever the distribution.

    The number of values below the true quantile is binomial, which picks two of the ordered
    values as bounds. With few values these are the extremes, and the confidence is lower: 94 %
    for the median of five values, 75 % of three.
    """
    ordered = sorted(values)
    count = len(ordered)
    tail = (1 - _CONFIDENCE) / 2
    below = 0.0
    low, high = 1, count
    for rank in range(1, count + 1):
        below += (
            math.comb(count, rank - 1) * share ** (rank - 1) * (1 - share) ** (count - rank + 1)
        )
        if below <= tail:
            low = rank
        if 1 - below <= tail:
            high = rank
            break
    return ordered[low - 1], ordered[high - 1]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table with aligned columns."""
    rows = [_HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


def to_json(figure: Figure) -> dict[str, Any]:
    """A figure as JSON values."""
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit.strip(),
        "quantile": figure.quantile,
        "interval": quantile_interval(figure.values, figure.quantile),
        "values": figure.values,
        "budget": figure.budget.limit if figure.budget else None,
        "result": figure.result or None,
    }


def alternating(names: Sequence[str], rounds: int) -> Iterator[str]:
    """Names in the order A B, B A, A B: drift and warmth then favor none of them."""
    for number in range(rounds):
        yield from reversed(names) if number % 2 else names


def _cells(figure: Figure) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:,.{figure.digits}f}"

    low, high = quantile_interval(figure.values, figure.quantile)
    budget = ""
    if figure.budget is not None:
        sign = ">=" if figure.budget.at_least else "<="
        budget = f"{sign} {figure.budget.limit:g}{figure.unit}"
    return (
        figure.name,
        f"{text(figure.value)}{figure.unit}",
        f"{text(low)} - {text(high)}",
        f"{text(min(figure.values))} - {text(max(figure.values))}",
        str(len(figure.values)),
        budget,
        figure.result,
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
