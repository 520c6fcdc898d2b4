"""The first row: which machine this is."""

from __future__ import annotations

import time
from collections.abc import Callable

from sensors.readings import Reading
from tui import format as fmt
from tui.line import Field, Line
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget


class TopLine(RowsWidget):
    """Host, uptime, driver, refresh interval and time of day."""

    DEFAULT_CSS = "TopLine { height: 1; padding: 0 1; }"

    def __init__(self, *, wall_clock: Callable[[], float]) -> None:
        super().__init__(id="top-line")
        self._wall_clock = wall_clock
        self._reading: Reading | None = None
        self._interval_s = 1.0
        self._paused = False
        self._race = ""

    def show(self, reading: Reading | None, *, interval_s: float, paused: bool, race: str) -> None:
        """Show the machine's identity and how the screen is set."""
        self._reading = reading
        self._interval_s = interval_s
        self._paused = paused
        self._race = race
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        right = Line(palette)
        if self._race:
            right.add(self._race, Role.STRONG).add(" · ", Role.DIM)
        if self._paused:
            right.add("paused", Role.WARNING).add(" · ", Role.DIM)
        right.add(f"every {self._interval_s:g} s · ", Role.DIM)
        right.add(time.strftime("%H:%M:%S", time.localtime(self._wall_clock())))
        left = Line(palette).add("racetop", Role.KEY)
        left.add_fields(self._identity(), width - right.width - 2)
        if left.width + right.width + 2 <= width:
            left.pad_to(width - right.width).join(right)
        return [left]

    def _identity(self) -> list[Field]:
        if self._reading is None:
            return []
        host, driver = self._reading.host, self._reading.driver
        fields: list[Field] = [((host.hostname, Role.STRONG),)]
        fields.append(((f"up {fmt.uptime(host.uptime_s)}", Role.DIM),))
        if driver.driver_version:
            fields.append(((f"driver {driver.driver_version}", Role.DIM),))
        if driver.cuda_version:
            fields.append(((f"CUDA {driver.cuda_version}", Role.DIM),))
        return fields
