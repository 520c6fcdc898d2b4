"""The columns of the table of epochs: what each tells, and which there is room for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.events import QUANTILES, EpochFinished
from runners.machine.figures import EpochMachine
from tui import format as fmt
from tui.widgets.job_card import PHASES

GAP = 2


@dataclass(frozen=True, slots=True)
class Row:
    """An epoch, and what the machine did meanwhile; None where nothing looked."""

    epoch: EpochFinished
    machine: EpochMachine | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: Its head, with the unit.
        cells: Its width, the gap in front of it included.
        text: What it tells of an epoch; None where that is not known.
        is_gpu: Whether jobs on the CPU have none such.
    """

    title: str
    cells: int
    text: Callable[[Row], str | None]
    is_gpu: bool = False


def _of_epoch(title: str, cells: int, text: Callable[[EpochFinished], str | None]) -> Column:
    return Column(title, cells, lambda row: text(row.epoch))


def _phase(field: str, name: str) -> Column:
    def text(epoch: EpochFinished) -> str | None:
        value_s = getattr(epoch.phases, field)
        return None if value_s is None else _share(value_s, epoch)

    # A job on the CPU uses its batches where they are.
    return Column(name, 6, lambda row: text(row.epoch), is_gpu=field == "host_to_device_s")


def _share(value_s: float, epoch: EpochFinished) -> str | None:
    return fmt.share(100 * value_s / epoch.epoch_s) if epoch.epoch_s > 0 else None


def _rest(epoch: EpochFinished) -> str | None:
    total_s = epoch.phases.total_s()
    return None if total_s is None else _share(epoch.epoch_s - total_s, epoch)


def _step(quantile: float, title: str) -> Column:
    place = QUANTILES.index(quantile)

    def text(epoch: EpochFinished) -> str | None:
        times_s = epoch.step_times.whole_s if epoch.step_times else None
        return None if times_s is None else fmt.ratio(1e3 * times_s[place])

    return _of_epoch(title, 8, text)


def _machine(
    title: str,
    cells: int,
    value: Callable[[EpochMachine], float | None],
    form: Callable[[float], str] = lambda value: f"{value:.0f}",
    *,
    is_gpu: bool = False,
) -> Column:
    def text(row: Row) -> str | None:
        found = value(row.machine) if row.machine else None
        return None if found is None else form(found)

    return Column(title, cells, text, is_gpu)


def _j_per_sample(row: Row) -> str | None:
    energy_j = row.machine.energy_j if row.machine else None
    if energy_j is None or not row.epoch.samples:
        return None
    each_j = energy_j / row.epoch.samples
    return f"{fmt.ratio(1e3 * each_j)} mJ" if each_j < 1 else f"{fmt.ratio(each_j)} J"


def _limits(row: Row) -> str | None:
    held = row.machine.clock_limit_s if row.machine else None
    if held is None:
        return None
    longest = sorted(held.items(), key=lambda item: -item[1])
    if not longest:
        return "none"
    name, held_s = longest[0]
    more = f" +{len(longest) - 1}" if len(longest) > 1 else ""
    return f"{name} {fmt.held(held_s)}{more}"


def _one_digit(value: float) -> str:
    return f"{value:.1f}"


_PHASES = {name: _phase(field, name) for field, name, _ in PHASES}
COLUMNS = (
    _of_epoch("epoch", 5, lambda epoch: str(epoch.epoch)),
    _of_epoch("time", 9, lambda epoch: fmt.seconds(epoch.epoch_s)),
    _of_epoch("samples/s", 11, lambda epoch: fmt.speed(_samples_per_s(epoch))),
    *_PHASES.values(),
    _of_epoch("rest", 6, _rest),
    _step(0.5, "p50 ms"),
    _step(0.95, "p95 ms"),
    _step(1.0, "max ms"),
    _machine("GPU %", 7, lambda m: m.gpu_busy_pct, is_gpu=True),
    _machine("min %", 7, lambda m: m.gpu_busy_min_pct, is_gpu=True),
    _machine("W", 6, lambda m: m.power_w, is_gpu=True),
    _machine("J", 9, lambda m: m.energy_j, lambda value: fmt.energy(value).strip()),
    Column("J/sample", 10, _j_per_sample),
    _machine("°C", 5, lambda m: m.temperature_c),
    _machine("MHz", 6, lambda m: m.sm_clock_mhz, is_gpu=True),
    Column("limits", 20, _limits, is_gpu=True),
    _machine("own cores", 11, lambda m: m.own_cores_busy, _one_digit),
    _machine("others", 8, lambda m: m.other_cores_busy, _one_digit),
    _machine("quota s", 9, lambda m: m.throttled_s, _one_digit),
    _machine("psi cpu", 9, lambda m: m.pressure_cpu_pct),
    _machine("psi io", 8, lambda m: m.pressure_io_pct),
    _machine("disk read", 11, lambda m: m.disk_read_bytes, fmt.memory),
)
KEPT_FIRST = (
    *("epoch", "time", "samples/s", "data", "GPU %", "rest", "fwd", "bwd", "copy", "opt"),
    *("p50 ms", "p95 ms", "max ms", "W", "°C", "own cores", "others", "J/sample", "limits"),
    *("MHz", "min %", "quota s", "J", "psi cpu", "psi io", "disk read"),
)
"""The titles in the order in which a narrow table keeps them."""
_BY_TITLE = {column.title: column for column in COLUMNS}


def columns_for(rows: Sequence[Row], width: int, *, on_cpu: bool) -> tuple[list[Column], int]:
    """The columns for a width, in the order of the table, and how many had no room.

    Those that no epoch has a figure for are left out; figures of the machine come after an
    epoch's end, so that the first of them decides.
    """
    looked = any(row.machine for row in rows)
    wanted = [
        column
        for title in KEPT_FIRST
        if not ((column := _BY_TITLE[title]).is_gpu and on_cpu)
        and (any(map(column.text, rows)) or not (looked or rows))
    ]
    kept: list[Column] = []
    for column in wanted:
        if column.cells <= width - sum(other.cells for other in kept):
            kept.append(column)
    return [column for column in COLUMNS if column in kept], len(wanted) - len(kept)


def _samples_per_s(epoch: EpochFinished) -> float | None:
    return epoch.samples / epoch.epoch_s if epoch.epoch_s > 0 else None
