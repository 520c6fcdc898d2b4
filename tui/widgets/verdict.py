"""What the figures say, in words."""

from __future__ import annotations

from collections.abc import Sequence

from tui.line import Line, cut, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget


class VerdictPane(RowsWidget):
    """Sentences, the most important first."""

    can_focus = True
    HELP = "What the figures say so far; each sentence can be checked in the exported report."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("verdict")
        self._sentences: tuple[str, ...] = ()
        self._hint = ""

    def show(self, sentences: Sequence[str], *, is_over: bool = False, hint: str = "") -> None:
        """Show sentences.

        Args:
            sentences: The most important first.
            is_over: Whether they are the last word.
            hint: What can be done with the result, or became of it.
        """
        self.entitle("result" if is_over else "verdict")
        self._sentences = tuple(sentences)
        self._hint = hint
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`; the hint keeps its place at the end."""
        if not self._sentences and not self._hint:
            return [Line(palette).add("What the figures of a race say is told here.", Role.DIM)]
        rows = [
            ("  " if part else "· ", row, Role.TEXT if number else Role.STRONG)
            for number, sentence in enumerate(self._sentences)
            for part, row in enumerate(wrap(sentence, width - 2))
        ]
        hint = [Line(palette).add(row, Role.DIM) for row in wrap(self._hint, width)]
        room = max(1, height - len(hint))
        if len(rows) > room:
            mark, row, role = rows[room - 1]
            rows[room - 1 :] = [(mark, cut(f"{row} …", width - 2), role)]
        lines = [Line(palette).add(mark, Role.DIM).add(row, role) for mark, row, role in rows]
        return lines + hint
