"""Many GPUs, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensors.gpu_readings import GpuReading, GpuState
from tui import format as fmt
from tui.growth import GpuGrowth
from tui.line import Line
from tui.theme import Palette, Role
from tui.widgets.gpu.columns import INDEX_WIDTH, Column, fitting
from tui.widgets.gpu.gauges import part, short_name
from tui.widgets.gpu.notices import add_notices, limits, state_words, troubles

MIN_ROWS_WITH_HEAD = 4
_INDENT = " " * INDEX_WIDTH


def table_lines(
    gpus: Sequence[GpuReading],
    growths: Mapping[str, GpuGrowth],
    palette: Palette,
    width: int,
    height: int,
    *,
    selected: int,
    video: bool,
) -> list[Line]:
    """The GPUs as a table in which the selected one is visible, the hidden ones counted.

    Args:
        gpus: All cards.
        growths: Their counters since racetop opened, by UUID.
        palette: The theme's styles.
        width: Cells of each row.
        height: Rows there are.
        selected: Place of the selected card in `gpus`.
        video: Whether the video encoder or decoder was in use.
    """
    columns, bar = fitting(gpus, width, video=video)
    has_head = height >= min(MIN_ROWS_WITH_HEAD, len(gpus) + 1)
    rows = height - has_head
    fits = len(gpus) <= rows
    shown = len(gpus) if fits else max(1, rows - 1)
    first = 0 if fits else min(max(0, selected - shown // 2), len(gpus) - shown)
    lines = [_head(columns, bar, palette)] if has_head else []
    for place in range(first, first + shown):
        growth = growths[gpus[place].uuid]
        lines.append(
            _row(gpus[place], growth, columns, bar, palette, width, selected=place == selected)
        )
    if not fits:
        lines.append(_hidden(first, len(gpus) - first - shown, palette))
    return lines


def _hidden(above: int, below: int, palette: Palette) -> Line:
    line = Line(palette).add(_INDENT)
    for mark, count, where in (("▴", above, "above"), ("▾", below, "below")):
        if count:
            line.add(f" {mark}", Role.KEY).add(f" {count} more {where} ", Role.DIM)
    return line


def _head(columns: Sequence[Column], bar: int, palette: Palette) -> Line:
    titles = "GPU"
    for column in columns:
        width = bar if column.pieces is None else column.width
        align = "<" if column.title == "NAME" else ">"
        titles += f"{' ' if column.tail_of is None else ''}{column.title:{align}{width}}"
    return Line(palette).add(f"{titles} LIMITS", Role.DIM)


def _row(
    gpu: GpuReading,
    growth: GpuGrowth,
    columns: Sequence[Column],
    bar: int,
    palette: Palette,
    width: int,
    *,
    selected: bool,
) -> Line:
    line = Line(palette).add("▸" if selected else " ", Role.KEY)
    line.add(f"{gpu.index:>2}", Role.STRONG if selected else Role.DIM)
    if gpu.state is not GpuState.OK:
        line.add(" ").add(*state_words(gpu))
        return line.add_fields([((short_name(gpu.name), Role.DIM),)], width)
    for column in columns:
        line.add(" " if column.tail_of is None else "")
        if column.pieces is None:
            line.bar(part(gpu.busy_pct, 100), bar, Role.GPU)
        else:
            for text, role in column.pieces(gpu):
                line.add(text, role)
    line.add(" ")
    notices = [*troubles(gpu), *limits(gpu, growth.held_s)]
    if notices:
        return add_notices(line, notices, width - line.width)
    return line.add("none" if gpu.clock_limits is not None else fmt.UNKNOWN, Role.DIM)
