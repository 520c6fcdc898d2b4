"""The cores of the host: a gauge each where they are few, else a cell each."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.readings import HostReading
from tui import format as fmt
from tui.line import Line, eighths
from tui.theme import Palette, Role

INDENT = 7
MIN_CORE_WIDTH = 14
MAX_GAUGE_ROWS = 2
MAX_CELL_ROWS = 3
COUNT_WIDTH = 6
_CORE_GAP = 2

Cores = Sequence[tuple[int, float]]


def core_lines(host: HostReading, palette: Palette, width: int) -> list[Line]:
    """The busy share of each core, those this process may use apart from the others."""
    own, others = _parted(host)
    if not own:
        return []
    if not others and len(own) <= MAX_GAUGE_ROWS * _cores_a_row(width):
        return _gauges(own, palette, width)
    label = "yours" if others else "cores"
    lines = _cells(label, own, Role.CPU, palette, width, rows=MAX_CELL_ROWS)
    return lines + (_cells("others", others, Role.DIM, palette, width, rows=1) if others else [])


def compact_core_line(host: HostReading, palette: Palette, width: int) -> Line | None:
    """The cores in one row; the others stand behind a bar, or not at all."""
    own, others = _parted(host)
    if not own:
        return None
    if not others and len(own) <= _cores_a_row(width):
        return _gauges(own, palette, width)[0]
    line = _cells("cores", own, Role.CPU, palette, width, rows=1)[0]
    room = width - line.width
    if others and len(others) + len(" others ") <= room:
        line.add(" others ", Role.LABEL)
        line.add(eighths(busy / 100 for _, busy in others), Role.DIM)
    return line


def _parted(host: HostReading) -> tuple[Cores, Cores]:
    """Cores with their numbers: those this process may use, and the others."""
    cores = list(enumerate(host.core_busy_pct))
    usable = set(host.usable_core_ids)
    if not usable or len(usable) >= len(cores):
        return cores, []
    return (
        [core for core in cores if core[0] in usable],
        [core for core in cores if core[0] not in usable],
    )


def _cores_a_row(width: int) -> int:
    return max(1, (width + _CORE_GAP) // (MIN_CORE_WIDTH + _CORE_GAP))


def _gauges(cores: Cores, palette: Palette, width: int) -> list[Line]:
    """Gauges in columns, as many rows as they need."""
    columns = min(len(cores), _cores_a_row(width))
    room = (width + _CORE_GAP) // columns - _CORE_GAP
    digits = len(str(cores[-1][0]))
    lines = []
    for start in range(0, len(cores), columns):
        line = Line(palette)
        for number, busy in cores[start : start + columns]:
            line.add(" " * (_CORE_GAP if line.width else 0)).add(f"{number:>{digits}} ", Role.DIM)
            line.bar(busy / 100, room - digits - 6, Role.CPU).add(" ").add(fmt.share(busy))
        lines.append(line)
    return lines


def _cells(
    label: str, cores: Cores, role: Role, palette: Palette, width: int, *, rows: int
) -> list[Line]:
    """A cell a core, the label before the first row; what finds no room is counted."""
    room = max(1, width - INDENT)
    counted = len(cores) > rows * room
    shown = cores[: max(0, rows * room - COUNT_WIDTH)] if counted else cores
    lines = []
    # Where no cell finds room, one row still counts the cores.
    for start in range(0, max(1, len(shown)), room):
        line = Line(palette).add(label if start == 0 else "", Role.LABEL).pad_to(INDENT)
        lines.append(line.add(eighths(busy / 100 for _, busy in shown[start : start + room]), role))
    if counted:
        lines[-1].add(f" +{len(cores) - len(shown)}", Role.DIM)
    return lines
