"""The history screen over a file of this test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from runners.history.store import Entry, History
from runners.spec import Request
from tests.fakes.live import Stage, settle
from tests.fakes.saved import THERE, record
from tests.fakes.training import finished_run, plan
from tui.screens.confirm import Confirm
from tui.screens.file_question import FileQuestion
from tui.widgets.past_table import PastTable

REQUEST = Request(workloads=("mlp",), devices=("cpu",), epochs=(2,))
SIZES = [(160, 48), (120, 40), (80, 24), (40, 10)]


@contextmanager
def file(path: Path) -> Iterator[History]:
    """The history of this machine, closed in the end."""
    kept = History.open(path)
    yield kept
    kept.close()


def keep(path: Path, *labels: str, steady_s: float = 1.0, request: Request | None = REQUEST) -> int:
    """Keep a comparison of this machine; its number."""
    of = plan(*(labels or ("cpu",)))
    runs = [finished_run(2 * steady_s, steady_s) for _ in of.jobs]
    with file(path) as kept:
        return record(kept, *runs, of=of, request=request)[0]


def keep_foreign(path: Path, *, host: str = THERE.name) -> int:
    """Import one of another machine; its number."""
    elsewhere = path.with_name("elsewhere.sqlite")
    there = History.open(elsewhere, host=type(THERE)(name=host, id=THERE.id))
    document = there.export([record(there, finished_run(2.0, 1.0), request=REQUEST)[0]])
    there.close()
    with file(path) as kept:
        return kept.import_(document)[0]


def entries(path: Path) -> list[Entry]:
    """What the file holds."""
    with file(path) as kept:
        return kept.entries()


def text_of(pilot: Pilot[None]) -> str:
    """What is on the newest screen, row by row."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def told(stage: Stage) -> str:
    """All that was told in toasts."""
    return "\n".join(notice.message for notice in stage.app._notifications)


def shows(stage: Stage, screen: type[Screen[Any]]) -> bool:
    """Whether such a screen is the one in sight."""
    return isinstance(stage.app.screen, screen)


def listed(stage: Stage) -> list[int]:
    """The numbers in the list, from the top."""
    return [entry.id for entry in stage.app.screen.query_one(PastTable)._entries]


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one by one, and wait for what each has read or written."""
    for key in keys:
        await pilot.press(key)
        await done(pilot)


async def done(pilot: Pilot[None]) -> None:
    """Wait until nothing more is read or written, but for an answer to a question."""
    await settle(pilot)
    asks = isinstance(pilot.app.screen, Confirm | FileQuestion)
    groups = ("list", "take") if asks else ("list", "do")
    for worker in [worker for worker in pilot.app.workers if worker.group in groups]:
        await worker.wait()
    await settle(pilot)
