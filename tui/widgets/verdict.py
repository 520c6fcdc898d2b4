"""What the figures say, in words."""

from __future__ import annotations

from collections.abc import Sequence

from tui.line import Line, wrap
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

    def show(self, sentences: Sequence[str]) -> None:
        """Show sentences."""
        self._sentences = tuple(sentences)
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        lines = []
        if not self._sentences:
            return [Line(palette).add("What the figures of a race say is told here.", Role.DIM)]
        for number, sentence in enumerate(self._sentences):
            role = Role.STRONG if number == 0 else Role.TEXT
            for part, row in enumerate(wrap(sentence, width - 2)):
                lines.append(Line(palette).add("  " if part else "· ", Role.DIM).add(row, role))
        return lines
