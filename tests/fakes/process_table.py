"""The process table alone, over a few processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from sensors.readings import ProcessReading, Reading
from tests.fakes import scenes
from tui.widgets.process_table import ProcessTable

GIB = 1024**3


class TableApp(App[None]):
    """Only the table, and what it asked for."""

    CSS = ".pane { border: round $border; padding: 0 1; } #processes { height: 100%; }"
    BINDINGS: ClassVar = [("q", "note('q')", "quit"), ("x", "note('x')", "stop")]

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self.table = ProcessTable(
            id="processes", wall_clock=lambda: scenes.EPOCH_START_S, read_only=read_only
        )
        self.asked: list[Message] = []
        self.noted: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    @on(ProcessTable.AllWanted)
    @on(ProcessTable.SignalAsked)
    @on(ProcessTable.DetailsAsked)
    def _note_message(self, message: Message) -> None:
        self.asked.append(message)

    def action_note(self, key: str) -> None:
        self.noted.append(key)


def reading(*processes: ProcessReading, gpus: int = 1) -> Reading:
    return replace(scenes.reading(0.0, gpus=gpus), processes=processes)


def process(pid: int, **fields: object) -> ProcessReading:
    known = ProcessReading(
        pid=pid, user="ana", command=f"python train-{pid}.py", started_at_s=scenes.EPOCH_START_S
    )
    return replace(known, **fields)  # type: ignore[arg-type]


def on_gpu(pid: int, gpu: int = 0, **fields: object) -> ProcessReading:
    return process(pid, gpu_uuid=f"GPU-{gpu}", gpu_index=gpu, **fields)


THREE = (
    on_gpu(30, gpu_memory_bytes=3 * GIB, cpu_pct=1.0),
    on_gpu(20, gpu_memory_bytes=2 * GIB, cpu_pct=2.0, user="bo"),
    process(10, cpu_pct=3.0, parent_pid=20, command="loader"),
)


@asynccontextmanager
async def table_of(
    *processes: ProcessReading,
    size: tuple[int, int] = (120, 20),
    read_only: bool = False,
) -> AsyncIterator[tuple[Pilot[None], TableApp]]:
    app = TableApp(read_only=read_only)
    async with app.run_test(size=size) as pilot:
        app.table.focus()
        show(app, *processes)
        await pilot.pause()
        yield pilot, app


def show(app: TableApp, *processes: ProcessReading) -> None:
    app.table.add(reading(*processes))
    app.table.redraw()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def rows_of(table: ProcessTable) -> list[str]:
    return ["".join(segment.text for segment in strip) for strip in table._strips]


def pids_of(app: TableApp) -> list[int]:
    texts = (row[2:].split() for row in rows_of(app.table)[1:])
    return [int(words[0]) for words in texts if words and words[0].isdecimal()]


def title_of(app: TableApp) -> str:
    return app.table._title


def notices(app: TableApp) -> list[str]:
    return [notice.message for notice in app._notifications]


def selected_pid(app: TableApp) -> int:
    assert app.table.selected is not None
    return app.table.selected.pid
