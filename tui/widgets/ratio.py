"""The ratio in big digits, and under what conditions it holds."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Digits, Label

from runners.statistics import Ratio
from tui import format as fmt


class RatioPane(Vertical):
    """How many times as fast the fastest job is as the first one."""

    def __init__(self) -> None:
        super().__init__(id="ratio")
        self._texts = ratio_texts((), failed=False)

    def compose(self) -> ComposeResult:
        """The digits and what they mean."""
        digits, label = self._texts
        yield Digits(digits, id="ratio-digits")
        yield Label(label, id="ratio-label", markup=False)

    def show(self, ratios: Sequence[Ratio], *, failed: bool) -> None:
        """Show the best of a comparison's ratios; `failed`: whether a job did."""
        texts = ratio_texts(ratios, failed=failed)
        if texts == self._texts:
            return
        self._texts = texts
        for digits in self.query(Digits):
            digits.update(texts[0])
        for label in self.query(Label):
            label.update(texts[1])


def ratio_texts(ratios: Sequence[Ratio], *, failed: bool) -> tuple[str, str]:
    """The digits, and the words below them: the conditions first."""
    best = max(ratios, key=lambda ratio: ratio.value or 0.0, default=None)
    if best is None or best.value is None:
        return "", "no ratio:\na job failed" if failed else "the ratio comes\nwith the epochs"
    conditions = best.label.replace(", ", "\n")
    return f"{fmt.ratio(best.value)}×", f"{conditions}\n{best.job}\nagainst {best.baseline}"
