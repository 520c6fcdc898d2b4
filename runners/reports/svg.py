"""Draws line charts as SVG that needs nothing else. Pure.

A series has a color, a dash and a mark, so that none is told by its color alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#3f8fc4")
_DASHES = ("none", "6 3", "2 2", "8 3 2 3")
_MARKS: tuple[Callable[[float, float, str], str], ...] = (
    lambda x, y, fill: f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}"/>',
    lambda x, y, fill: _polygon([(x, y - 5), (x + 4.5, y + 3), (x - 4.5, y + 3)], fill),
    lambda x, y, fill: (
        f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{fill}"/>'
    ),
    lambda x, y, fill: _polygon([(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)], fill),
)
_WIDTH, _HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 24, 34, 48
_LEGEND_LINE = 20
_TICKS = 5
_DECADE = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value, and how far the values behind it lie apart where that is known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of one name, joined by a line.

    Attributes:
        name: Stands in the legend, once for all series of the same name.
        points: By x.
        style: Picks color, dash and mark.
    """

    name: str
    points: tuple[Point, ...]
    style: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart before it is drawn; all values are above 0 where an axis is logarithmic.

    Attributes:
        title: What it shows.
        x_title: What the horizontal axis has.
        y_title: What the vertical axis has.
        series: At least one, with at least one point.
        x_ticks: Values marked on the horizontal axis, with their text.
        y_text: Writes a value of the vertical axis.
        is_x_log: Whether the horizontal axis is logarithmic.
        is_y_log: Whether the vertical axis is.
        line_at: Where a line across marks a value, such as a ratio of 1.
    """

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_text: Callable[[float], str]
    is_x_log: bool = False
    is_y_log: bool = False
    line_at: float | None = None


def draw(chart: Chart) -> str:
    """The chart as one `svg` element; all text in it is escaped."""
    x, y, levels = _scales(chart)
    legend = {series.name: series.style for series in chart.series}
    height = _HEIGHT + _LEGEND_LINE * len(legend) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(chart.title)}">',
        _text(_LEFT, 18, f"{chart.y_title}"),
        _text(_WIDTH - _RIGHT, _HEIGHT - 10, chart.x_title, anchor="end"),
    ]
    for level in levels:
        parts.append(_line(_LEFT, y(level), _WIDTH - _RIGHT, y(level)))
        parts.append(_text(_LEFT - 8, y(level) + 4, chart.y_text(level), anchor="end"))
    if chart.line_at is not None:
        at = y(chart.line_at)
        parts.append(_line(_LEFT, at, _WIDTH - _RIGHT, at, kind="mark"))
    below = _HEIGHT - _BOTTOM + 18
    parts += [_text(x(at), below, text, anchor="middle") for at, text in _apart(chart, x)]
    for series in chart.series:
        parts += _drawn(series, x, y)
    for place, (name, style) in enumerate(legend.items()):
        at = _HEIGHT + _LEGEND_LINE * place + 8
        ends = (Point(x=0, y=at), Point(x=1, y=at))
        sample = Series(name=name, points=ends, style=style)
        parts += _drawn(sample, lambda end: _LEFT + 32 * end, lambda value: value)
        parts.append(_text(_LEFT + 46, at + 4, name))
    return "\n".join([*parts, "</svg>"])


def _scales(
    chart: Chart,
) -> tuple[Callable[[float], float], Callable[[float], float], list[float]]:
    """From values to places, and the levels that are marked on the vertical axis."""
    points = [point for series in chart.series for point in series.points]
    xs = [point.x for point in points]
    ys = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    ys += [] if chart.line_at is None else [chart.line_at]
    levels = _log_levels(min(ys), max(ys)) if chart.is_y_log else _levels(max(ys))
    x = _scale(min(xs), max(xs), _LEFT + 12, _WIDTH - _RIGHT - 12, is_log=chart.is_x_log)
    y = _scale(levels[0], levels[-1], _HEIGHT - _BOTTOM, _TOP, is_log=chart.is_y_log)
    return x, y, levels


def _scale(
    low: float, high: float, start: float, end: float, *, is_log: bool
) -> Callable[[float], float]:
    def of(value: float) -> float:
        return math.log(value) if is_log else value

    size = of(high) - of(low)

    def place(value: float) -> float:
        return start + (end - start) * ((of(value) - of(low)) / size if size else 0.5)

    return place


def _levels(top: float) -> list[float]:
    """From 0 on in steps of 1, 2 or 5 times a power of ten, the last one not below `top`."""
    if top <= 0:
        return [0.0, 1.0]
    size = 10.0 ** math.floor(math.log10(top / _TICKS))
    step = next(size * n for n in _DECADE if size * n * _TICKS >= top)
    return [step * n for n in range(math.ceil(top / step - 1e-9) + 1)]


def _log_levels(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten around all values; powers of ten over many decades."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if len(powers) > _TICKS else (1, 2, 5)
    levels = [factor * 10.0**power for power in powers for factor in factors]
    below = [level for level in levels if level <= low]
    above = [level for level in levels if level >= high]
    first, last = max(below, default=levels[0]), min(above, default=levels[-1])
    return [level for level in levels if first <= level <= last] or [low, high]


def _apart(chart: Chart, x: Callable[[float], float]) -> list[tuple[float, str]]:
    """The ticks whose texts do not run into each other; the last always is among them."""
    kept: list[tuple[float, str]] = []
    for at, text in reversed(chart.x_ticks):
        if not kept or x(kept[-1][0]) - x(at) >= 4 * (len(text) + len(kept[-1][1])):
            kept.append((at, text))
    return kept


def _drawn(series: Series, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    color, dash = _COLORS[series.style % len(_COLORS)], _DASHES[series.style % len(_DASHES)]
    mark = _MARKS[series.style % len(_MARKS)]
    path = " ".join(f"{x(point.x):.1f},{y(point.y):.1f}" for point in series.points)
    line = (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>'
    )
    spreads = [
        f'<line x1="{x(p.x):.1f}" y1="{y(p.low):.1f}" x2="{x(p.x):.1f}" y2="{y(p.high):.1f}" '
        f'stroke="{color}" stroke-width="6" stroke-opacity="0.35"/>'
        for p in series.points
        if p.low is not None and p.high is not None
    ]
    return [line, *spreads, *(mark(x(point.x), y(point.y), color) for point in series.points)]


def _polygon(corners: Sequence[tuple[float, float]], fill: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon points="{points}" fill="{fill}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "axis") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
