"""Sends only what changed to the terminal.

Textual 8.2 knows which columns of a row are dirty, but sends the row from the left edge of the
widget up to them, so a clock at the right end of a line costs the whole line each second; and it
names both colors in full for each piece. The two classes here cut on both sides, and name each
color once an update. They are the only place that touches Textual's compositor; without them
everything works, with several times the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip


class SpanUpdate(ChopsUpdate):
    """An update whose spans are sent from their first to their last column, color by color."""

    def render_segments(self, console: Console) -> str:
        """The update as text with escape sequences."""
        color_system = console._color_system or ColorSystem.TRUECOLOR
        by_style: dict[Style, list[str]] = {}
        for x, y, piece in self._pieces():
            texts = by_style.setdefault(piece.style or Style.null(), [])
            texts.append(f"\x1b[{y + 1};{x + 1}H{piece.text}")
        return "".join(
            Strip.render_style(style, "".join(texts), color_system)
            for style, texts in by_style.items()
        )

    def _pieces(self) -> Iterator[tuple[int, int, Segment]]:
        """What is to be sent: column, row, and text of one style."""
        for y, span_start, span_end in self.spans:
            ends = self.chop_ends[y]
            for end, (x, strip) in zip(ends, self.chops[y].items(), strict=False):
                start, stop = max(x, span_start), min(end, span_end)
                if strip is None or start >= stop:
                    continue
                for piece in strip.crop(start - x, stop - x).simplify():
                    yield start, y, piece
                    start += piece.cell_length


class SpanCompositor(Compositor):
    """A compositor that makes such updates."""

    def render_partial_update(self) -> SpanUpdate | None:
        """See `Compositor.render_partial_update`."""
        update = super().render_partial_update()
        if update is None:
            return None
        return SpanUpdate(update.chops, update.spans, update.chop_ends)
