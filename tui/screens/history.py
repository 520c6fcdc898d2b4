"""Past comparisons: to find, open, set side by side, repeat, resume, pass on and delete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from runners.history.files import read_export, write_export
from runners.history.store import Entry, History, HistoryError, Recorder, Saved
from runners.paths import HISTORY_VARIABLE, NO_HISTORY
from runners.spec import Request
from runners.text import counted, printable, shorten
from tui.past_races import PastRaces
from tui.screens.confirm import Confirm
from tui.screens.file_question import FileQuestion
from tui.screens.history_keys import FILTER_HINT, KEYS, MOVES
from tui.screens.past_race import PastRace, shown_alone, shown_together
from tui.spans import SpanCompositor
from tui.widgets.key_bar import KeyBar
from tui.widgets.past_table import PastDetail, PastTable

_Answer = TypeVar("_Answer")
FIRST_ROWS = 500
"""So many are read at first; all of them once the cursor comes near the end of these."""
_OFF = (
    f"No history is kept: {HISTORY_VARIABLE} is '{NO_HISTORY}'. Start racetop without it, or with "
    "the name of a file in it."
)
_EMPTY = (
    "Nothing was compared yet. A race is kept here from its start: Escape, then r starts one. "
    "i imports what another machine exported."
)
_NO_MATCH = "No comparison has all these words; Escape clears the filter."


@dataclass(frozen=True, slots=True)
class Resumed:
    """An interrupted comparison to go on with, and what keeps it."""

    saved: Saved
    recorder: Recorder


class HistoryScreen(ModalScreen["Request | Resumed | None"]):
    """Answers with what to race: a request to repeat, or a comparison to go on with.

    What reads or writes the file runs beside the event loop.

    Args:
        past: The file.
        is_racing: Whether a race runs, so that no other can start.
        wall_clock: Seconds since the epoch; names exports.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS, *MOVES]
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    HistoryScreen {
        background: $background;
        & > PastTable {
            border-subtitle-color: $text-muted;
        }
        & > Input, & > Input:focus {
            height: 1;
            padding: 0;
            border: none;
            border-left: thick $accent;
            display: none;
        }
        &.-filtering > Input {
            display: block;
        }
    }
    """

    def __init__(
        self,
        past: PastRaces,
        *,
        is_racing: Callable[[], bool],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._compositor = SpanCompositor()
        self._past = past
        self._is_racing = is_racing
        self._wall_clock = wall_clock
        self._words = ""
        self._limit: int | None = FIRST_ROWS
        self._is_stale = self._is_reading = self._goes_to_last = False
        self._table = PastTable()
        self._detail = PastDetail()
        self._editor = Input(placeholder="filter", select_on_focus=False)

    def compose(self) -> ComposeResult:
        """The list, the filter, what is known of the one at the cursor, and the keys."""
        self._table.show((), nothing="reading …")
        self._entitle(0)
        yield self._table
        yield self._editor
        yield self._detail
        yield KeyBar(KEYS, acts_on="screen", first=("enter", "escape,q,h"))

    def on_screen_resume(self) -> None:
        """Read the list anew: it may have changed meanwhile."""
        self._refresh_list()

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self.call_after_refresh(self._table.move, 0)

    # The list

    def _refresh_list(self) -> None:
        self._is_stale = True
        if not self._is_reading:
            self._read_list()

    @work(group="list")
    async def _read_list(self) -> None:
        """Read until what is shown is what was asked for last."""
        self._is_reading = True
        while self._is_stale:
            self._is_stale = False
            words, limit = self._words, self._limit
            try:
                history = await self._past.open()
                entries: list[Entry] = []
                nothing = _OFF
                if history is not None:
                    entries = await asyncio.to_thread(history.entries, words, limit)
                    nothing = _NO_MATCH if words else _EMPTY
            except HistoryError as error:
                entries, nothing = [], f"The history cannot be read: {error}."
            self._show(entries, nothing, is_all=limit is None or len(entries) < limit)
        self._is_reading = False

    def _show(self, entries: list[Entry], nothing: str, *, is_all: bool) -> None:
        if is_all:
            self._limit = None
        self._table.show(entries, nothing=nothing)
        self._entitle(self._table.count)
        if self._goes_to_last and is_all:
            self._goes_to_last = False
            self._table.move_to_last()

    def _entitle(self, count: int) -> None:
        number = "the newest " if self._limit is not None else ""
        parts = ["history", f"{number}{counted(count, 'comparison')}"]
        if self._words.strip():
            parts.append(f"filter '{self._words.strip()}'")
        if self._table.marked:
            parts.append(f"{len(self._table.marked)} marked")
        self._table.entitle(" · ".join(parts))

    @on(PastTable.Moved)
    def _moved(self) -> None:
        self._detail.show(self._table.selected)
        if self._table.is_near_end and self._limit is not None and not self._is_reading:
            self._limit = None
            self._refresh_list()

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self._table.move(rows)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._table.page(direction)

    def action_first(self) -> None:
        """Move the cursor to the newest comparison."""
        self._table.move_to(0)

    def action_last(self) -> None:
        """Move the cursor to the oldest comparison, which may have to be read first."""
        self._goes_to_last = self._limit is not None
        self._table.move_to_last()

    # The filter

    def action_filter(self) -> None:
        """Type words that choose comparisons."""
        self.add_class("-filtering")
        self._editor.focus()
        self._table.border_subtitle = FILTER_HINT

    @on(Input.Changed)
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._words = event.value
        self._limit = FIRST_ROWS
        self._refresh_list()

    @on(Input.Submitted)
    def _end_filtering(self) -> None:
        self.set_focus(None)
        self.remove_class("-filtering")
        self._table.border_subtitle = None

    def action_leave(self) -> None:
        """Clear the filter; leave where there is none."""
        if self.has_class("-filtering") or self._words:
            self._end_filtering()
            self._editor.value = ""
        else:
            self.dismiss(None)

    # Marks

    def action_mark(self) -> None:
        """Mark the comparison at the cursor, or take its mark off."""
        self._table.flip_mark()
        self._show_marks()

    def action_unmark(self) -> None:
        """Take all marks off."""
        self._table.forget(self._table.marked)
        self._show_marks()

    def _show_marks(self) -> None:
        self._entitle(self._table.count)

    # What is done with them

    @on(PastTable.Opened)
    def action_open(self) -> None:
        """Show the comparison at the cursor."""
        entry = self._table.selected
        if entry is not None:
            self._open(entry.id)

    @work(group="do", exclusive=True)
    async def _open(self, number: int) -> None:
        saved = await self._ask(lambda history: history.load(number))
        if saved is not None and self.is_current:
            self.app.push_screen(PastRace(shown_alone(saved)), self._opened_one_closed)

    def _opened_one_closed(self, again: Request | None) -> None:
        if again is not None:
            self._race_again(again)

    @work(group="do", exclusive=True)
    async def action_compare(self) -> None:
        """Set the marked comparisons side by side."""
        numbers = self._table.marked
        if len(numbers) < 2:
            self.notify("Mark two or more with the space bar; c then compares them.")
            return
        comparisons = await self._ask(lambda history: [history.load(n) for n in numbers])
        if comparisons is not None and self.is_current:
            self.app.push_screen(PastRace(shown_together(comparisons)))

    @work(group="do", exclusive=True)
    async def action_repeat(self) -> None:
        """Race again with the same settings."""
        entry = self._table.selected
        if entry is None:
            return
        saved = await self._ask(lambda history: history.load(entry.id))
        if saved is None:
            return
        if saved.request is None:
            text = f"Comparison {entry.id} is a part of tuning, which no one race repeats: u tunes."
            self.notify(text, severity="warning")
        else:
            self._race_again(saved.request)

    def _race_again(self, request: Request) -> None:
        if not self._is_refused():
            self.dismiss(request)

    @work(group="do", exclusive=True)
    async def action_resume(self) -> None:
        """Go on with an interrupted comparison at its next run."""
        entry = self._table.selected
        if entry is None or self._is_refused():
            return
        found = await self._ask(lambda history: history.resume(entry.id))
        if found is not None:
            self.dismiss(Resumed(*found))

    def _is_refused(self) -> bool:
        """Whether a race runs, which is said."""
        is_racing = self._is_racing()
        if is_racing:
            self.notify("A race is running; leave this screen, x stops it.", severity="warning")
        return is_racing or not self.is_current

    @work(group="do", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the marked ones, or the one at the cursor, after asking."""
        numbers = list(self._table.chosen)
        if not numbers:
            return
        named = f"{counted(len(numbers), 'comparison')} ({', '.join(map(str, numbers))})"
        hidden = self._table.unlisted(numbers)
        beside = f", {hidden} of them not in this list," if hidden else ""
        question = Confirm(f"Delete {shorten(named, 200)}{beside} for good?")
        if not await self.app.push_screen_wait(question):
            return
        if await self._ask(lambda history: history.delete(numbers)) is not None:
            self._table.forget(numbers)
            self._refresh_list()

    @work(group="do", exclusive=True)
    async def action_export(self) -> None:
        """Write the marked ones, or the one at the cursor, into a file in this folder."""
        numbers = list(self._table.chosen)
        if not numbers:
            return
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self._wall_clock()))
        path = Path.cwd() / f"racetop-history-{stamp}.json"

        def export(history: History) -> Path:
            write_export(path, history.export(numbers))
            return path

        if await self._ask(export) is not None:
            text = f"Wrote {counted(len(numbers), 'comparison')} to {path}"
            self.notify(printable(text), markup=False)

    @work(group="do", exclusive=True)
    async def action_import(self) -> None:
        """Add what another machine exported."""
        added: list[int] = []

        async def take(path: Path) -> str | None:
            try:
                added.extend(await self._do(lambda history: history.import_(read_export(path))))
            except HistoryError as error:
                return printable(str(error))
            return None

        meaning = "the file that e, or racetop history export, wrote"
        if await self.app.push_screen_wait(FileQuestion("import", meaning, take)):
            text = f"Added {counted(len(added), 'comparison')}." if added else "All were here."
            self.notify(text)
            self._refresh_list()

    async def _ask(self, do: Callable[[History], _Answer]) -> _Answer | None:
        """What the history answers; None where it cannot, which is said."""
        try:
            return await self._do(do)
        except HistoryError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return None

    async def _do(self, do: Callable[[History], _Answer]) -> _Answer:
        """What the history answers.

        Raises:
            HistoryError: It cannot.
        """
        history = await self._past.open()
        if history is None:
            raise HistoryError(_OFF)
        return await asyncio.to_thread(do, history)
