"""The ratio in big digits, and under what conditions it holds."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Digits

from runners.statistics import Ratio
from tui import format as fmt
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

_AGAINST = " against "


class RatioPane(Vertical):
    """How many times as fast the fastest job is as the first one."""

    def __init__(self) -> None:
        super().__init__(id="ratio")
        self._texts = ratio_texts((), failed=False)

    def compose(self) -> ComposeResult:
        """The digits and what they mean."""
        yield Digits(self._texts[0], id="ratio-digits")
        yield RatioWords(self._texts[1])

    def show(self, ratios: Sequence[Ratio], *, failed: bool) -> None:
        """Show the best of a comparison's ratios; `failed`: whether a job did."""
        texts = ratio_texts(ratios, failed=failed)
        if texts == self._texts:
            return
        self._texts = texts
        for digits in self.query(Digits):
            digits.update(texts[0])
        for words in self.query(RatioWords):
            words.show(texts[1])


class RatioWords(RowsWidget):
    """Centered words; where there is too little room, not those about the baseline."""

    def __init__(self, text: str) -> None:
        super().__init__(id="ratio-words")
        self._text = text

    def show(self, text: str) -> None:
        """Show other words."""
        self._text = text
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        rows = _wrapped(self._text, width)
        if len(rows) > height:
            rows = _wrapped(self._text.partition(_AGAINST)[0], width)
        return [Line(palette).add(row.center(width).rstrip(), Role.DIM) for row in rows]


def _wrapped(text: str, width: int) -> list[str]:
    return [row for part in text.split("\n") for row in wrap(part, width)]


def ratio_texts(ratios: Sequence[Ratio], *, failed: bool) -> tuple[str, str]:
    """The digits, and the words below them: the conditions first."""
    best = max(ratios, key=lambda ratio: ratio.value or 0.0, default=None)
    if best is None or best.value is None:
        return "", "no ratio:\na job failed" if failed else "the ratio comes\nwith figures"
    words = [best.label, f"{best.job}{_AGAINST}{best.baseline}"]
    if best.low is not None and best.high is not None:
        words.insert(0, f"{fmt.ratio(best.low)} to {fmt.ratio(best.high)}×")
    return f"{fmt.ratio(best.value)}×", "\n".join(words)
