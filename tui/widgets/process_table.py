"""Who uses the GPU and the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runners.text import printable
from sensors.readings import ProcessReading, Reading
from tui import format as fmt
from tui.line import Line, cut
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget


class ProcessTable(RowsWidget):
    """Processes, those on a GPU first; this race's own are marked."""

    can_focus = True
    HELP = "GPU processes first, then the busiest on the CPU (100 % is one core)."

    def __init__(self, *, id: str | None = None, wall_clock: Callable[[], float]) -> None:
        super().__init__(id=id, classes="pane")
        self.border_title = "processes"
        self._wall_clock = wall_clock
        self._processes: tuple[ProcessReading, ...] = ()
        self._own: Mapping[int, str] = {}

    def add(self, reading: Reading) -> None:
        """Take the processes of a reading; `redraw` shows them."""
        self._processes = reading.processes

    def mark(self, own: Mapping[int, str]) -> None:
        """Mark processes of this race: label by process id."""
        self._own = own

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        header = Line(palette).add(
            f"{'PID':>8} {'USER':<9}{'GPU':>3} {'GPU MEM':>9} {'BUSY':>5} {'CPU %':>6}"
            f" {'MEM':>9} {'TIME':>8}  COMMAND",
            Role.DIM,
        )
        lines = [self._row(process, palette, width) for process in self._processes]
        hidden = len(lines) - (height - 1)
        if hidden > 0 and height > 1:
            more = Line(palette).add(
                f"{'':>8} and {hidden + 1} more; m shows the pane alone", Role.DIM
            )
            lines = [*lines[: height - 2], more]
        return [header, *lines]

    def _row(self, process: ProcessReading, palette: Palette, width: int) -> Line:
        label = self._own.get(process.pid)
        style = Role.STRONG if label else Role.TEXT
        gpu = "" if process.gpu_index is None else str(process.gpu_index)
        on_gpu = process.gpu_index is not None
        memory = fmt.memory(process.gpu_memory_bytes) if on_gpu else ""
        busy = fmt.pct(process.gpu_busy_pct) if on_gpu else ""
        cpu = fmt.UNKNOWN if process.cpu_pct is None else f"{process.cpu_pct:.0f}"
        line = Line(palette).add(
            f"{process.pid:>8} {cut(printable(process.user or '?'), 8):<9}{gpu:>3} ", style
        )
        line.add(f"{memory:>9} ", style).add(f"{busy:>5} ", style).add(f"{cpu:>6} ", style)
        line.add(f"{fmt.memory(process.memory_bytes):>9} ", style)
        line.add(f"{self._age(process):>8}  ", Role.DIM)
        command = printable(process.command or "? (not visible from here)")
        if label is None:
            return line.add(command)
        mark = f" ◂ {label}"
        return line.add(cut(command, max(0, width - line.width - len(mark)))).add(mark, Role.KEY)

    def _age(self, process: ProcessReading) -> str:
        if process.started_at_s is None:
            return ""
        minutes = int(max(0.0, self._wall_clock() - process.started_at_s) // 60)
        if minutes < 60:
            return f"{minutes} min"
        hours = minutes // 60
        return f"{hours} h" if hours < 48 else f"{hours // 24} d"
