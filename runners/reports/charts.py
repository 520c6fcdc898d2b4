"""The charts that a comparison has something to show in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runners.cells import NUMERIC_AXES, cells, chosen_axes, label_without, swept_axis
from runners.fits import Crossover, crossovers
from runners.reports.figures import megaflops
from runners.reports.svg import Chart, Point, Series
from runners.state import ComparisonState
from runners.text import printable

# More lines would hide each other; a sweep has a chart of its own.
_JOBS_IN_CHART = 8
_LOG_FROM = 10.0
_QUANTITIES = {"batch_size": "batch size", "flops": "MFLOP a step"}


def charts(state: ComparisonState) -> tuple[Chart, ...]:
    """Those of the sweep and of the speed-ups where there are any, then the epochs'."""
    return (*_sweep(state), *_speed_ups(state), *_epochs(state))


def _sweep(state: ComparisonState) -> tuple[Chart, ...]:
    """Seconds of an epoch by the value of the swept axis, with the spread over trials."""
    plan = state.plan
    axis = swept_axis(plan) if chosen_axes(plan) else ""
    if axis not in NUMERIC_AXES:
        return ()
    lines: dict[str, list[Point]] = {}
    for cell in cells(state):
        value: Any = getattr(plan.jobs[cell.job].settings, axis)
        if cell.unit_s is None or value is None:
            continue
        found = cell.unit_s
        point = Point(x=value, y=found.median, low=found.low, high=found.high)
        name = label_without(plan, cell.job, axis) or plan.jobs[cell.job].settings.device
        lines.setdefault(name, []).append(point)
    if not lines:
        return ()
    unit, what = plan.workloads[0].unit, axis.replace("_", " ")
    repeated = "trials" if plan.trials > 1 else f"{unit}s"
    values = sorted({point.x for points in lines.values() for point in points})
    return (
        Chart(
            title=f"Seconds per {unit} by {what}, with the spread over {repeated}",
            x_title=what,
            y_title=f"seconds per {unit}",
            series=_series(lines.items()),
            x_ticks=tuple((value, f"{value:g}") for value in values),
            y_text=_plain,
            is_x_log=values[0] > 0,
            is_y_log=_is_wide(point.y for points in lines.values() for point in points),
        ),
    )


def _speed_ups(state: ComparisonState) -> tuple[Chart, ...]:
    """How many times as fast one device or variant is as the other, by the size of the work."""
    found = [crossover for crossover in crossovers(state) if _sizes(crossover)]
    if not found:
        return ()
    quantity = found[0].quantity
    scale = 1e6 if quantity == "flops" else 1.0
    lines = [
        (
            f"{crossover.other} against {crossover.baseline}",
            [Point(x=size / scale, y=ratio) for size, ratio in crossover.ratios if size > 0],
        )
        for crossover in found
    ]
    values = sorted({point.x for _, points in lines for point in points})
    return (
        Chart(
            title=f"Times as fast by {_QUANTITIES[quantity]}; above the line the other is faster",
            x_title=_QUANTITIES[quantity],
            y_title="times as fast",
            series=_series(lines),
            x_ticks=tuple((at, megaflops(at * scale) if scale > 1 else f"{at:g}") for at in values),
            y_text=lambda value: f"{_plain(value)}x",
            is_x_log=True,
            is_y_log=True,
            line_at=1.0,
        ),
    )


def _sizes(crossover: Crossover) -> list[float]:
    """The sizes that have a place on a logarithmic axis."""
    return [size for size, _ in crossover.ratios if size > 0]


def _epochs(state: ComparisonState) -> tuple[Chart, ...]:
    """Seconds of each epoch, a line for each run, all runs of a job in its style."""
    plan = state.plan
    runs = [(key.job, run.epochs) for key, run in state.runs.items() if run.epochs]
    if not runs or len({job for job, _ in runs}) > _JOBS_IN_CHART:
        return ()
    unit = "/".join(dict.fromkeys(workload.unit for workload in plan.workloads))
    last = max(epoch.epoch for _, epochs in runs for epoch in epochs)
    return (
        Chart(
            title=f"Seconds of each {unit}",
            x_title=unit,
            y_title="seconds",
            series=tuple(
                Series(
                    name=printable(plan.jobs[job].label),
                    points=tuple(Point(x=e.epoch, y=e.epoch_s) for e in epochs),
                    style=job,
                )
                for job, epochs in runs
            ),
            x_ticks=tuple((number, str(number)) for number in range(1, last + 1)),
            y_text=_plain,
            is_y_log=_is_wide(e.epoch_s for _, epochs in runs for e in epochs),
        ),
    )


def _series(lines: Iterable[tuple[str, list[Point]]]) -> tuple[Series, ...]:
    return tuple(
        Series(
            name=printable(name),
            points=tuple(sorted(points, key=lambda point: point.x)),
            style=place,
        )
        for place, (name, points) in enumerate(lines)
    )


def _plain(value: float) -> str:
    """A round number without digits that say nothing."""
    return f"{value:,.6g}"


def _is_wide(values: Iterable[float]) -> bool:
    """Whether values, all above 0, differ tenfold."""
    found = list(values)
    return min(found) > 0 and max(found) >= _LOG_FROM * min(found)
