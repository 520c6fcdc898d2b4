"""The layers' times as a table, cold and warm. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from runners.events import LayerTimes
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import Figure, label, over_trials
from runners.state import ComparisonState, RunState
from runners.text import printable

_LAYERS_SHOWN = 20
_CONVOLUTION = "Conv"


def tables(state: ComparisonState, places: Sequence[int]) -> tuple[Table, ...]:
    """The layers of some jobs, the costliest where there are many; none where none were timed.

    Args:
        state: The comparison.
        places: The jobs, all of one workload; the first is the baseline.
    """
    found = _layers_of(state, places[0])
    if not found:
        return ()
    costs = sorted(found, key=_warm_of, reverse=True)[:_LAYERS_SHOWN]
    kept = {times.name for times in costs}
    rows = tuple(
        (printable(times.name), printable(times.layer), *_cells(state, places, times.name))
        for times in found
        if times.name in kept
    )
    pairs = [(f"{label(state, job)} cold", f"{label(state, job)} warm") for job in places]
    others = [f"{label(state, job)} warm, ratio" for job in places[1:]]
    many = f", the {_LAYERS_SHOWN} costliest of {len(found)}" if len(found) > len(kept) else ""
    return (
        Table(
            header=("layer", "class", *(name for pair in pairs for name in pair), *others),
            rows=rows,
            caption=f"Layers, ms of a forward pass of {_samples(state, places[0])}{many}",
            words=(1,),
        ),
    )


def costliest(state: ComparisonState, job: int) -> str | None:
    """The name of the convolution with the longest warm pass; of any layer where there is none."""
    found = _layers_of(state, job)
    convolutions = [times for times in found if times.layer.startswith(_CONVOLUTION)]
    chosen = max(convolutions or found, key=_warm_of, default=None)
    return None if chosen is None else chosen.name


def kind_of(state: ComparisonState, job: int, name: str) -> str:
    """The class of a layer."""
    return next(printable(t.layer) for t in _layers_of(state, job) if t.name == name)


def cold_ms(name: str) -> Figure:
    """A run's figure: the layer's first pass."""

    def figure(run: RunState) -> float | None:
        times = _named(run, name)
        return times.cold_ms if times else None

    return figure


def warm_ms(name: str) -> Figure:
    """A run's figure: the median of the layer's later passes."""

    def figure(run: RunState) -> float | None:
        times = _named(run, name)
        return _warm_of(times) if times and times.warm_ms else None

    return figure


def _cells(state: ComparisonState, places: Sequence[int], name: str) -> tuple[str, ...]:
    sides = [
        (over_trials(state, job, cold_ms(name)), over_trials(state, job, warm_ms(name)))
        for job in places
    ]
    base = sides[0][1]
    ratios = [base / warm if base and warm else None for _, warm in sides[1:]]
    pairs = (figures.milliseconds(value) for side in sides for value in side)
    return (*pairs, *map(figures.times, ratios))


def _layers_of(state: ComparisonState, job: int) -> tuple[LayerTimes, ...]:
    return next((run.layers.layers for run in state.runs_of(job) if run.layers), ())


def _samples(state: ComparisonState, job: int) -> str:
    size = next(run.layers.batch_size for run in state.runs_of(job) if run.layers)
    return "one sample" if size == 1 else f"{size:,} samples"


def _named(run: RunState, name: str) -> LayerTimes | None:
    layers = run.layers.layers if run.layers else ()
    return next((times for times in layers if times.name == name), None)


def _warm_of(times: LayerTimes) -> float:
    return statistics.median(times.warm_ms) if times.warm_ms else 0.0
