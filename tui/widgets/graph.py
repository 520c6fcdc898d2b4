"""The small history at the foot of a machine pane."""

from __future__ import annotations

from rich.style import Style

from tui import format as fmt
from tui.line import Line
from tui.series import History, braille_graph
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
    rows = min(height - 1, MAX_GRAPH_ROWS)
    columns = width - 5
    values = history.columns(2 * columns, SECONDS_PER_COLUMN)
    graph = braille_graph(values, rows, 100.0)
    scale = ["100 ", *["    "] * (rows - 2), "  0 "]
    lines = [
        Line(palette).add(mark, Role.DIM).add("│", Role.TRACK).add(row, style)
        for mark, row in zip(scale, graph, strict=True)
    ]
    start = f"{fmt.clock(2 * columns * SECONDS_PER_COLUMN)} ago "
    middle = f" {label} % "
    fill = columns - len(start) - len(middle) - len(" now")
    axis = Line(palette).add("    └", Role.TRACK).add(start, Role.DIM)
    axis.add("─" * (fill // 2), Role.TRACK).add(middle, Role.DIM)
    axis.add("─" * (fill - fill // 2), Role.TRACK).add(" now", Role.DIM)
    return [*lines, axis]
