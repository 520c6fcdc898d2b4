"""The host: CPU in total and by core, memory, load, heat, and what it waits for."""

from __future__ import annotations

from runners.text import counted
from sensors.readings import HostReading, Reading
from tui import format as fmt
from tui.line import Field, Line, eighths
from tui.series import History
from tui.theme import Palette, Role
from tui.widgets.graph import graph_lines
from tui.widgets.rows import RowsWidget

NARROW = 50
CORE_ROWS = 3


class CpuPane(RowsWidget):
    """The host's readings, measured against what this process may use of it."""

    can_focus = True
    HELP = "Host readings. wait: share of the last 10 s in which tasks waited (PSI)."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("CPU")
        self._host: HostReading | None = None
        self._busy = History()

    def add(self, reading: Reading) -> None:
        """Take a reading into the history; `redraw` shows it."""
        self._host = reading.host
        self._busy.add(reading.taken_at_s, reading.host.cpu_busy_pct)
        self.entitle(_title(reading.host))

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if self._host is None:
            return [Line(palette).add("reading …", Role.DIM)]
        lines = [
            _busy_line(self._host, palette, width),
            _memory_line(self._host, palette, width),
            _state_line(self._host, palette, width),
            *_core_lines(self._host, palette, width),
        ]
        left = height - len(lines)
        return lines + graph_lines(self._busy, palette, palette[Role.CPU], width, left, "busy")


def _title(host: HostReading) -> str:
    title = f"CPU · {host.cpu_name}" if host.cpu_name else "CPU"
    if host.cores_total is None:
        return title
    if host.cores_limit and host.cores_usable is not None:
        return f"{title} · {host.cores_usable:g} of {host.cores_total} cores ({host.cores_limit})"
    return f"{title} · {host.cores_total} core{'s' if host.cores_total != 1 else ''}"


def _busy_line(host: HostReading, palette: Palette, width: int) -> Line:
    loads = (host.load_1_min, host.load_5_min, host.load_15_min)
    load = "load " + " ".join(
        fmt.UNKNOWN if value is None else f"{value:.2f}"
        for value in loads[: 1 if width < NARROW else 3]
    )
    side = 12 if width < NARROW else 24
    line = Line(palette).add("busy ", Role.LABEL)
    share = None if host.cpu_busy_pct is None else host.cpu_busy_pct / 100
    line.bar(share, width - 5 - 6 - side, Role.CPU).add(" ").add(fmt.pct(host.cpu_busy_pct))
    return line.add(f"{load:>{side}}")


def _memory_line(host: HostReading, palette: Palette, width: int) -> Line:
    amount = fmt.gib(host.memory_used_bytes, of_bytes=host.memory_total_bytes)
    known = host.memory_used_bytes is not None and host.memory_total_bytes
    share = (host.memory_used_bytes or 0) / (host.memory_total_bytes or 1) if known else None
    side = 12 if width < NARROW else 24
    limit = f" ({host.memory_limit})" if host.memory_limit and width >= NARROW else ""
    line = Line(palette).add("mem  ", Role.LABEL).bar(share, width - 5 - 6 - side, Role.MEMORY)
    return line.add(" ").add(f"{amount + limit:>{side + 5}}")


def _state_line(host: HostReading, palette: Palette, width: int) -> Line:
    temperature = fmt.celsius(host.temperature_c).strip()
    fields: list[Field] = [(("temp ", Role.LABEL), (temperature, Role.TEXT))]
    if host.throttled_s:
        held = fmt.clock(host.throttled_s)
        fields.append((("quota held ", Role.LABEL), (held, Role.WARNING)))
    waits = (
        ("cpu", host.pressure_cpu_pct),
        ("io", host.pressure_io_pct),
        ("mem", host.pressure_memory_pct),
    )
    if any(value is not None for _, value in waits):
        pieces: list[tuple[str, Role]] = [("wait", Role.LABEL)]
        for name, value in waits:
            pieces += [
                (f" {name}", Role.LABEL),
                (fmt.pct(value), Role.WARNING if (value or 0) >= 10 else Role.TEXT),
            ]
        fields.append(tuple(pieces))
    if host.frequency_mhz is not None:
        fields.append(((f"{host.frequency_mhz / 1000:.2f} GHz", Role.TEXT),))
    if host.swap_used_bytes:
        fields.append((("swap ", Role.LABEL), (fmt.gib(host.swap_used_bytes), Role.TEXT)))
    return Line(palette).add_fields(fields, width)


def _core_lines(host: HostReading, palette: Palette, width: int) -> list[Line]:
    """A cell a core; each core of a small machine gets a gauge and a number."""
    cores = host.core_busy_pct
    if not cores:
        return []
    line = Line(palette).add("core ", Role.LABEL)
    if len(cores) <= 4:
        room = (width - 5) // len(cores)
        for number, busy in enumerate(cores):
            line.add(f"{number} ", Role.DIM).bar(busy / 100, room - 9, Role.CPU).add(" ")
            line.add(fmt.pct(busy)).add(" ")
        return [line]
    room = max(1, width - 5)
    shown = cores[: room * CORE_ROWS]
    lines = []
    for start in range(0, len(shown), room):
        row = line if start == 0 else Line(palette).add("     ")
        lines.append(row.add(eighths(b / 100 for b in shown[start : start + room]), Role.CPU))
    if len(cores) > len(shown):
        # One row more, which is cut and marked where it does not fit.
        hidden = counted(len(cores) - len(shown), "core")
        lines.append(Line(palette).add(f"     and {hidden} more", Role.DIM))
    return lines
