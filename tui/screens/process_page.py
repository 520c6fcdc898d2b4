"""All about one process."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen

from runners.text import printable, shorten
from sensors.process_page import ProcessDetails, process_details
from sensors.readings import ProcessReading
from tui import format as fmt
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

LABEL_WIDTH = 13
PARENT_WIDTH = 60
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
    """The page of one process, as it was when it was opened.

    What is not in the readings is read by a thread of its own: a process that hangs in a
    device can make that wait.

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
        self._page = ProcessPage(rows)
        self._pid = rows[0].pid
        self._read = read

    def compose(self) -> ComposeResult:
        """The page, scrolling."""
        with VerticalScroll(id="process") as scroll:
            scroll.border_title = Content(f"process {self._pid}")
            scroll.border_subtitle = Content("↑↓ scroll · Escape closes")
            yield self._page

    def on_mount(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._look, name="process-details", daemon=True).start()

    def on_process_screen_details_read(self, message: DetailsRead) -> None:
        """Show them."""
        self._page.show(message.details)

    def _look(self) -> None:
        self.post_message(self.DetailsRead(self._read(self._pid)))


class ProcessPage(RowsWidget):
    """The rows of the page; texts are wrapped, never markup.

    Args:
        rows: The process, once for each GPU it uses.
    """

    def __init__(self, rows: Sequence[ProcessReading]) -> None:
        super().__init__()
        self._processes = rows
        self._details: ProcessDetails | None = None
        self._is_read = False

    def show(self, details: ProcessDetails | None) -> None:
        """Show what was read; None: the process is gone, or not visible from here."""
        self._details, self._is_read = details, True
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        lines: list[Line] = []
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
        yield "state", STATES.get(process.state or "", process.state or fmt.UNKNOWN)
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
