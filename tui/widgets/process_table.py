"""Who uses the GPU and the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sensors.readings import ProcessReading, Reading
from tui import format as fmt
from tui.line import Line, cut
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget


class ProcessTable(RowsWidget):
    """Processes, those on a GPU first; this race's workers and racetop itself are named."""

    can_focus = True
    HELP = "GPU processes first, then the busiest on the CPU (100 % is one core)."

    def __init__(self, *, id: str | None = None, wall_clock: Callable[[], float]) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("processes")
        self._wall_clock = wall_clock
        self._processes: tuple[ProcessReading, ...] = ()
        self._has_gpus = True
        self._own: Mapping[int, str] = {}

    def add(self, reading: Reading) -> None:
        """Take the processes of a reading; `redraw` shows them."""
        self._processes = reading.processes
        self._has_gpus = bool(reading.gpus)

    def mark(self, own: Mapping[int, str]) -> None:
        """Name processes that are ours: what they are by process id."""
        self._own = own

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del width
        gpu = f"{'GPU':>3} {'GPU MEM':>9} {'BUSY':>5} " if self._has_gpus else ""
        titles = f"{'PID':>8} {'USER':<9}{gpu}{'CPU %':>6} {'MEM':>9} {'TIME':>7}  COMMAND"
        lines = [self._row(process, palette) for process in self._processes]
        hidden = len(lines) - (height - 1)
        if hidden > 0 and height > 1:
            text = f"{'':>8} and {hidden + 1} more; Tab here, then m shows the pane alone"
            lines = [*lines[: height - 2], Line(palette).add(text, Role.DIM)]
        return [Line(palette).add(titles, Role.DIM), *lines]

    def _row(self, process: ProcessReading, palette: Palette) -> Line:
        own = self._own.get(process.pid)
        style = Role.STRONG if own else Role.TEXT
        user = cut(process.user or "?", 8)
        line = Line(palette).add(f"{process.pid:>8} {user:<9}", style)
        if self._has_gpus:
            on_gpu = process.gpu_index is not None
            memory = fmt.memory(process.gpu_memory_bytes) if on_gpu else ""
            busy = fmt.pct(process.gpu_busy_pct) if on_gpu else ""
            line.add(f"{process.gpu_index if on_gpu else '':>3} ", style)
            line.add(f"{memory:>9} ", style).add(f"{busy:>5} ", style)
        cpu = fmt.UNKNOWN if process.cpu_pct is None else f"{process.cpu_pct:.0f}"
        line.add(f"{cpu:>6} ", style).add(f"{fmt.memory(process.memory_bytes):>9} ", style)
        line.add(f"{self._age(process):>7}  ", Role.DIM)
        if own:
            return line.add(own, Role.KEY)
        return line.add(process.command or "not visible from here")

    def _age(self, process: ProcessReading) -> str:
        if process.started_at_s is None:
            return ""
        minutes = int(max(0.0, self._wall_clock() - process.started_at_s) // 60)
        if minutes < 60:
            return f"{minutes} min"
        hours = minutes // 60
        return f"{hours} h" if hours < 48 else f"{hours // 24} d"
