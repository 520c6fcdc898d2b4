"""The chart of a race, drawn again when a figure is new and never otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Text

from runners.cells import Cell, axis_label, axis_value, swept_axis
from runners.events import QUANTILES, StepTimes
from runners.spec import Plan
from runners.state import ComparisonState, RunState
from tui import charts
from tui.format import GIB
from tui.jobs import current_run, groups_of, is_joined, is_sweep
from tui.line import Line, wrap
from tui.theme import Palette, Role, series_of
from tui.widgets.rows import RowsWidget

MIN_WIDTH = 20
MIN_HEIGHT = 5
LABELS_UP_TO = 4


@dataclass(frozen=True, slots=True)
class ByEpoch:
    """What a chart over the epochs shows.

    Attributes:
        name: What it is called.
        points: A run's values by epoch.
        is_share: Whether they are shares of a whole, which are never drawn on a log axis.
        if_known: Whether it is shown only once a value is known: not every job has it.
    """

    name: str
    points: Callable[[RunState], Sequence[tuple[int, float | None]]]
    is_share: bool = False
    if_known: bool = False


@dataclass(frozen=True, slots=True)
class ByCell:
    """What a chart over the cells of a sweep shows: its name, a cell's value, and of how many."""

    name: str
    value: Callable[[Cell], float | None]
    of: float = 1.0


EPOCH_TIME = ByEpoch("{unit} time, s", lambda run: [(e.epoch, e.epoch_s) for e in run.epochs])
LOSS = ByEpoch("training loss", lambda run: [(e.epoch, e.train_loss) for e in run.epochs])
ACCURACY = ByEpoch(
    "test accuracy, %", lambda run: [(e.epoch, 100 * e.test_accuracy) for e in run.evaluations]
)
DATA_WAIT = ByEpoch(
    "data wait, %",
    lambda run: [(e.epoch, _per(e.phases.data_wait_s, e.epoch_s / 100)) for e in run.epochs],
    is_share=True,
    if_known=True,
)
SLOW_STEPS = ByEpoch(
    "step time, p95 over median",
    lambda run: [(e.epoch, _slow_steps(e.step_times)) for e in run.epochs],
    if_known=True,
)
ENERGY = ByEpoch(
    "energy, mJ/sample",
    lambda run: [
        (e.epoch, _per(run.machine[e.epoch].energy_j, e.samples / 1e3))
        for e in run.epochs
        if e.epoch in run.machine
    ],
    if_known=True,
)
OF_A_RACE = (EPOCH_TIME, LOSS, ACCURACY, DATA_WAIT, SLOW_STEPS, ENERGY)
WHOLE_RUNS = ByCell("all epochs, s", lambda cell: cell.total_s)
RELATIVE_SPEED = ByCell("relative speed", lambda cell: cell.speed)
OF_A_SWEEP = (
    ByCell("{unit} time, s", lambda cell: cell.unit_s.median if cell.unit_s else None),
    ByCell("thousand samples/s", lambda cell: cell.samples_per_s, of=1e3),
    RELATIVE_SPEED,
    ByCell("peak memory, GiB", lambda cell: cell.peak_memory_bytes, of=GIB),
)


def _per(value: float | None, of: float) -> float | None:
    return None if value is None or not of else value / of


def _slow_steps(times: StepTimes | None) -> float | None:
    """How many times as long as a usual step one in twenty takes."""
    if times is None or times.whole_s is None:
        return None
    by_share = dict(zip(QUANTILES, times.whole_s, strict=True))
    return _per(by_share[0.95], by_share[0.5])


class RaceChart(RowsWidget):
    """Figures by epoch, a line for each job; of a sweep, figures by what is swept.

    Only points of jobs that differ in a swept number alone are joined by a line.
    """

    can_focus = True
    HELP = "The figures of the race; y shows the next kind. The first epoch is the cold one."
    DEFAULT_CSS = "RaceChart { border-subtitle-color: $text-muted; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("epoch time, s")
        self._state: ComparisonState | None = None
        self._cells: tuple[Cell, ...] = ()
        self._kind = 0

    def show(self, state: ComparisonState, cells: tuple[Cell, ...]) -> None:
        """Show a comparison's epochs, or its cells."""
        if self._state is None or self._state.plan != state.plan:
            self._kind = 0
        self._state, self._cells = state, cells
        self._draw_again()

    def next_kind(self) -> None:
        """Show the next kind of figures."""
        if self._state is not None:
            self._kind = (self._kind + 1) % len(_kinds(self._state))
            self._draw_again()

    def _draw_again(self) -> None:
        if self._state is None:
            return
        kinds = _kinds(self._state)
        # A race that is repeated has not all its figures at once.
        self._kind = min(self._kind, len(kinds) - 1)
        self.entitle(self._title_of(self._state, kinds[self._kind]))
        number = f"y {self._kind + 1}/{len(kinds)}"
        if number != self.border_subtitle:
            self.border_subtitle = number
        self.redraw()

    def _title_of(self, state: ComparisonState, kind: ByEpoch | ByCell) -> str:
        units = {workload.unit for workload in state.plan.workloads}
        name = kind.name.format(unit=units.pop() if len(units) == 1 else "unit")
        if isinstance(kind, ByEpoch):
            curves = _by_epoch(state, kind, None)
            labels = [f"{series_of(j).mark} {spec.label}" for j, spec in enumerate(state.plan.jobs)]
        else:
            axis = swept_axis(state.plan)
            curves = _by_cell(state.plan, self._cells, kind, None)
            name = f"{name} by {axis.replace('_', ' ')}"
            groups = groups_of(state.plan)
            labels = [
                f"{series_of(n).mark} {group}" for n, (group, _) in enumerate(groups) if group
            ]
        is_log = _may_be_log(kind) and charts.uses_log_axis(curves)
        scale = " (log)" if is_log else ""
        more = " …" if len(labels) > LABELS_UP_TO else ""
        return " · ".join(filter(None, (f"{name}{scale}", "  ".join(labels[:LABELS_UP_TO]) + more)))

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        state = self._state
        if state is None:
            return _words("The figures of a race are drawn here.", palette, width)
        kind = _kinds(state)[self._kind]
        if isinstance(kind, ByEpoch):
            curves = _by_epoch(state, kind, palette)
            last = max(job.settings.epochs for job in state.plan.jobs)
            axis = charts.number_axis(last, width)
        else:
            curves = _by_cell(state.plan, self._cells, kind, palette)
            axis = _cell_axis(state.plan, width)
        if not any(curve.y for curve in curves):
            words = "The first figure is under way; each one adds a point."
            return _words("There are no figures." if state.is_over else words, palette, width)
        if width < MIN_WIDTH or height < MIN_HEIGHT:
            return _words("Too little room for a chart here.", palette, width)
        chart = charts.chart(curves, axis, width, height, may_be_log=_may_be_log(kind))
        return _from_ansi(chart, palette)


def _may_be_log(kind: ByEpoch | ByCell) -> bool:
    return not (isinstance(kind, ByEpoch) and kind.is_share)


def _kinds(state: ComparisonState) -> Sequence[ByEpoch | ByCell]:
    """No relative speed where every job is its own baseline, and nothing that no job has."""
    plan = state.plan
    if not is_sweep(plan):
        return [kind for kind in OF_A_RACE if not kind.if_known or _is_known(state, kind)]
    is_compared = any(plan.baseline(job) != job for job in range(len(plan.jobs)))
    kinds = [kind for kind in OF_A_SWEEP if is_compared or kind is not RELATIVE_SPEED]
    return [WHOLE_RUNS, *kinds] if swept_axis(plan) == "epochs" else kinds


def _is_known(state: ComparisonState, kind: ByEpoch) -> bool:
    return any(curve.y for curve in _by_epoch(state, kind, None))


def _by_epoch(state: ComparisonState, kind: ByEpoch, palette: Palette | None) -> list[charts.Curve]:
    curves = []
    for job in range(len(state.plan.jobs)):
        points = kind.points(current_run(state, job))
        curves.append(_curve(points, job, palette))
    return curves


def _by_cell(
    plan: Plan, cells: Sequence[Cell], kind: ByCell, palette: Palette | None
) -> list[charts.Curve]:
    """A curve for each group of cells."""
    axis = swept_axis(plan)
    place = dict(zip(_swept_values(plan), _places(plan), strict=True))
    curves = []
    for number, (_, jobs) in enumerate(groups_of(plan)):
        points = [
            (place[axis_value(plan.jobs[cell.job], axis)], value and value / kind.of)
            for cell in cells
            if cell.job in jobs
            for value in (kind.value(cell),)
        ]
        in_order = sorted(points, key=lambda point: point[0])
        curves.append(_curve(in_order, number, palette, is_joined=is_joined(plan)))
    return curves


def _swept_values(plan: Plan) -> list[Any]:
    """What stands on the horizontal axis: numbers by size, else as in the plan."""
    axis = swept_axis(plan)
    values = list(dict.fromkeys(axis_value(job, axis) for job in plan.jobs))
    return sorted(values) if is_joined(plan) else values


def _places(plan: Plan) -> list[float]:
    values = _swept_values(plan)
    return charts.size_places(values) if is_joined(plan) else list(map(float, range(len(values))))


def _cell_axis(plan: Plan, width: int) -> charts.Axis:
    values = _swept_values(plan)
    if is_joined(plan):
        return charts.labeled_axis(_places(plan), [str(value) for value in values], width)
    axis = swept_axis(plan)
    words = {axis_value(job, axis): axis_label(job, axis) for job in plan.jobs}
    return charts.named_axis([words[value] for value in values], width)


def _curve(
    points: Sequence[tuple[float, float | None]],
    number: int,
    palette: Palette | None,
    *,
    is_joined: bool = True,
) -> charts.Curve:
    """The points with values above zero, which a logarithmic axis can show."""
    known = [(x, y) for x, y in points if y is not None and 0 < y < float("inf")]
    return charts.Curve(
        x=tuple(x for x, _ in known),
        y=tuple(y for _, y in known),
        mark=series_of(number).mark,
        color=_color(palette.job(number)) if palette else (0, 0, 0),
        is_joined=is_joined,
    )


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
