"""The list of past comparisons, of which only the rows in sight are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.message import Message

from runners.history.entries import Entry
from runners.text import counted
from tui.commands.history_list import description
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.past_rows import columns_that_fit, differ, head, row
from tui.widgets.rows import RowsWidget

WHEEL_ROWS = 3


class PastTable(RowsWidget):
    """Past comparisons with a cursor and marks, which stay with them when the list changes.

    Attributes:
        marked: Numbers of the marked ones, in the order in which they were marked.
    """

    class Moved(Message):
        """The cursor may be on another one."""

    class Opened(Message):
        """The one at the cursor is to be opened."""

    def __init__(self) -> None:
        super().__init__(id="past-table", classes="pane")
        self.marked: list[int] = []
        self._entries: Sequence[Entry] = ()
        self._note = ""
        self._cursor = 0
        self._top = 0

    @property
    def count(self) -> int:
        """How many are listed."""
        return len(self._entries)

    @property
    def is_near_end(self) -> bool:
        """Whether the rows end within a page below the cursor."""
        return 0 < self.count <= self._cursor + self._room(self.size.height)

    @property
    def selected(self) -> Entry | None:
        """The comparison at the cursor."""
        return self._entries[self._cursor] if self._entries else None

    @property
    def chosen(self) -> list[int]:
        """Numbers of the marked ones, or of the one at the cursor where none is marked."""
        return self.marked or [entry.id for entry in (self.selected,) if entry is not None]

    def unlisted(self, numbers: Iterable[int]) -> int:
        """How many of these are not in the list, as a filter may hide marked ones."""
        return len(set(numbers) - {entry.id for entry in self._entries})

    def show(self, entries: Sequence[Entry], *, nothing: str) -> None:
        """List these.

        Args:
            entries: The comparisons, newest first.
            nothing: What to say where there is none.
        """
        before = self.selected
        self._entries, self._note = entries, nothing
        places = (n for n, entry in enumerate(entries) if before and entry.id == before.id)
        self.move_to(next(places, self._cursor))

    def forget(self, numbers: Iterable[int]) -> None:
        """Take the marks off these."""
        self.marked = [number for number in self.marked if number not in set(numbers)]
        self.redraw()

    def flip_mark(self) -> None:
        """Mark the one at the cursor, or take its mark off, and go on to the next."""
        entry = self.selected
        if entry is None:
            return
        if entry.id in self.marked:
            self.marked.remove(entry.id)
        else:
            self.marked.append(entry.id)
        self.move(1)

    def move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self._cursor + rows)

    def page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.move(direction * self._room(self.size.height))

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, or to the nearest there is."""
        self._cursor = max(0, min(index, len(self._entries) - 1))
        self._top = self._top_for(self._room(self.size.height))
        self.redraw()
        self.post_message(self.Moved())

    def move_to_last(self) -> None:
        """Move the cursor to the last row."""
        self.move_to(len(self._entries) - 1)

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        if not self._entries:
            rows = wrap(self._note, max(1, width - 2))
            return [Line(palette).add(f" {text}", Role.DIM) for text in rows]
        columns, room = columns_that_fit(width), self._room(height)
        top = self._top_for(room)
        shown = self._entries[top : top + room]
        below = len(self._entries) - top - len(shown)
        marked = frozenset(self.marked)
        lines = [head(columns, palette, width, above=top, below=below)]
        for number, entry in enumerate(shown, start=top):
            is_selected, is_marked = number == self._cursor, entry.id in marked
            lines.append(
                row(entry, columns, palette, width, is_selected=is_selected, is_marked=is_marked)
            )
        return lines

    def on_click(self, event: events.Click) -> None:
        """Move to a row that is clicked; open it with a double click."""
        place = event.get_content_offset(self)
        if place is None or not 1 <= place.y <= len(self._entries) - self._top:
            return
        self.move_to(self._top + place.y - 1)
        if event.chain == 2:
            self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.move(-WHEEL_ROWS)

    @staticmethod
    def _room(height: int) -> int:
        """Rows for comparisons: not that of the head."""
        return max(1, height - 1)

    def _top_for(self, room: int) -> int:
        """The first row to show, so that the cursor is among those shown."""
        top = max(min(self._top, self._cursor), self._cursor - room + 1)
        return max(0, min(top, len(self._entries) - room))


class PastDetail(RowsWidget):
    """All that the list knows of the comparison at the cursor."""

    def __init__(self) -> None:
        super().__init__(id="past-detail", classes="pane")
        self._entry: Entry | None = None

    def show(self, entry: Entry | None) -> None:
        """Show one; None where there is none."""
        self._entry = entry
        can_be_resumed = entry is not None and entry.can_be_resumed
        # On the border, where no longer text can push it out of sight.
        self.border_subtitle = "R goes on with it at its next run" if can_be_resumed else None
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        entry = self._entry
        if entry is None:
            return []
        told = (
            (description(entry), Role.WARNING if entry.is_foreign else Role.TEXT),
            (_what(entry), Role.DIM),
            (entry.headline or "No figures to set against each other.", Role.STRONG),
        )
        return [
            Line(palette).add(text, role)
            for words, role in told
            for text in wrap(words, max(1, width))
        ]


def _what(entry: Entry) -> str:
    data = f"{entry.data_source} data" if entry.data_source else ""
    trials = f", {counted(entry.trials, 'trial')} each" if entry.trials > 1 else ""
    differs = f"differ in {differ(entry)}" if entry.axes else ""
    parts = (
        ", ".join(entry.workloads),
        ", ".join(entry.devices),
        ", ".join(entry.variants),
        data,
        f"{counted(entry.jobs, 'job')}{trials}",
        differs,
    )
    return " · ".join(filter(None, parts))
