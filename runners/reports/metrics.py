"""The report `metrics`: a row for each measure, a column for each job, the ratio last. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.accuracy import accuracy, differ, points_apart
from runners.events import Stage
from runners.reports import figures, jobs, layers, machine
from runners.reports.report import Table
from runners.reports.summaries import (
    Figure,
    by_trial,
    cores_busy,
    eval_s,
    label,
    mean_epoch_s,
    over_trials,
    peak_device_used_bytes,
    peak_reserved_bytes,
    whole_s,
)
from runners.state import ComparisonState, RunState
from runners.statistics import (
    cold_epoch_s,
    holds_one,
    interval_of_ratio,
    latency,
    ratio_between,
    samples_per_s,
    steady_epoch_s,
    total_s,
)
from runners.workloads import Kind, Workload

# Less than this may be chance, and gets no word.
_SLOWER = 0.9
Cells = Callable[[ComparisonState, int], str]
Against = Callable[[ComparisonState, int, int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measure:
    """A row.

    Attributes:
        name: Its name, with the unit.
        cell: A job's cell.
        against: What stands in the ratio column: of a baseline and a job.
    """

    name: str
    cell: Cells
    against: Against


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """For each workload its measures; then its layers, and where a step goes."""
    plan, found = state.plan, []
    for workload in plan.workloads:
        places = [n for n, job in enumerate(plan.jobs) if job.workload is workload]
        found += [_table(state, workload, places), *layers.tables(state, places)]
    return (*found, *jobs.phases(state))


def _table(state: ComparisonState, workload: Workload, places: Sequence[int]) -> Table:
    base, *others = places
    ratios = [f"{label(state, job)} / {label(state, base)}" for job in others]
    header = (
        "measure",
        *(label(state, job) for job in places),
        *(ratios if len(others) > 1 else ["ratio"] * len(others)),
    )
    rows = tuple(
        (
            measure.name,
            *(measure.cell(state, job) for job in places),
            *(measure.against(state, base, job) for job in others),
        )
        for measure in _measures(state, workload, places)
    )
    caption = workload.name if len(state.plan.workloads) > 1 else ""
    return Table(header=header, rows=rows, caption=caption)


def _measures(
    state: ComparisonState, workload: Workload, places: Sequence[int]
) -> tuple[_Measure, ...]:
    unit = workload.unit
    training = (
        _time("total training time", whole_s),
        _time(f"average {unit}", mean_epoch_s),
        _rate("training speed, samples/s", _mean_speed),
        _time(f"first {unit} (cold)", cold_epoch_s),
        _Measure(name=f"later {unit}s (steady)", cell=_steady, against=_steady_ratio),
        _rate("steady speed, samples/s", samples_per_s),
    )
    tested = (
        _rate("evaluation speed, samples/s", _eval_speed),
        _time("evaluation time", eval_s),
        _Measure(
            name="single-sample latency, ms", cell=_latency, against=_ratio_of(_single("mean_ms"))
        ),
        _Measure(
            name="latency p50 / p95, ms", cell=_percentiles, against=_ratio_of(_single("p50_ms"))
        ),
    )
    learned = _Measure(
        name="test accuracy",
        cell=lambda state, job: figures.accuracy(accuracy(state, job)),
        against=_accuracy_apart,
    )
    around = (*_setup(state, places), *_costliest(state, places))
    if workload.kind is not Kind.TRAINING:
        return (*training, *around, *_rest(unit))
    return (*training, *tested, *around, learned, *_rest(unit))


def _setup(state: ComparisonState, places: Sequence[int]) -> tuple[_Measure, ...]:
    measures = (
        _time("set-up (imports + device)", _stages_s(Stage.IMPORT, Stage.DEVICE_INIT)),
        _time("data loading", _stages_s(Stage.DATA_LOAD)),
        _time("preprocessing", _stages_s(Stage.PREPROCESS)),
        _time("model build", _stages_s(Stage.MODEL_BUILD)),
    )
    runs = [run for job in places for run in state.runs_of(job)]
    if any(Stage.COMPILE in run.setup_s for run in runs):
        return (*measures, _time("compile", _stages_s(Stage.COMPILE)))
    return measures


def _costliest(state: ComparisonState, places: Sequence[int]) -> tuple[_Measure, ...]:
    """The convolution, or other layer, that takes the baseline's longest warm pass."""
    name = layers.costliest(state, places[0])
    if name is None:
        return ()
    kind = layers.kind_of(state, places[0], name)
    cold, warm = layers.cold_ms(name), layers.warm_ms(name)
    return (
        _layer(f"layer {name} ({kind}), cold ms", cold),
        _layer(f"layer {name} ({kind}), warm ms", warm),
    )


def _rest(unit: str) -> tuple[_Measure, ...]:
    an_epoch = f"{'an' if unit[0] in 'aeiou' else 'a'} {unit}"
    return (
        _memory("peak memory (RSS on a CPU)", lambda run: run.peak_memory_bytes),
        _memory("peak memory torch holds (GPU)", peak_reserved_bytes),
        _memory("peak memory in use (GPU)", peak_device_used_bytes),
        _Measure(
            name="cores busy",
            cell=lambda state, job: figures.decimal(over_trials(state, job, cores_busy)),
            against=_nothing,
        ),
        _Measure(name="time saved a run", cell=_saved, against=_nothing),
        _Measure(name=f"energy {an_epoch}", cell=_energy, against=_energy_ratio),
    )


def _time(name: str, figure: Figure) -> _Measure:
    def cell(state: ComparisonState, job: int) -> str:
        return figures.time(over_trials(state, job, figure))

    return _Measure(name=name, cell=cell, against=_ratio_of(figure))


def _layer(name: str, figure: Figure) -> _Measure:
    def cell(state: ComparisonState, job: int) -> str:
        return figures.milliseconds(over_trials(state, job, figure))

    return _Measure(name=name, cell=cell, against=_ratio_of(figure))


def _rate(name: str, figure: Figure) -> _Measure:
    def cell(state: ComparisonState, job: int) -> str:
        return figures.rate(over_trials(state, job, figure))

    def inverse(run: RunState) -> float | None:
        value = figure(run)
        return 1 / value if value else None

    return _Measure(name=name, cell=cell, against=_ratio_of(inverse))


def _memory(name: str, figure: Figure) -> _Measure:
    """Memory is compared on devices of a kind only: a CPU's is counted differently."""

    def cell(state: ComparisonState, job: int) -> str:
        return figures.memory(over_trials(state, job, figure))

    def against(state: ComparisonState, base: int, job: int) -> str:
        kinds = {state.plan.jobs[n].settings.device.split(":")[0] for n in (base, job)}
        sides = (over_trials(state, base, figure), over_trials(state, job, figure))
        if len(kinds) > 1 or sides[0] is None or sides[1] is None or not sides[0]:
            return ""
        return f"{figures.times(sides[1] / sides[0])} the memory"

    return _Measure(name=name, cell=cell, against=against)


def _ratio_of(figure: Figure) -> Against:
    """How many times as fast a job is, by a figure that is smaller for the faster one."""

    def against(state: ComparisonState, base: int, job: int) -> str:
        sides = by_trial(state, base, figure), by_trial(state, job, figure)
        if not all(side and min(side) > 0 for side in sides):
            return ""
        ratio = statistics.median(sides[0]) / statistics.median(sides[1])
        interval = interval_of_ratio(*sides)
        return figures.times_between(ratio, *interval) if interval else _in_words(ratio)

    return against


def _nothing(_state: ComparisonState, _base: int, _job: int) -> str:
    return ""


def _steady(state: ComparisonState, job: int) -> str:
    return figures.time(over_trials(state, job, steady_epoch_s))


def _steady_ratio(state: ComparisonState, base: int, job: int) -> str:
    ratio = ratio_between(state, base, job)
    if ratio is None or ratio.steady is None:
        return ""
    return _in_words(ratio.steady) if ratio.low is None else figures.times_with_interval(ratio)


def _in_words(ratio: float) -> str:
    return figures.times(ratio) + (" (slower)" if ratio < _SLOWER else "")


def _mean_speed(run: RunState) -> float | None:
    spent_s = total_s(run)
    return sum(epoch.samples for epoch in run.epochs) / spent_s if spent_s else None


def _eval_speed(run: RunState) -> float | None:
    spent_s = eval_s(run)
    return run.evaluations[-1].samples / spent_s if spent_s else None


def _single(part: str) -> Figure:
    """A part of the summary of a run's single-sample latencies."""

    def figure(run: RunState) -> float | None:
        found = latency(run.latency.latencies_ms) if run.latency else None
        return None if found is None else float(getattr(found, part))

    return figure


def _latency(state: ComparisonState, job: int) -> str:
    parts = (over_trials(state, job, _single(part)) for part in ("mean_ms", "std_ms"))
    return figures.milliseconds_around(*parts)


def _percentiles(state: ComparisonState, job: int) -> str:
    values = [over_trials(state, job, _single(part)) for part in ("p50_ms", "p95_ms")]
    return figures.UNKNOWN if None in values else " / ".join(map(figures.milliseconds, values))


def _stages_s(*stages: Stage) -> Figure:
    """Seconds of stages of the set-up together; None where one of them is unknown."""

    def figure(run: RunState) -> float | None:
        known = [run.setup_s[stage] for stage in stages if stage in run.setup_s]
        return sum(known) if len(known) == len(stages) else None

    return figure


def _accuracy_apart(state: ComparisonState, base: int, job: int) -> str:
    one, other = accuracy(state, base), accuracy(state, job)
    if one is None or other is None:
        return ""
    if state.plan.jobs[base].settings.epochs != state.plan.jobs[job].settings.epochs:
        return "different epochs"
    if not differ(one, other):
        return "no difference"
    return f"{points_apart(one, other)[0]} {'more' if other.share > one.share else 'less'}"


def _energy(state: ComparisonState, job: int) -> str:
    found = machine.energy(state, job)
    return figures.UNKNOWN if found is None else f"{figures.energy(found[0])} ({found[1]})"


def _energy_ratio(state: ComparisonState, base: int, job: int) -> str:
    """A card's energy and a processor's are energies of different things.

    What jobs side by side on one device take is the energy of both, whichever it is told with.
    """
    plan = state.plan
    devices = {plan.jobs[place].settings.device for place in (base, job)}
    if plan.are_together(base, job) and len(devices) == 1:
        return ""
    one, other = machine.energy(state, base), machine.energy(state, job)
    if one is None or other is None or one[1] != other[1] or not one[0]:
        return ""
    return f"{figures.times(other[0] / one[0])} the energy"


def _saved(state: ComparisonState, job: int) -> str:
    base = state.plan.baseline(job)
    if base == job:
        return ""
    sides = by_trial(state, base, whole_s), by_trial(state, job, whole_s)
    if not all(sides):
        return figures.UNKNOWN
    interval = interval_of_ratio(*sides)
    if interval and holds_one(*interval):
        return "no difference"
    saved_s = statistics.median(sides[0]) - statistics.median(sides[1])
    return figures.time(saved_s) if saved_s >= 0 else f"none: {figures.time(-saved_s)} more"
