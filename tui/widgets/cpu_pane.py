"""The host: CPU in total and by core, memory, load, heat, and what it waits for."""

from __future__ import annotations

from sensors.readings import HostReading, Reading
from tui import format as fmt
from tui.line import Line, eighths
from tui.series import History
from tui.theme import Palette, Role
from tui.widgets.graph import graph_lines
from tui.widgets.rows import RowsWidget


class CpuPane(RowsWidget):
    """The host's readings, measured against what this process may use of it."""

    can_focus = True
    HELP = "Host readings. wait: share of the last 10 s in which tasks waited (PSI)."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.border_title = "CPU"
        self._host: HostReading | None = None
        self._busy = History()

    def add(self, reading: Reading) -> None:
        """Take a reading into the history; `redraw` shows it."""
        self._host = reading.host
        self._busy.add(reading.taken_at_s, reading.host.cpu_busy_pct)
        title = _title(reading.host)
        if title != self.border_title:
            self.border_title = title

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if self._host is None:
            return [Line(palette).add("reading …", Role.DIM)]
        lines = [
            _busy_line(self._host, palette, width),
            _memory_line(self._host, palette, width),
            _state_line(self._host, palette),
            *_core_lines(self._host, palette, width),
        ]
        left = height - len(lines)
        return lines + graph_lines(self._busy, palette, palette[Role.BUSY], width, left, "busy")


def _title(host: HostReading) -> str:
    title = f"CPU · {host.cpu_name}" if host.cpu_name else "CPU"
    if host.cores_total is None:
        return title
    if host.cores_limit and host.cores_usable is not None:
        return f"{title} · {host.cores_usable:g} of {host.cores_total} cores ({host.cores_limit})"
    return f"{title} · {host.cores_total} core{'s' if host.cores_total != 1 else ''}"


def _busy_line(host: HostReading, palette: Palette, width: int) -> Line:
    load = "load " + " ".join(
        fmt.UNKNOWN if value is None else f"{value:.2f}"
        for value in (host.load_1_min, host.load_5_min, host.load_15_min)
    )
    line = Line(palette).add("busy ", Role.LABEL)
    share = None if host.cpu_busy_pct is None else host.cpu_busy_pct / 100
    line.bar(share, width - 5 - 6 - 22, Role.BUSY).add(" ").add(fmt.pct(host.cpu_busy_pct))
    return line.add(f"{load:>22}")


def _memory_line(host: HostReading, palette: Palette, width: int) -> Line:
    amount = fmt.gib(host.memory_used_bytes, of_bytes=host.memory_total_bytes)
    known = host.memory_used_bytes is not None and host.memory_total_bytes
    share = (host.memory_used_bytes or 0) / (host.memory_total_bytes or 1) if known else None
    line = Line(palette).add("mem  ", Role.LABEL).bar(share, width - 5 - 6 - 22, Role.MEMORY)
    limit = f" ({host.memory_limit})" if host.memory_limit else ""
    return line.add(" ").add(f"{amount + limit:>27}")


def _state_line(host: HostReading, palette: Palette) -> Line:
    line = Line(palette).add("temp ", Role.LABEL).add(fmt.celsius(host.temperature_c).strip())
    if host.frequency_mhz is not None:
        line.add("  ").add(f"{host.frequency_mhz / 1000:.2f} GHz")
    waits = (
        ("cpu", host.pressure_cpu_pct),
        ("io", host.pressure_io_pct),
        ("mem", host.pressure_memory_pct),
    )
    if any(value is not None for _, value in waits):
        line.add("  wait", Role.LABEL)
        for name, value in waits:
            role = Role.WARNING if (value or 0) >= 10 else Role.TEXT
            line.add(f" {name}", Role.LABEL).add(fmt.pct(value), role)
    if host.swap_used_bytes:
        line.add("  swap ", Role.LABEL).add(fmt.gib(host.swap_used_bytes))
    if host.throttled_s:
        line.add("  quota held ", Role.LABEL).add(fmt.clock(host.throttled_s), Role.WARNING)
    return line


def _core_lines(host: HostReading, palette: Palette, width: int) -> list[Line]:
    """A cell a core; each core of a small machine gets a gauge and a number."""
    cores = host.core_busy_pct
    if not cores:
        return []
    line = Line(palette).add("core ", Role.LABEL)
    if len(cores) <= 4:
        room = (width - 5) // len(cores)
        for number, busy in enumerate(cores):
            line.add(f"{number} ", Role.DIM).bar(busy / 100, room - 9, Role.BUSY).add(" ")
            line.add(fmt.pct(busy)).add(" ")
        return [line]
    room = width - 5
    shown = cores[: room * 2]
    lines = []
    for start in range(0, len(shown), room):
        row = line if start == 0 else Line(palette).add("     ")
        lines.append(row.add(eighths(b / 100 for b in shown[start : start + room]), Role.BUSY))
    return lines
