"""The ratio in big digits, and under what conditions it holds."""

from __future__ import annotations

from runners.statistics import ratio_to_baseline
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Digits, Label

from runners.spec import Order, Plan
from runners.state import ComparisonState
from tui import format as fmt


class RatioPane(Vertical):
    """How many times as fast the fastest job is as the first one."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(id="ratio")
        self._plan = plan
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
    plan = state.plan
    ratios = {
        job: value
        for job in range(1, len(plan.jobs))
        if (value := ratio_to_baseline(state, job)) is not None
    }
    if not ratios:
        return "", "ratio after\nthe second epoch" if len(plan.jobs) > 1 else ""
    job, value = max(ratios.items(), key=lambda item: item[1])
    where = "side by side" if plan.order is Order.TOGETHER else "alone"
    trials = "single run" if plan.trials < 3 else f"{plan.trials} trials"
    label = f"{plan.jobs[job].label}\nagainst\n{plan.jobs[0].label}\n{where}\n{trials}"
    return f"{fmt.ratio(value)}×", label
