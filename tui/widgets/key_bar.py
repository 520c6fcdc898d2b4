"""The last rows: the keys of what is shown, wrapped where one row is too short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from textual.binding import Binding

from tui.line import Line
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

ESSENTIAL = ("r", "x", "question_mark,f1", "q")


class KeyBar(RowsWidget):
    """The keys of a view with what they do; a click does it too.

    Args:
        keys: What to show.
        acts_on: What has the actions: `app` or `screen`.
        first: The keys that matter most.
    """

    DEFAULT_CSS = "KeyBar { height: auto; padding: 0 1; }"

    def __init__(
        self,
        keys: Sequence[Binding],
        *,
        acts_on: str = "app",
        first: Sequence[str] = ESSENTIAL,
    ) -> None:
        super().__init__(id="key-bar")
        self._keys = keys
        self._acts_on = acts_on
        self._first = first

    def show(self, keys: Sequence[Binding]) -> None:
        """Show other keys."""
        self._keys = keys
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`; where rows are short the keys that matter most come first."""
        rows = self._wrapped(self._keys, palette, width)
        if len(rows) > height:
            first = sorted(self._keys, key=lambda binding: binding.key not in self._first)
            rows = self._wrapped(first, palette, width)
        return rows

    def _wrapped(self, keys: Iterable[Binding], palette: Palette, width: int) -> list[Line]:
        rows = [Line(palette)]
        for binding in keys:
            if not binding.show:
                continue
            key = self.app.get_key_display(binding)
            is_elsewhere = binding.action.startswith("app.")
            action = binding.action if is_elsewhere else f"{self._acts_on}.{binding.action}"
            click = Style(meta={"@click": action})
            needed = len(key) + 1 + len(binding.description)
            if rows[-1].width and rows[-1].width + 2 + needed > width:
                rows.append(Line(palette))
            rows[-1].add("  " if rows[-1].width else "").add(key, palette[Role.KEY] + click)
            rows[-1].add(f" {binding.description}", palette[Role.DIM] + click)
        return rows
