"""The GPUs: gauges, heat, power, clocks, and what holds the clocks down."""

from __future__ import annotations

from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState, Severity
from sensors.readings import Problem, Reading
from tui import format as fmt
from tui.line import Field, Line, wrap
from tui.series import History
from tui.theme import Palette, Role
from tui.widgets.graph import graph_lines
from tui.widgets.rows import RowsWidget

ROWS_PER_BLOCK = 4
TABLE_LIMIT_WIDTH = 13
_SEVERITY_ROLE = {
    Severity.INFORMATION: Role.DIM,
    Severity.WARNING: Role.WARNING,
    Severity.CRITICAL: Role.BAD,
}


class GpuPane(RowsWidget):
    """All GPUs of the machine: one with its history, few as blocks, many a row each."""

    can_focus = True
    HELP = "GPU readings from NVML. busy: share of the driver's window with any kernel running."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("GPU")
        self._driver = DriverReading(state=NvmlState.STARTING)
        self._gpus: tuple[GpuReading, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self._busy = History()

    def add(self, reading: Reading) -> None:
        """Take a reading into the history; `redraw` shows it."""
        self._driver = reading.driver
        self._gpus = reading.gpus
        self._problems = tuple(p for p in reading.problems if p.source == "nvml")
        self._busy.add(reading.taken_at_s, reading.gpus[0].busy_pct if reading.gpus else None)
        self.entitle(_title(self._gpus))
        starting = self._driver.state is NvmlState.STARTING
        self.set_class(not self._gpus and not starting, "-empty")

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if not self._gpus:
            return _absence(self._driver, self._problems, palette, width)
        lines = _warnings(self._problems, palette, width)
        left = height - len(lines)
        if len(self._gpus) * ROWS_PER_BLOCK > left and len(self._gpus) > 1:
            rows = [_table_row(gpu, palette, width) for gpu in self._gpus]
            if len(rows) > left:
                text = f"and {len(rows) - left + 1} more; Tab here, then m shows the pane alone"
                rows = [*rows[: left - 1], Line(palette).add(text, Role.DIM)]
            return lines + rows
        for gpu in self._gpus:
            lines += _block(gpu, palette, width, named=len(self._gpus) > 1)
        if len(self._gpus) == 1:
            lines += graph_lines(
                self._busy, palette, palette[Role.GPU], width, height - len(lines), "busy"
            )
        return lines


def _title(gpus: tuple[GpuReading, ...]) -> str:
    if not gpus:
        return "GPU"
    if len(gpus) == 1:
        return f"GPU {gpus[0].index} · {gpus[0].name}"
    names = {gpu.name for gpu in gpus}
    return f"{len(gpus)} GPUs · {names.pop()}" if len(names) == 1 else f"{len(gpus)} GPUs"


def _absence(
    driver: DriverReading, problems: tuple[Problem, ...], palette: Palette, width: int
) -> list[Line]:
    if driver.state is NvmlState.STARTING:
        waiting = Line(palette).add("waiting for the NVIDIA driver …", Role.DIM)
        return [waiting, *_warnings(problems, palette, width)]
    what = driver.problem or "The NVIDIA driver reports no GPU."
    lines = [Line(palette).add(row) for row in wrap(what, width)]
    lines += [Line(palette).add(row, Role.DIM) for row in wrap(driver.remedy or "", width)]
    return lines


def _warnings(problems: tuple[Problem, ...], palette: Palette, width: int) -> list[Line]:
    lines = []
    for problem in problems:
        rows = wrap(f"! {problem.what}", width)
        lines += [Line(palette).add(row, Role.WARNING) for row in rows]
        lines += [Line(palette).add(row, Role.DIM) for row in wrap(problem.remedy or "", width)]
    return lines


def _block(gpu: GpuReading, palette: Palette, width: int, *, named: bool) -> list[Line]:
    label = f"{gpu.index:<2d} " if named else ""
    if gpu.state is not GpuState.OK:
        return [Line(palette).add(f"{label}GPU {gpu.index} is {gpu.state}", Role.BAD)]
    right = 15
    room = width - len(label) - 5 - 6 - right
    busy = Line(palette).add(label, Role.DIM).add("busy ", Role.LABEL)
    busy.bar(_share(gpu.busy_pct, 100), room, Role.GPU).add(" ").add(fmt.pct(gpu.busy_pct))
    busy.add(f"{fmt.mhz(gpu.sm_clock_mhz, max_mhz=gpu.sm_clock_max_mhz):>{right}}")

    amount = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes)
    memory = Line(palette).pad_to(len(label)).add("mem  ", Role.LABEL)
    share = _share(gpu.memory_used_bytes, gpu.memory_total_bytes)
    memory.bar(share, room - max(0, len(amount) + 1 - 6 - right), Role.MEMORY)
    memory.add(" ").add(f"{amount:>{5 + right}}")

    lines = [busy, memory, _heat_line(gpu, palette, len(label), width)]
    lines.append(_limits_line(gpu, palette, len(label), width))
    return lines


def _heat_line(gpu: GpuReading, palette: Palette, indent: int, width: int) -> Line:
    fields: list[Field] = [((fmt.celsius(gpu.temperature_c), _heat_role(gpu)),)]
    fields.append(((fmt.watts(gpu.power_w, limit_w=gpu.power_limit_w), Role.TEXT),))
    if gpu.temperature_slowdown_c is not None:
        slows_at = f"slows at {gpu.temperature_slowdown_c:.0f} °C"
        fields.append(((slows_at, Role.DIM),))
    if gpu.fan_pct is not None:
        fields.append((("fan ", Role.LABEL), (fmt.pct(gpu.fan_pct), Role.TEXT)))
    if gpu.performance_state is not None:
        fields.append(((f"P{gpu.performance_state}", Role.DIM),))
    return Line(palette).pad_to(indent).add_fields(fields, width)


def _limits_line(gpu: GpuReading, palette: Palette, indent: int, width: int) -> Line:
    line = Line(palette).pad_to(indent).add("limits ", Role.LABEL)
    if gpu.clock_limits is None:
        line.add(fmt.UNKNOWN, Role.DIM)
    elif not gpu.clock_limits:
        line.add("none", Role.GOOD)
    limits = gpu.clock_limits or ()
    fits = line.width + len(", ".join(limit.text for limit in limits)) <= width
    for number, limit in enumerate(limits):
        line.add(", " if number else "", Role.DIM)
        line.add(limit.text if fits else limit.name, _SEVERITY_ROLE[limit.severity])
    fields: list[Field] = [(("rx, tx n/a", Role.DIM),)]
    if gpu.pcie_rx_bytes_per_s is not None or gpu.pcie_tx_bytes_per_s is not None:
        rx, tx = fmt.rate(gpu.pcie_rx_bytes_per_s), fmt.rate(gpu.pcie_tx_bytes_per_s)
        fields = [(("rx", Role.LABEL), (rx, Role.TEXT), (" tx", Role.LABEL), (tx, Role.TEXT))]
    if gpu.pcie_generation is not None and gpu.pcie_width is not None:
        fields.append(((f"PCIe {gpu.pcie_generation}×{gpu.pcie_width}", Role.DIM),))
    return line.add_fields(fields, width)


def _table_row(gpu: GpuReading, palette: Palette, width: int) -> Line:
    line = Line(palette).add(f"{gpu.index:>2d} ", Role.DIM)
    if gpu.state is not GpuState.OK:
        return line.add(f"{gpu.state}", Role.BAD)
    amount = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes)
    worst = gpu.clock_limits[0] if gpu.clock_limits else None
    right = f" {amount} {fmt.celsius(gpu.temperature_c)} {fmt.watts(gpu.power_w):>6} "
    room = width - 3 - 6 - len(right) - TABLE_LIMIT_WIDTH
    line.bar(_share(gpu.busy_pct, 100), room, Role.GPU).add(" ").add(fmt.pct(gpu.busy_pct))
    line.add(f" {amount} ").add(fmt.celsius(gpu.temperature_c), _heat_role(gpu))
    line.add(f" {fmt.watts(gpu.power_w):>6} ")
    return line.add(worst.name, _SEVERITY_ROLE[worst.severity]) if worst else line


def _heat_role(gpu: GpuReading) -> Role:
    if gpu.temperature_c is None or gpu.temperature_slowdown_c is None:
        return Role.TEXT
    margin_c = gpu.temperature_slowdown_c - gpu.temperature_c
    return Role.BAD if margin_c <= 0 else Role.WARNING if margin_c <= 5 else Role.TEXT


def _share(value: float | None, total: float | None) -> float | None:
    return None if value is None or not total else value / total
