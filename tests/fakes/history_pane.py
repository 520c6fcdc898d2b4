"""The history pane alone, over readings made up second by second."""

from __future__ import annotations

import math

from textual import on
from textual.app import App, ComposeResult

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import HostReading, Reading
from tui.line import Line
from tui.theme import Palette
from tui.widgets.history_pane import HistoryPane

PALETTE = Palette({"foreground": "#ffffff", "primary": "#0000ff"})
WALL_S = 1_780_000_020.0
"""A round minute."""


def gpu(index: int, second: float, *, limits: int = 0) -> GpuReading:
    return GpuReading(
        index=index,
        uuid=f"GPU-{index}",
        name="card",
        busy_pct=float(second % 100),
        memory_used_bytes=1,
        memory_total_bytes=4,
        power_w=300.0 + index,
        power_limit_w=700.0,
        sm_clock_mhz=1740,
        sm_clock_max_mhz=1980,
        pcie_rx_bytes_per_s=1.2e9,
        clock_limits=clock_limits(limits),
    )


def reading(second: float, *gpus: GpuReading) -> Reading:
    return Reading(
        taken_at_s=1000.0 + second,
        wall_time_s=WALL_S + second,
        took_s=0.0,
        host=HostReading(
            hostname="h",
            system="s",
            cpu_busy_pct=50 + 40 * math.sin(second / 9),
            memory_used_bytes=1,
            memory_total_bytes=2,
            pressure_cpu_pct=3.0,
            pressure_io_pct=0.0,
        ),
        driver=DriverReading(state=NvmlState.OK),
        gpus=gpus,
    )


def pane_after(seconds: int, *, gpus: int = 1) -> HistoryPane:
    pane = HistoryPane()
    for second in range(seconds):
        pane.add(reading(second, *(gpu(index, second) for index in range(gpus))))
    return pane


def texts(lines: list[Line], width: int) -> list[str]:
    return ["".join(segment.text for segment in line.strip(width)) for line in lines]


def rows_of(pane: HistoryPane, width: int = 116, height: int = 12) -> list[str]:
    return texts(pane.lines(PALETTE, width, height), width)


def row_of(pane: HistoryPane, title: str, width: int = 116, height: int = 12) -> str:
    return next(row for row in rows_of(pane, width, height) if row.startswith(title))


class Stage(App[None]):
    """The pane alone."""

    CSS = ".pane { border: round white; padding: 0 1; height: 1fr; }"

    def __init__(self, pane: HistoryPane) -> None:
        super().__init__()
        self.pane = pane
        self.pauses = 0

    def compose(self) -> ComposeResult:
        yield self.pane

    @on(HistoryPane.Paused)
    def _count(self) -> None:
        self.pauses += 1

    def rows(self) -> list[str]:
        size = self.pane.size
        return [self.pane.render_line(y).text for y in range(size.height)]
