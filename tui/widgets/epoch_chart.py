"""The chart of epoch times, drawn again when an epoch is finished and never otherwise."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from runners.state import ComparisonState
from tui import charts
from tui.line import Line, wrap
from tui.theme import Palette, Role, series_of
from tui.widgets.job_table import current_run
from tui.widgets.rows import RowsWidget

MIN_WIDTH = 20
MIN_HEIGHT = 5
LABELS_UP_TO = 4


class EpochChart(RowsWidget):
    """Seconds per epoch against epoch number, one line for each job."""

    can_focus = True
    HELP = "Wall time of the training part of each epoch. The first one is the cold one."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("epoch time, s")
        self._state: ComparisonState | None = None

    def show(self, state: ComparisonState) -> None:
        """Show a comparison's epochs."""
        self._state = state
        self.entitle(_title(state))
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        state = self._state
        if state is None:
            return _words("The epoch times of a race are drawn here.", palette, width)
        curves = _curves(state, palette)
        if not any(curve.epoch_s for curve in curves):
            return _words("The first epoch is under way; each one adds a point.", palette, width)
        if width < MIN_WIDTH or height < MIN_HEIGHT:
            return _words("Too little room for a chart here.", palette, width)
        epochs = max(job.settings.epochs for job in state.plan.jobs)
        return _from_ansi(charts.epoch_chart(curves, epochs, width, height), palette)


def _title(state: ComparisonState) -> str:
    scale = " (log)" if charts.uses_log_axis(_curves(state, None)) else ""
    labels = [f"{series_of(j).mark} {spec.label}" for j, spec in enumerate(state.plan.jobs)]
    more = " …" if len(labels) > LABELS_UP_TO else ""
    return f"epoch time, s{scale} · {'  '.join(labels[:LABELS_UP_TO])}{more}"


def _curves(state: ComparisonState, palette: Palette | None) -> list[charts.EpochLine]:
    return [
        charts.EpochLine(
            epochs=tuple(epoch.epoch for epoch in current_run(state, job).epochs),
            epoch_s=tuple(epoch.epoch_s for epoch in current_run(state, job).epochs),
            mark=series_of(job).mark,
            color=_color(palette.job(job)) if palette else (0, 0, 0),
        )
        for job in range(len(state.plan.jobs))
    ]


def _color(style: Style) -> tuple[int, int, int] | int:
    if style.color is None or style.color.is_default:
        return (255, 255, 255)
    number = style.color.number
    return style.color.get_truecolor() if number is None else number


def _words(text: str, palette: Palette, width: int) -> list[Line]:
    return [Line(palette).add(f" {row}", Role.DIM) for row in wrap(text, width - 2)]


def _from_ansi(text: str, palette: Palette) -> list[Line]:
    """Rows of a text whose styles are ANSI sequences."""
    lines = []
    for row in Text.from_ansi(text).split("\n"):
        line = Line(palette)
        start = 0
        for span in sorted(row.spans):
            line.add(row.plain[start : span.start])
            style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
            line.add(row.plain[span.start : span.end], palette[Role.TEXT] + style)
            start = span.end
        lines.append(line.add(row.plain[start:]))
    return lines
