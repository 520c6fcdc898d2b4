"""All about one process."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from runners.text import printable, shorten
from sensors.process_page import ProcessDetails, process_details
from sensors.readings import ProcessReading, Reading
from tui import format as fmt
from tui.history.gpu_looks import GpuLooks
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.process_history import ProcessHistory
from tui.widgets.rows import RowsWidget

LABEL_WIDTH = 13
PARENT_WIDTH = 60
HISTORY_PART = 0.4
"""The most of the screen's rows that the histories take."""
STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a device",
    "T": "stopped",
    "t": "stopped by a debugger",
    "Z": "ended, its parent takes no note (zombie)",
    "I": "idle",
}


class ProcessScreen(ModalScreen[None]):
    """The page of one process, which goes on with the readings until the process ends.

    What is not in the readings is read by a thread of its own: a process that hangs in a
    device can make that wait.

    Attributes:
        pid: Which process.

    Args:
        rows: The process, once for each GPU it uses.
        read: Reads the details; None where the process is gone or hidden.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close", id="process.close"),
    ]
    DEFAULT_CSS = """
    ProcessScreen {
        align: center middle;
    }
    #process {
        width: 90%;
        height: 90%;
        border: round $primary;
        background: $background;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """

    class DetailsRead(Message):
        """The details are there, or there are none."""

        def __init__(self, details: ProcessDetails | None) -> None:
            super().__init__()
            self.details = details

    def __init__(
        self,
        rows: Sequence[ProcessReading],
        *,
        read: Callable[[int], ProcessDetails | None] = process_details,
    ) -> None:
        super().__init__()
        self.pid = rows[0].pid
        self._started_at_s = rows[0].started_at_s
        self._missed_at_s: float | None = None
        self._looks = GpuLooks()
        self._read = read
        self._scroll = VerticalScroll(id="process")
        self._page = ProcessPage(rows)

    def compose(self) -> ComposeResult:
        """The page, scrolling."""
        with self._scroll:
            self._scroll.border_subtitle = Content("↑↓ scroll · Escape closes")
            yield self._page
        self._entitle()

    def on_mount(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._look, name="process-details", daemon=True).start()

    def add(self, reading: Reading) -> None:
        """Show what a reading tells of the process, or that it is gone.

        It is gone once two in a row do not list it: the first may have been under way when
        the page was opened, and so not have looked for it.
        """
        rows = tuple(filter(self._is_it, reading.processes))
        if not self._looks.are_of(reading):
            rows = tuple(replace(row, gpu_busy_pct=None, gpu_memory_bytes=None) for row in rows)
        if rows:
            self._missed_at_s = None
            self._page.add(reading.taken_at_s, rows)
        elif self._missed_at_s is None:
            self._missed_at_s = reading.wall_time_s
            return
        else:
            self._page.end(self._end(self._missed_at_s))
        self._entitle()

    def _is_it(self, row: ProcessReading) -> bool:
        return row.pid == self.pid and row.started_at_s == self._started_at_s

    def _end(self, at_s: float) -> str:
        # What only the driver lists may live on where it cannot be seen.
        words = "not listed since" if self._started_at_s is None else "ended at"
        return f"{words} {fmt.time_of_day(at_s)}"

    def _entitle(self) -> None:
        parts = (f"process {self.pid}", self._page.ended)
        self._scroll.border_title = Content(" · ".join(filter(None, parts)))

    def on_process_screen_details_read(self, message: DetailsRead) -> None:
        """Show them."""
        self._page.show(message.details)

    def _look(self) -> None:
        self.post_message(self.DetailsRead(self._read(self.pid)))


class ProcessPage(RowsWidget):
    """The rows of the page: histories over texts, which are wrapped, never markup.

    Attributes:
        ended: That the process has ended, and when; empty while it lives.

    Args:
        rows: The process, once for each GPU it uses.
    """

    def __init__(self, rows: Sequence[ProcessReading]) -> None:
        super().__init__()
        self.ended = ""
        self._processes = rows
        self._history = ProcessHistory(rows)
        self._details: ProcessDetails | None = None
        self._is_read = False

    def show(self, details: ProcessDetails | None) -> None:
        """Show what was read; None: the process is gone, or not visible from here."""
        self._details, self._is_read = details, True
        self.redraw()

    def add(self, taken_at_s: float, rows: Sequence[ProcessReading]) -> None:
        """Go on with the process as it is now, once for each GPU it uses."""
        self.ended = ""
        self._processes = rows
        self._history.add(taken_at_s, rows)
        self.redraw()

    def end(self, words: str) -> None:
        """Say that the process has ended; what is known of it stays."""
        self.ended = words
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        room = int(HISTORY_PART * self.screen.size.height)
        lines = [*self._history.lines(palette, width, room), Line(palette)]
        for label, text in self._paragraphs():
            rows = wrap(printable(text), max(8, width - LABEL_WIDTH)) or [""]
            for number, row in enumerate(rows):
                line = Line(palette).add("" if number else label, Role.LABEL)
                lines.append(line.pad_to(LABEL_WIDTH).add(row))
        return lines

    def _paragraphs(self) -> Iterable[tuple[str, str]]:
        process, details = self._processes[0], self._details
        arguments = details.arguments if details is not None else None
        yield "command", shlex.join(arguments or ()) or process.command or "not visible from here"
        yield "user", process.user or "?"
        yield "started", _moment(process.started_at_s)
        for row in self._processes:
            if row.gpu_index is not None:
                busy = f"{fmt.pct(row.gpu_busy_pct).strip()} busy"
                kind = f", {row.gpu_use}" if row.gpu_use else ""
                yield f"GPU {row.gpu_index}", f"{fmt.memory(row.gpu_memory_bytes)}, {busy}{kind}"
        state = STATES.get(process.state or "", process.state or fmt.UNKNOWN)
        yield "state", self.ended or state
        cpu = fmt.UNKNOWN if process.cpu_pct is None else f"{process.cpu_pct:.0f} %"
        yield "CPU", f"{cpu} of a core, {fmt.clock(process.cpu_time_s)} so far"
        yield "memory", fmt.memory(process.memory_bytes)
        if process.container:
            yield "container", process.container
        if details is not None:
            yield from _details(details)
        elif self._is_read:
            yield "", ""
            yield "", "No more is known: the process has ended, or is not visible from here."
        else:
            yield "", ""
            yield "", "reading …"


def _details(details: ProcessDetails) -> Iterable[tuple[str, str]]:
    unknown = details.unknown

    def known(name: str, value: object) -> str:
        return f"{fmt.UNKNOWN}: {unknown.get(name, 'unknown')}" if value is None else str(value)

    yield "program", known("executable", details.executable)
    yield "folder", known("working_directory", details.working_directory)
    yield "threads", known("threads", details.threads)
    yield "open files", known("open_files", details.open_files)
    yield "nice", known("nice", details.nice)
    cores = details.cores
    yield "cores", known("cores", None if cores is None else _ranges(cores))
    yield "cgroup", known("cgroup", details.cgroup)
    if details.parents is None:
        yield "parents", known("parents", None)
    for number, parent in enumerate(details.parents or ()):
        yield "" if number else "parents", shorten(f"{parent.pid} {parent.command}", PARENT_WIDTH)
    yield "", ""
    if details.environment is None:
        yield "environment", known("environment", None)
    for number, (name, value) in enumerate((details.environment or {}).items()):
        yield "" if number else "environment", f"{name}={value}"


def _moment(wall_time_s: float | None) -> str:
    if wall_time_s is None:
        return fmt.UNKNOWN
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_time_s))


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as people write them: `0-7, 16`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return ", ".join("-".join(map(str, span)) for span in spans)
