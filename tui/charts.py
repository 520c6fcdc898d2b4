"""The chart of epoch times, by plotext; nothing else imports plotext.

plotext's figure is global, so this is for the screen's thread alone. Importing it takes
longer than all the rest of a start, so `load` does that before the first chart is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

LOG_AXIS_FROM = 10.0
_plotext: Any = None
_loading = Lock()


@dataclass(frozen=True, slots=True)
class EpochLine:
    """Epoch times of one job.

    Attributes:
        epochs: Numbers of the epochs, from 1.
        epoch_s: Their wall times in seconds, all above zero.
        mark: The cell drawn at each epoch.
        color: Red, green, blue, 0 to 255; or the number of one of the terminal's own colors.
    """

    epochs: Sequence[int]
    epoch_s: Sequence[float]
    mark: str
    color: tuple[int, int, int] | int


def load() -> None:
    """Import plotext; may run in another thread, ahead of time."""
    global _plotext
    with _loading:
        if _plotext is None:
            import plotext

            plotext.terminal.limit(width=False, height=False)
            _plotext = plotext


def uses_log_axis(lines: Sequence[EpochLine]) -> bool:
    """Whether the times differ so much that a linear axis would hide the smaller ones."""
    values = [value for line in lines for value in line.epoch_s]
    return bool(values) and max(values) >= LOG_AXIS_FROM * min(values)


def epoch_chart(lines: Sequence[EpochLine], epochs: int, width: int, height: int) -> str:
    """Epoch times against epoch numbers as text with ANSI colors.

    Args:
        lines: One for each job; jobs without an epoch are left out.
        epochs: Last epoch on the axis.
        width: Cells.
        height: Rows.
    """
    load()
    figure = _plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.axes(False, axis="x", side="upper")
    figure.axes(False, axis="y", side="right")
    log = uses_log_axis(lines)
    if log:
        figure.ruler("y").scale("log")
    for line in lines:
        if not line.epoch_s:
            continue
        curve = _plotext.marker("braille", pixel=(line.color,))
        if len(line.epochs) > 1:
            figure.draw(figure.signal(list(line.epochs), list(line.epoch_s), marker=curve).lines())
        points = _plotext.marker(line.mark, pixel=(line.color,))
        figure.draw(figure.signal(list(line.epochs), list(line.epoch_s), marker=points))
    _set_rulers(figure, lines, epochs, width, log=log)
    figure.legend(False)
    return str(figure.build()).rstrip("\n")


def _set_rulers(
    figure: Any,  # noqa: ANN401
    lines: Sequence[EpochLine],
    epochs: int,
    width: int,
    *,
    log: bool,
) -> None:
    step = max(1, -(-epochs // max(1, width // 8)))
    numbers = list(range(1, epochs + 1, step))
    figure.ruler("x").lim(0.5, epochs + 0.5)
    figure.ruler("x").ticks(numbers, [str(number) for number in numbers])
    values = [value for line in lines for value in line.epoch_s]
    if values and not log:
        top = 1.1 * max(values)
        figure.ruler("y").lim(0.0, top)
