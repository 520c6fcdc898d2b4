"""The small history at the foot of a machine pane."""

from __future__ import annotations

from rich.style import Style

from tui import format as fmt
from tui.history.braille import BrailleCurve
from tui.history.series import History
from tui.history.time_window import window_up_to
from tui.line import Line
from tui.theme import Palette, Role

SECONDS_PER_COLUMN = 1.0
MIN_ROWS = 3
MAX_GRAPH_ROWS = 6


def graph_lines(
    history: History, palette: Palette, style: Style, width: int, height: int, label: str
) -> list[Line]:
    """A history of percentages with its axes; nothing where there is no room for it.

    Args:
        history: Values of 0 to 100.
        palette: The theme's styles.
        style: Style of the curve.
        width: Cells of each row.
        height: Rows there are.
        label: What is drawn, for the axis.
    """
    if height < MIN_ROWS or width < 20:
        return []
    rows, cells = min(height - 1, MAX_GRAPH_ROWS), width - 5
    newest_s = history.newest_s or 0.0
    window = window_up_to(newest_s, cells, SECONDS_PER_COLUMN)
    curve = BrailleCurve(cells, rows, 100.0)
    curve.extend(history.columns(window.final(newest_s), SECONDS_PER_COLUMN))
    scale = ["100 ", *["    "] * (rows - 2), "  0 "]
    lines = [
        Line(palette).add(mark, Role.DIM).add("│", Role.TRACK).add(row, style)
        for mark, row in zip(scale, curve.texts(), strict=True)
    ]
    middle = f" {label} %, {fmt.clock(window.span_s)} wide "
    fill = max(0, cells - len(middle))
    axis = Line(palette).add("    └", Role.TRACK).add("─" * (fill // 2), Role.TRACK)
    return [*lines, axis.add(middle, Role.DIM).add("─" * (fill - fill // 2), Role.TRACK)]
