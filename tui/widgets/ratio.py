"""The ratio in big digits, and under what conditions it holds."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Digits, Label

from runners.state import ComparisonState
from runners.statistics import ratios
from tui import format as fmt


class RatioPane(Vertical):
    """How many times as fast the fastest job is as the first one."""

    def __init__(self) -> None:
        super().__init__(id="ratio")
        self._shown: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        """The digits and what they mean."""
        yield Digits("", id="ratio-digits")
        yield Label("", id="ratio-label", markup=False)

    def show(self, state: ComparisonState) -> None:
        """Show a comparison's best ratio."""
        digits, label = ratio_texts(state)
        if (digits, label) == self._shown:
            return
        self._shown = (digits, label)
        self.query_one(Digits).update(digits)
        self.query_one("#ratio-label", Label).update(label)


def ratio_texts(state: ComparisonState) -> tuple[str, str]:
    """The digits, and the words below them."""
    best = max(ratios(state), key=lambda ratio: ratio.value or 0.0, default=None)
    if best is None or best.value is None:
        return "", "the ratio comes\nwith the epochs" if len(state.plan.jobs) > 1 else ""
    conditions = best.label.replace(", ", "\n")
    return f"{fmt.ratio(best.value)}×", f"{best.job}\nagainst {best.baseline}\n{conditions}"
