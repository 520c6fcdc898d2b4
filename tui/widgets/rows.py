"""The base of all panes: rows drawn by line, of which only changed pieces are sent."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from runners.text import printable
from tui.line import Line
from tui.row_changes import changed_spans
from tui.theme import Palette

MANY_ROWS = 200


class RowsWidget(Widget):
    """A widget whose content is a list of `Line`, compared with the last one on `redraw`."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    RowsWidget {
        height: auto;
        width: 1fr;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._drawn_size = Size(0, 0)
        self._rows_wanted = 0
        self._title = ""

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """The content for that many cells and rows; each pane has its own."""
        del palette, width, height
        return []

    def entitle(self, title: str) -> None:
        """Name the pane; the text is never markup."""
        if title != self._title:
            self._title = title
            self.border_title = Content(printable(title))

    @property
    def palette(self) -> Palette:
        """The styles of the theme in use."""
        palette = getattr(self.app, "palette", None)
        if not isinstance(palette, Palette):
            palette = Palette(self.app.theme_variables)
        return palette

    def redraw(self) -> None:
        """Draw again after a change of what is shown; costs nothing where it looks the same."""
        if not self.is_attached or not self.size.area:
            return
        if self.styles.auto_dimensions and self._rows_wanted != self._count_rows(self.size.width):
            self.refresh(layout=True)
        before, drawn_size = self._strips, self._drawn_size
        self._draw()
        if drawn_size != self.size or len(before) != len(self._strips):
            self.refresh()
            return
        regions = [
            Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(before, self._strips, strict=True))
            for start, end in changed_spans(old, new)
        ]
        if regions:
            self.refresh(*regions)

    def restyle(self) -> None:
        """Draw everything again, after a change of theme."""
        self._drawn_size = Size(0, 0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, as Textual asks for it; right after a change of size too."""
        if self._drawn_size != self.size:
            self._draw()
        return self._strips[y]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows there are to show, for a pane whose height is `auto`."""
        del container, viewport
        self._rows_wanted = self._count_rows(width)
        return self._rows_wanted

    def _count_rows(self, width: int) -> int:
        return max(1, len(self.lines(self.palette, width, MANY_ROWS)))

    def _draw(self) -> None:
        width, height = self._drawn_size = self.size
        self._strips = strips(self.lines(self.palette, width, height), self.palette, width, height)


def strips(lines: Sequence[Line], palette: Palette, width: int, height: int) -> list[Strip]:
    """Exactly `height` rows: the first ones, the last of them marked where more follow."""
    hidden = len(lines) > height
    return [
        line.strip(width, more=hidden and row == height - 1)
        for row, line in enumerate(lines[:height])
    ] + [Line(palette).strip(width)] * (height - len(lines))
