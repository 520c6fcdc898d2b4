"""The host: CPU in total and by core, memory, load, heat, and what it waits for."""

from __future__ import annotations

from sensors.readings import HostReading, Reading
from tui import format as fmt
from tui.history.series import History
from tui.line import Field, Line, cut
from tui.theme import Palette, Role
from tui.widgets.cpu.cores import compact_core_line
from tui.widgets.cpu.detail import (
    HeldBack,
    busy_lines,
    busy_pct,
    detail_lines,
    disk,
    heat,
    load,
    memory_line,
    network,
    waits,
)
from tui.widgets.graph import MAX_GRAPH_ROWS, MIN_ROWS, graph_lines
from tui.widgets.rows import RowsWidget

MIN_FULL_ROWS = 7
"""With fewer rows the compact form tells more than the start of the full one."""
ROOM_FOR_ALL_WAITS = 50
TITLE_MARGIN = 6
"""Cells that the frame keeps beside its title."""
MIN_NAME = 6
_COUNTING = Palette({})


class CpuPane(RowsWidget):
    """The host's readings, measured against what this process may use of it.

    Attributes:
        show_history: Whether the history of its busy share is drawn here.
    """

    can_focus = True
    HELP = (
        "Host readings. yours: what this control group uses of its quota; under affinity, how "
        "busy the cores are that racetop may use. "
        "wait: share of the last 10 s in which some tasks, or all at once, waited (PSI)."
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("CPU")
        self.show_history = True
        self._host: HostReading | None = None
        self._held = HeldBack()
        self._busy = History()

    def add(self, reading: Reading) -> None:
        """Take a reading into the history; `redraw` shows it."""
        self._host = reading.host
        self._held.add(reading.host)
        self._busy.add(reading.taken_at_s, busy_pct(reading.host))
        self._retitle()

    def on_resize(self) -> None:
        """Fit the title into the new width."""
        self._retitle()

    def preferred_rows(self, width: int) -> int:
        """The rows that show all there is."""
        if self._host is None:
            return 1
        history = MAX_GRAPH_ROWS + 1 if self.show_history else 0
        return len(detail_lines(self._host, self._held, _COUNTING, width)) + history

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if self._host is None:
            return [Line(palette).add("reading …", Role.DIM)]
        if height >= MIN_FULL_ROWS:
            full = detail_lines(self._host, self._held, palette, width)
            if not self.show_history:
                return full
            if len(full) + MIN_ROWS <= height:
                return full + self._graph(palette, width, height - len(full))
        lines = self._compact(self._host, palette, width)
        if self.show_history:
            lines += self._graph(palette, width, height - len(lines))
        return lines

    def _retitle(self) -> None:
        if self._host is not None:
            room = self.outer_size.width - TITLE_MARGIN if self.outer_size else None
            self.entitle(title(self._host, room))

    def _count_rows(self, width: int) -> int:
        return self.preferred_rows(width)

    def _graph(self, palette: Palette, width: int, room: int) -> list[Line]:
        return graph_lines(self._busy, palette, palette[Role.CPU], width, room, label="busy %")

    def _compact(self, host: HostReading, palette: Palette, width: int) -> list[Line]:
        """The host in four rows."""
        fields: list[Field] = [*heat(host)[:1], *self._held.fields(always=False, width=width)]
        fields += [(("wait ", Role.LABEL), *field[:2]) for field in waits(host)[:1]]
        if width >= ROOM_FOR_ALL_WAITS:
            fields += [field[:2] for field in waits(host)[1:]]
        fields += heat(host)[1:]
        fields.append((("load ", Role.LABEL), (load(host, 1), Role.TEXT)))
        if host.swap_used_bytes:
            fields.append((("swap ", Role.LABEL), (fmt.gib(host.swap_used_bytes), Role.TEXT)))
        fields += [*disk(host), *network(host)]
        lines = [
            busy_lines(host, palette, width)[0],
            memory_line(host, palette, width),
            Line(palette).add_fields(fields, width),
        ]
        cores = compact_core_line(host, palette, width)
        return [*lines, cores] if cores else lines


def title(host: HostReading, width: int | None = None) -> str:
    """The processor and its cores; where `width` cells are too few, the name is cut first."""
    parts = ["CPU", host.cpu_name or "", _cores(host)]
    text = " · ".join(filter(None, parts))
    if width is not None and len(text) > width and host.cpu_name:
        room = width - len(text) + len(host.cpu_name)
        parts[1] = cut(host.cpu_name, room) if room >= MIN_NAME else ""
        text = " · ".join(filter(None, parts))
    return text


def _cores(host: HostReading) -> str:
    if host.cores_total is None:
        return ""
    if host.cores_limit and host.cores_usable is not None:
        return f"{host.cores_usable:g} of {host.cores_total} cores ({host.cores_limit})"
    return f"{host.cores_total} core{'s' if host.cores_total != 1 else ''}"
