"""What the machine did during the epochs: a table, and what slowed them, in words. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runners.events import EpochFinished
from runners.machine.figures import EpochMachine
from runners.machine.slowed import Slowed, slowed
from runners.reports import figures
from runners.reports.report import Table
from runners.reports.summaries import label
from runners.spec import RunKey
from runners.state import ComparisonState
from runners.text import counted

# Of more epochs there is a row for each job.
MOST_EPOCHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """An epoch, and what the machine did during it."""

    key: RunKey
    epoch: EpochFinished
    machine: EpochMachine

    @property
    def slowed(self) -> Slowed | None:
        return slowed(self.machine, self.epoch.epoch_s)


Rows = Sequence[_Observed]
# The text of a cell: empty for nothing, None for what is not known.
Cell = Callable[[Rows], str | None]


def tables(state: ComparisonState) -> tuple[Table, ...]:
    """A row for each epoch; of many a row for each job. None where nothing was looked at."""
    observed = list(_observed(state))
    if len(observed) > MOST_EPOCHS:
        jobs = sorted({each.key.job for each in observed})
        groups: list[Rows] = [[each for each in observed if each.key.job == job] for job in jobs]
        names = [_name_of_all(state, rows) for rows in groups]
        caption = "The machine during the epochs of each job"
    else:
        groups = [[each] for each in observed]
        names = [_name(state, each) for each in observed]
        caption = "The machine during each epoch"
    columns = [name for name, cell in _COLUMNS.items() if any(map(cell, groups))]
    if not columns:
        return ()
    rows = tuple(
        (name, *(_text(_COLUMNS[column](group)) for column in columns))
        for name, group in zip(names, groups, strict=True)
    )
    words = tuple(place for place, name in enumerate(columns, 1) if name in _WORDS)
    return (Table(header=("job", *columns), rows=rows, caption=caption, words=words),)


def remarks(state: ComparisonState) -> tuple[str, ...]:
    """A sentence for each run of which heat or power slowed epochs; the slowest one is told."""
    by_run: dict[RunKey, list[tuple[_Observed, Slowed]]] = defaultdict(list)
    for each in _observed(state):
        if (found := each.slowed) is not None:
            by_run[each.key].append((each, found))
    sentences = []
    for key, epochs in by_run.items():
        each, worst = max(epochs, key=lambda pair: pair[1].held_s / pair[1].epoch_s)
        unit = _unit(state, key)
        others = len(epochs) - 1
        verb = "was" if others == 1 else "were"
        more = f"; so {verb} {counted(others, f'other {unit}')}" if others else ""
        sentences.append(f"{_name(state, each)} was {worst.in_words()}{more}.")
    return tuple(sentences)


def energy(state: ComparisonState, job: int) -> tuple[float, str] | None:
    """Mean joules of a job's epochs, of those of which it is known, and what tells it.

    None where nothing tells, or not the same of all.
    """
    machines = [each.machine for each in _observed(state) if each.key.job == job]
    known = [(m.energy_j, m.energy_source) for m in machines if m.energy_j is not None]
    sources = {str(source) for _, source in known}
    if len(sources) != 1:
        return None
    return sum(joules for joules, _ in known) / len(known), sources.pop()


def _observed(state: ComparisonState) -> Iterator[_Observed]:
    for key, run in state.runs.items():
        for epoch in run.epochs:
            if (machine := run.machine.get(epoch.epoch)) is not None:
                yield _Observed(key=key, epoch=epoch, machine=machine)


def _text(cell: str | None) -> str:
    return figures.UNKNOWN if cell is None else cell


def _name(state: ComparisonState, one: _Observed) -> str:
    trial = f", trial {one.key.trial + 1}" if state.plan.trials > 1 else ""
    return f"{label(state, one.key.job)}{trial}, {_unit(state, one.key)} {one.epoch.epoch}"


def _name_of_all(state: ComparisonState, rows: Rows) -> str:
    key = rows[0].key
    return f"{label(state, key.job)}, {counted(len(rows), _unit(state, key))}"


def _unit(state: ComparisonState, key: RunKey) -> str:
    return state.plan.jobs[key.job].workload.unit


def _known(rows: Rows, name: str) -> list[tuple[float, float]]:
    """The values of a figure with the seconds of their epochs."""
    return [
        (value, each.epoch.epoch_s)
        for each in rows
        if (value := getattr(each.machine, name)) is not None
    ]


def _mean_of(rows: Rows, name: str) -> float | None:
    """The mean over the time."""
    known = _known(rows, name)
    whole_s = sum(seconds for _, seconds in known)
    return sum(value * seconds for value, seconds in known) / whole_s if whole_s else None


def _mean(name: str, text: Callable[[float], str]) -> Cell:
    """A cell with the mean over the time."""

    def cell(rows: Rows) -> str | None:
        mean = _mean_of(rows, name)
        return None if mean is None else text(mean)

    return cell


def _extreme(
    name: str, pick: Callable[[Iterable[float]], float], text: Callable[[float], str]
) -> Cell:
    """A cell with the smallest or the largest of all epochs."""

    def cell(rows: Rows) -> str | None:
        known = [value for value, _ in _known(rows, name)]
        return text(pick(known)) if known else None

    return cell


def _energy(rows: Rows) -> str | None:
    known = [value for value, _ in _known(rows, "energy_j")]
    return figures.energy(sum(known) / len(known)) if known else None


def _millijoules_a_sample(rows: Rows) -> str | None:
    known = [(o.machine.energy_j, o.epoch.samples) for o in rows if o.machine.energy_j is not None]
    samples = sum(count for _, count in known)
    return figures.seconds(1e3 * sum(joules for joules, _ in known) / samples) if samples else None


def _limits(rows: Rows) -> str | None:
    """Seconds for which each limit held, the longest first."""
    if not _known(rows, "clock_limit_s"):
        return None
    held: dict[str, float] = defaultdict(float)
    for each in rows:
        for name, seconds in (each.machine.clock_limit_s or {}).items():
            held[name] += seconds
    longest = sorted(held.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest if seconds >= _SHOWN_S)


def _sum(name: str, text: Callable[[float], str], shown_from: float) -> Cell:
    """A cell with the sum of all epochs; empty where that is next to nothing."""

    def cell(rows: Rows) -> str | None:
        known = [value for value, _ in _known(rows, name)]
        if not known:
            return None
        return text(sum(known)) if sum(known) >= shown_from else ""

    return cell


def _pressure(rows: Rows) -> str | None:
    """What tasks waited for in a notable share of the time."""
    shares = {what: _mean_of(rows, f"pressure_{what}_pct") for what in ("cpu", "io", "memory")}
    known = {what: pct for what, pct in shares.items() if pct is not None}
    notable = [f"{what} {_percent(pct)}" for what, pct in known.items() if pct >= _PSI_FROM_PCT]
    return ", ".join(notable) if known else None


def _dips(rows: Rows) -> str | None:
    """Looks at which the GPU had little to do, and how many of them in data waits."""
    dips, in_wait = (
        [value for value, _ in _known(rows, name)] for name in ("dips", "dips_in_wait")
    )
    if not dips:
        return None
    waits = f", {sum(in_wait):.0f} in data waits" if in_wait else ""
    return f"{sum(dips):.0f}{waits}" if sum(dips) else ""


def _slowed(rows: Rows) -> str:
    found = [each for row in rows if (each := row.slowed) is not None]
    if not found:
        return ""
    return found[0].in_words() if len(rows) == 1 else f"{len(found)} slowed by {_causes(found)}"


def _causes(found: Sequence[Slowed]) -> str:
    return ", ".join(dict.fromkeys(each.by for each in found))


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{value:.0f} %"


# Less than this is next to nothing.
_SHOWN_S = 0.05
_SHOWN_BYTES = 10 * 2**20
_PSI_FROM_PCT = 10.0
_COLUMNS: Mapping[str, Cell] = {
    "GPU busy": _mean("gpu_busy_pct", _percent),
    "GPU min": _extreme("gpu_busy_min_pct", min, _percent),
    "power W": _mean("power_w", _whole),
    "energy": _energy,
    "mJ/sample": _millijoules_a_sample,
    "°C": _extreme("temperature_c", max, _whole),
    "clock MHz": _mean("sm_clock_mhz", _whole),
    "limits s": _limits,
    "own cores": _mean("own_cores_busy", figures.decimal),
    "other cores": _mean("other_cores_busy", figures.decimal),
    "quota s": _sum("throttled_s", figures.seconds, _SHOWN_S),
    "disk read": _sum("disk_read_bytes", figures.memory, _SHOWN_BYTES),
    "psi": _pressure,
    "GPU dips": _dips,
    "note": _slowed,
}
_WORDS = frozenset({"limits s", "psi", "GPU dips", "note"})
