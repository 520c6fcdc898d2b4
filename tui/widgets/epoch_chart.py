"""The chart of epoch times, drawn again when an epoch is finished and never otherwise."""

from __future__ import annotations

from rich.text import Text
from textual.color import Color, ColorParseError
from textual.widgets import Static

from runners.state import ComparisonState
from tui import charts
from tui.theme import SERIES, series_of
from tui.widgets.job_table import current_run

MIN_WIDTH = 20
MIN_HEIGHT = 5


class EpochChart(Static):
    """Seconds per epoch against epoch number, one line for each job."""

    can_focus = True
    ALLOW_SELECT = False
    HELP = "Wall time of the training part of each epoch. The first one is the cold one."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("The epoch times of a race are drawn here.", id=id, classes="pane")
        self.border_title = "epoch time, s"
        self._state: ComparisonState | None = None
        self._drawn: object = None

    def show(self, state: ComparisonState) -> None:
        """Show a comparison's epochs."""
        self._state = state
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def restyle(self) -> None:
        """Draw again in the colors of another theme."""
        self._drawn = None
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        state = self._state
        if state is None or width < MIN_WIDTH or height < MIN_HEIGHT:
            return
        lines = [self._line(state, job) for job in range(len(state.plan.jobs))]
        key = (width, height, lines)
        if key == self._drawn:
            return
        self._drawn = key
        if not any(line.epoch_s for line in lines):
            self.update(Text("The first epoch is under way; each one adds a point.", style="dim"))
            return
        epochs = max(job.settings.epochs for job in state.plan.jobs)
        self.border_title = (
            f"epoch time, s{' (log)' if charts.uses_log_axis(lines) else ''} · "
            + "  ".join(
                f"{series_of(j).mark} {spec.label}" for j, spec in enumerate(state.plan.jobs[:4])
            )
        )
        text = Text.from_ansi(charts.epoch_chart(lines, epochs, width, height), no_wrap=True)
        self.update(text)

    def _line(self, state: ComparisonState, job: int) -> charts.EpochLine:
        epochs = current_run(state, job).epochs
        return charts.EpochLine(
            epochs=tuple(epoch.epoch for epoch in epochs),
            epoch_s=tuple(epoch.epoch_s for epoch in epochs),
            mark=series_of(job).mark,
            color=self._color(job),
        )

    def _color(self, job: int) -> tuple[int, int, int]:
        color = self.app.palette.job(job).color  # type: ignore[attr-defined]
        return (255, 255, 255) if color is None else tuple(color.get_truecolor())
