"""The host in full: all that its reading holds, the most important first."""

from __future__ import annotations

from sensors.readings import HostReading
from tui import format as fmt
from tui.growth import Growth
from tui.line import Field, Line, flow
from tui.theme import Palette, Role
from tui.widgets.cpu.cores import INDENT, core_lines

AMOUNT_WIDTH = 16
MIN_GAUGE = 4
WAITING_PCT = 10
"""From this share of time on, waiting gets the color of a warning."""
PARTS = (
    ("user", "cpu_user_pct", "━", Role.CPU),
    ("system", "cpu_system_pct", "═", Role.TEXT),
    ("iowait", "cpu_iowait_pct", "╍", Role.WARNING),
    ("steal", "cpu_steal_pct", "×", Role.BAD),
)


class HeldBack:
    """How long the processor was held back since racetop opened.

    Attributes:
        quota: Seconds throttled by the control group's CPU quota.
        heat: Seconds for which the processor slowed itself.
    """

    def __init__(self) -> None:
        self.quota = Growth()
        self.heat = Growth()

    def add(self, host: HostReading) -> None:
        """Take a reading."""
        self.quota.add(host.throttled_s)
        self.heat.add(host.thermal_throttled_s)

    def fields(self, *, always: bool, width: int) -> list[Field]:
        """Each that is known, in words of at most `width` cells.

        With `always` those too that held nothing back.
        """
        found: list[Field] = []
        for words, short, growth in (
            ("quota held back", "quota", self.quota),
            ("slowed by heat", "heat", self.heat),
        ):
            if growth.total is not None and (always or growth.total >= 0.05):
                role = Role.WARNING if growth.total >= 0.05 else Role.TEXT
                mark = "! " if role is Role.WARNING else ""
                seconds = fmt.held(growth.total)
                text = f"{mark}{words} {seconds}"
                found.append(((text if len(text) <= width else f"{mark}{short} {seconds}", role),))
        return found


def detail_lines(host: HostReading, held: HeldBack, palette: Palette, width: int) -> list[Line]:
    """All about the host."""
    lines = [*busy_lines(host, palette, width), memory_line(host, palette, width)]
    sections: tuple[tuple[str, list[Field]], ...] = (
        ("parts", parts(host)),
        ("limits", held.fields(always=True, width=width - INDENT)),
    )
    for label, fields in sections:
        lines += flow(palette, label, fields, width, INDENT) if fields else []
    lines += core_lines(host, palette, width)
    for label, fields in (
        (_heat_label(host), heat(host)),
        ("wait", waits(host)),
        ("memory", _memory(host)),
        ("disk", disk(host)),
        ("net", network(host)),
        ("load", _load(host)),
    ):
        lines += flow(palette, label, fields, width, INDENT) if fields else []
    return lines


def busy_pct(host: HostReading) -> float | None:
    """How busy what this process may use of the host is; all of it where nothing limits it."""
    busy_cores = _own_busy_cores(host)
    if busy_cores is not None and host.cores_usable:
        return 100 * busy_cores / host.cores_usable
    return host.cpu_busy_pct


def _own_busy_cores(host: HostReading) -> float | None:
    """Cores' worth in use of those this process may use; None where it may use all.

    A quota is shared by the whole control group. Affinity binds this process only, not others
    of its group, so there the use of these cores counts, by whomever.
    """
    if host.cores_limit == "affinity":
        busy = host.core_busy_pct
        own = [busy[core] for core in host.usable_core_ids if core < len(busy)]
        return sum(own) / 100 if own else None
    return host.group_busy_cores if host.cores_limit else None


def busy_lines(host: HostReading, palette: Palette, width: int) -> list[Line]:
    """How busy it is: first what this process may use of it, where that is not all."""
    lines = []
    busy_cores = _own_busy_cores(host)
    if busy_cores is not None and host.cores_usable:
        text = f"{busy_cores:.1f}/{host.cores_usable:g} cores"
        share = (busy_pct(host) or 0.0) / 100
        lines.append(_gauge("yours", ((share, "━", Role.CPU),), text, palette, width))
    known = [(getattr(host, field), mark, role) for _, field, mark, role in PARTS]
    shares = tuple((value / 100, mark, role) for value, mark, role in known if value is not None)
    if host.cpu_user_pct is None:
        shares = (((host.cpu_busy_pct or 0.0) / 100, "━", Role.CPU),)
    label = "host" if lines else "busy"
    lines.append(_gauge(label, shares, fmt.pct(host.cpu_busy_pct), palette, width))
    return lines


def memory_line(host: HostReading, palette: Palette, width: int) -> Line:
    """Memory in use of what this process may use."""
    used, total = host.memory_used_bytes, host.memory_total_bytes
    share = used / total if used is not None and total else 0.0
    amount = fmt.gib(used, of_bytes=total)
    return _gauge("mem", ((share, "━", Role.MEMORY),), amount, palette, width)


def _gauge(
    label: str,
    shares: tuple[tuple[float, str, Role], ...],
    text: str,
    palette: Palette,
    width: int,
) -> Line:
    line = Line(palette).add(label, Role.LABEL).pad_to(INDENT)
    room = width - INDENT - AMOUNT_WIDTH
    if room < MIN_GAUGE:
        return line.add(text.strip())
    return line.stacked(shares, room).add(f"{text:>{AMOUNT_WIDTH}}")


def parts(host: HostReading) -> list[Field]:
    """What the busy share is made of, each with its mark in the gauge."""
    fields: list[Field] = []
    for name, field, mark, role in PARTS:
        value = getattr(host, field)
        if value is not None:
            fields.append(((mark, role), (f" {name}", Role.LABEL), (fmt.share(value), Role.TEXT)))
    return fields


def _heat_label(host: HostReading) -> str:
    """What the first field of `heat` is."""
    if host.temperature_c is not None:
        return "heat"
    return "clock" if host.frequency_mhz is not None else "power"


def heat(host: HostReading) -> list[Field]:
    """Temperature, clocks and power."""
    fields: list[Field] = []
    if host.temperature_c is not None:
        fields.append(((fmt.celsius(host.temperature_c), Role.TEXT),))
    if host.frequency_mhz is not None:
        clock = f"{host.frequency_mhz / 1000:.2f}"
        most = f"/{host.frequency_max_mhz / 1000:.2f}" if host.frequency_max_mhz else ""
        fields.append(((f"{clock}{most} GHz", Role.TEXT),))
    if host.package_power_w is not None:
        fields.append(((fmt.watts(host.package_power_w), Role.TEXT),))
    return fields


def waits(host: HostReading) -> list[Field]:
    """What tasks waited for (PSI): some of them, and all of them at once."""
    fields: list[Field] = []
    for name, some, full in (
        ("cpu", host.pressure_cpu_pct, None),
        ("io", host.pressure_io_pct, host.pressure_io_full_pct),
        ("mem", host.pressure_memory_pct, host.pressure_memory_full_pct),
    ):
        if some is None:
            continue
        role = Role.WARNING if some >= WAITING_PCT else Role.TEXT
        field: Field = ((name, Role.LABEL), (fmt.pct(some), role))
        if full is not None:
            field = (*field, (" all", Role.LABEL), (fmt.pct(full), Role.TEXT))
        fields.append(field)
    return fields


def disk(host: HostReading) -> list[Field]:
    """What the disks read and write."""
    return _two_rates("read", host.disk_read_bytes_per_s, "write", host.disk_write_bytes_per_s)


def network(host: HostReading) -> list[Field]:
    """What comes in and goes out."""
    return _two_rates("rx", host.network_rx_bytes_per_s, "tx", host.network_tx_bytes_per_s)


def _two_rates(a: str, a_per_s: float | None, b: str, b_per_s: float | None) -> list[Field]:
    rates = ((a, a_per_s), (b, b_per_s))
    return [
        ((name, Role.LABEL), (fmt.rate(value), Role.TEXT))
        for name, value in rates
        if value is not None
    ]


def _memory(host: HostReading) -> list[Field]:
    fields: list[Field] = []
    if host.memory_limit:
        fields.append(((f"limit of the {host.memory_limit}", Role.DIM),))
    if host.memory_cached_bytes is not None:
        fields.append((("cache ", Role.LABEL), (fmt.memory(host.memory_cached_bytes), Role.TEXT)))
    if host.swap_total_bytes:
        swap = fmt.gib(host.swap_used_bytes, of_bytes=host.swap_total_bytes)
        fields.append((("swap ", Role.LABEL), (swap, Role.TEXT)))
    return fields


def _load(host: HostReading) -> list[Field]:
    fields: list[Field] = [((load(host), Role.TEXT),)]
    if host.tasks_total is not None:
        running = "" if host.tasks_running is None else f", {host.tasks_running} running"
        fields.append(((f"{fmt.count(host.tasks_total)} tasks{running}", Role.TEXT),))
    return fields


def load(host: HostReading, averages: int = 3) -> str:
    """Load averages over 1, 5 and 15 minutes, or the first of them."""
    loads = (host.load_1_min, host.load_5_min, host.load_15_min)
    return " ".join(fmt.UNKNOWN if value is None else f"{value:.2f}" for value in loads[:averages])
