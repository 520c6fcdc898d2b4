"""The charts of a race, by plotext; nothing else imports plotext.

plotext's figure is global, so this is for the screen's thread alone. Importing it takes
longer than all the rest of a start, so `load` does that before the first chart is due.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from tui.line import cut

LOG_AXIS_FROM = 10.0
LOG_SIZES_FROM = 8.0
_CELLS_OF_VALUES = 8
_ROWS_OF_AXIS = 2
_plotext: Any = None
_loading = Lock()


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart.

    Attributes:
        x: Places on the horizontal axis, ascending.
        y: Values there, all above zero.
        mark: The cell drawn at each point.
        color: Red, green, blue, 0 to 255; or the number of one of the terminal's own colors.
        is_joined: Whether a line joins the points.
    """

    x: Sequence[float]
    y: Sequence[float]
    mark: str
    color: tuple[int, int, int] | int
    is_joined: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """The horizontal axis.

    Attributes:
        low: Its left end.
        high: Its right end.
        places: Where it is labeled, ascending.
        labels: With what.
    """

    low: float
    high: float
    places: Sequence[float]
    labels: Sequence[str]


def load() -> None:
    """Import plotext; may run in another thread, ahead of time."""
    global _plotext
    with _loading:
        if _plotext is None:
            import plotext

            plotext.terminal.limit(width=False, height=False)
            _plotext = plotext


def uses_log_axis(curves: Sequence[Curve]) -> bool:
    """Whether the values differ so much that a linear axis would hide the smaller ones."""
    values = [value for curve in curves for value in curve.y]
    return bool(values) and max(values) >= LOG_AXIS_FROM * min(values)


def number_axis(last: int, width: int) -> Axis:
    """An axis of the numbers from 1, labeled as often as there is room."""
    step = max(1, -(-last // max(1, width // 8)))
    numbers = range(1, last + 1, step)
    return Axis(0.5, last + 0.5, numbers, [str(number) for number in numbers])


def size_places(sizes: Sequence[float]) -> list[float]:
    """Where sizes, ascending, stand: as they are, or their logarithms where they span much."""
    if min(sizes) > 0 and max(sizes) > LOG_SIZES_FROM * min(sizes):
        return [math.log2(size) for size in sizes]
    return list(map(float, sizes))


def named_axis(names: Sequence[str], width: int) -> Axis:
    """An axis of names side by side, each cut to its share of the room."""
    room = max(1, (width - _CELLS_OF_VALUES) // len(names) - 1)
    last = len(names) - 0.5
    return Axis(-0.5, last, range(len(names)), [cut(name, room) for name in names])


def labeled_axis(places: Sequence[float], labels: Sequence[str], width: int) -> Axis:
    """An axis with some room at its ends, and the labels for which there is room."""
    room = max(places) - min(places) or 1.0
    low, high = min(places) - 0.06 * room, max(places) + 0.06 * room
    cells = max(1.0, (width - _CELLS_OF_VALUES) / (high - low))
    kept: list[tuple[float, str]] = []
    taken = -math.inf
    for place, label in zip(places, labels, strict=True):
        start = place * cells - len(label) / 2
        if start > taken:
            kept.append((place, label))
            taken = start + len(label) + 1
    return Axis(low, high, [place for place, _ in kept], [label for _, label in kept])


def _value_axis(
    values: Sequence[float], rows: int, *, is_log: bool
) -> tuple[float, float, list[float]]:
    """Both ends of the vertical axis, and the values named along it."""
    low, high = min(values), max(values)
    if is_log:
        return low, high, _log_ticks(low, high, rows)
    top, ticks = _even_ticks(high, rows)
    return 0.0, top, ticks


def _even_ticks(high: float, rows: int) -> tuple[float, list[float]]:
    """The top of an axis from 0 with room for `high`, and round values on evenly spaced rows."""
    found = []
    for apart in (2, 3, 4):
        count = max(1, (rows - 1) // apart)
        share = (rows - 1) / apart
        power = 10.0 ** math.floor(math.log10(high / share))
        step = next(f * power for f in (1, 2, 5, 10) if f * power * share >= high)
        found.append((step * share, [step * number for number in range(count + 1)]))
    return min(found, key=lambda axis: axis[0])


def _log_ticks(low: float, high: float, rows: int) -> list[float]:
    """Round values between two that lie at least tenfold apart, fewer where rows are few."""
    tens = [
        10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    ]
    every = [ten * factor for ten in tens for factor in (1, 2, 5)] + [10 * tens[-1]]
    found = [value for value in every if low <= value <= high]
    if math.log10(2) * (rows - 1) >= math.log10(high / low):
        return found
    whole = [value for value in tens if value in found]
    return whole if len(whole) > 1 else [found[0], found[-1]]


def chart(
    curves: Sequence[Curve], axis: Axis, width: int, height: int, *, may_be_log: bool = True
) -> str:
    """Curves over an axis as text with ANSI colors.

    Args:
        curves: Those without a point are left out.
        axis: The horizontal axis.
        width: Cells.
        height: Rows.
        may_be_log: Whether values may stand by their logarithms, see `uses_log_axis`.
    """
    load()
    figure = _plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.axes(False, axis="x", side="upper")
    figure.axes(False, axis="y", side="right")
    is_log = may_be_log and uses_log_axis(curves)
    place = math.log10 if is_log else float
    for curve in curves:
        if not curve.y:
            continue
        y = [place(value) for value in curve.y]
        line = _plotext.marker("braille", pixel=(curve.color,))
        if curve.is_joined and len(curve.x) > 1:
            figure.draw(figure.signal(list(curve.x), y, marker=line).lines())
        points = _plotext.marker(curve.mark, pixel=(curve.color,))
        figure.draw(figure.signal(list(curve.x), y, marker=points))
    figure.ruler("x").lim(axis.low, axis.high)
    figure.ruler("x").ticks(list(axis.places), list(axis.labels))
    values = [value for curve in curves for value in curve.y]
    if values:
        low, high, ticks = _value_axis(values, height - _ROWS_OF_AXIS, is_log=is_log)
        figure.ruler("y").lim(place(low), place(high))
        # Without digits that say nothing.
        figure.ruler("y").ticks([place(tick) for tick in ticks], [f"{t:,.6g}" for t in ticks])
    figure.legend(False)
    return str(figure.build()).rstrip("\n")
