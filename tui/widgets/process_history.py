"""What one process uses since its page was opened: small histories with values and maxima."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sensors.readings import ProcessReading
from tui import format as fmt
from tui.history.all_gpus import total
from tui.history.quantities import nice_top
from tui.history.series import History
from tui.line import Line
from tui.theme import Palette, Role
from tui.widgets.graph import graph_lines

MIN_CELLS = 32
GAP = 2
LARGEST_NUMBER = 500
"""From a larger top on, a scale goes over to the next unit."""
SCALE_CELLS = 4
_SHARES = ((1.0, ""),)
_BYTES = ((float(fmt.MIB), "M"), (float(fmt.GIB), "G"), (1024.0 * fmt.GIB, "T"))


class _Lane:
    """One quantity: its newest value, its maximum, its curve.

    Args:
        role: The color of its curve.
        text: A value with its unit.
        least_top: The smallest top its scale may have.
        units: What its scale counts in, smallest first, with the letters it writes.
    """

    def __init__(
        self,
        role: Role,
        text: Callable[[float | None], str],
        least_top: float,
        units: Sequence[tuple[float, str]],
    ) -> None:
        self._role = role
        self._text = text
        self._least_top = least_top
        self._units = units
        self._history = History()
        self._value: float | None = None
        self._maximum: float | None = None

    def add(self, taken_at_s: float, value: float | None) -> None:
        self._history.add(taken_at_s, value)
        self._value = value
        if value is not None:
            self._maximum = max(value, self._maximum or 0.0)

    def lines(self, title: str, palette: Palette, width: int, height: int) -> list[Line]:
        """Value and maximum, and below them the curve where there is room for it."""
        value, maximum = self._text(self._value).strip(), self._text(self._maximum).strip()
        head = Line(palette).add(f"{title} ", Role.LABEL).add(value, Role.STRONG)
        most = Line(palette).add("max ", Role.LABEL).add(maximum)
        if head.width + 1 + most.width <= width:
            head.pad_to(width - most.width).join(most)
        top, top_text = self._scale()
        style = palette[self._role]
        return [
            head,
            *graph_lines(
                self._history, palette, style, width, height - 1, top=top, top_text=top_text
            ),
        ]

    def _scale(self) -> tuple[float, str]:
        """A round top that holds the maximum, and how it is written."""
        peak = max(self._maximum or 0.0, self._least_top)
        fitting = (unit for unit in self._units if peak <= LARGEST_NUMBER * unit[0])
        size, letter = next(fitting, self._units[-1])
        number = nice_top(peak / size)
        return number * size, f"{number:g}{letter}".rjust(SCALE_CELLS)


class ProcessHistory:
    """CPU and memory of a process and, of one that uses GPUs, what it uses of all of them.

    Args:
        rows: The process when its page was opened, once for each GPU it uses.
    """

    def __init__(self, rows: Sequence[ProcessReading]) -> None:
        self._gpus = len(_gpus(rows))
        self._cpu = _Lane(Role.CPU, fmt.pct, 100.0, _SHARES)
        self._memory = _Lane(Role.MEMORY, fmt.memory, fmt.MIB, _BYTES)
        self._gpu_memory = _Lane(Role.MEMORY, fmt.memory, fmt.MIB, _BYTES)
        self._gpu_busy = _Lane(Role.GPU, fmt.pct, 100.0, _SHARES)

    def add(self, taken_at_s: float, rows: Sequence[ProcessReading]) -> None:
        """Append the process as a reading has it, once for each GPU it uses."""
        self._gpus = max(self._gpus, len(_gpus(rows)))
        on_gpu = [row for row in rows if row.gpu_index is not None]
        self._cpu.add(taken_at_s, rows[0].cpu_pct)
        self._memory.add(taken_at_s, rows[0].memory_bytes)
        self._gpu_memory.add(taken_at_s, total([row.gpu_memory_bytes for row in on_gpu]))
        self._gpu_busy.add(taken_at_s, total([row.gpu_busy_pct for row in on_gpu]))

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """The lanes, two beside each other where they fit, without curves where rows are few."""
        lanes = [("CPU", self._cpu), ("memory", self._memory)]
        if self._gpus:
            busy = "GPU busy" if self._gpus == 1 else "GPUs busy"
            lanes += [("GPU mem", self._gpu_memory), (busy, self._gpu_busy)]
        beside = 2 if width >= 2 * MIN_CELLS + GAP else 1
        cells = (width - GAP * (beside - 1)) // beside
        rows = height * beside // len(lanes)
        drawn = [lane.lines(title, palette, cells, rows) for title, lane in lanes]
        if beside == 1:
            return [line for lines in drawn for line in lines]
        return [
            left.pad_to(cells + GAP).join(right)
            for lefts, rights in zip(drawn[::2], drawn[1::2], strict=True)
            for left, right in zip(lefts, rights, strict=True)
        ]


def _gpus(rows: Sequence[ProcessReading]) -> set[int]:
    return {row.gpu_index for row in rows if row.gpu_index is not None}
