"""Small histories: at the foot of a machine pane, and on the page of a process."""

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
    history: History,
    palette: Palette,
    style: Style,
    width: int,
    height: int,
    *,
    label: str = "",
    top: float = 100.0,
    top_text: str = "100",
) -> list[Line]:
    """A history with its axes, from 0 to `top`; nothing where there is no room for it.

    Args:
        history: The values.
        palette: The theme's styles.
        style: Style of the curve.
        width: Cells of each row.
        height: Rows there are.
        label: What is drawn, for the axis.
        top: The value at the top of the scale.
        top_text: How the scale names it.
    """
    if height < MIN_ROWS or width < 20:
        return []
    gutter = len(top_text) + 1
    rows, cells = min(height - 1, MAX_GRAPH_ROWS), width - gutter - 1
    newest_s = history.newest_s or 0.0
    window = window_up_to(newest_s, cells, SECONDS_PER_COLUMN)
    curve = BrailleCurve(cells, rows, top)
    curve.extend(history.columns(window.final(newest_s), SECONDS_PER_COLUMN))
    scale = [top_text, *[""] * (rows - 2), "0".rjust(len(top_text))]
    lines = [
        Line(palette).add(f"{mark:<{gutter}}", Role.DIM).add("│", Role.TRACK).add(row, style)
        for mark, row in zip(scale, curve.texts(), strict=True)
    ]
    middle = f" {label}{', ' if label else ''}{fmt.clock(window.span_s)} wide "
    fill = max(0, cells - len(middle))
    axis = Line(palette).add(" " * gutter + "└", Role.TRACK).add("─" * (fill // 2), Role.TRACK)
    return [*lines, axis.add(middle, Role.DIM).add("─" * (fill - fill // 2), Role.TRACK)]
