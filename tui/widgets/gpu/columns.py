"""The columns of the table of GPUs, and which of them fit a width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sensors.gpu_readings import GpuReading
from tui import format as fmt
from tui.line import cut
from tui.theme import Role
from tui.widgets.gpu.gauges import heat_role, short_name

INDEX_WIDTH = 3
LIMITS_WIDTH = 7
"""Room for the short name of a clock limit."""
COUNTED_LIMITS = 4
"""Room for how many more there are."""
COUNTED_LIMITS_WORTH = 4
MORE_LIMITS = 9
"""Room for its full name and the seconds it held."""
MORE_LIMITS_WORTH = 6
MIN_BAR = 6
MAX_BAR = 24
MAX_NAME = 18

Pieces = tuple[tuple[str, Role], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table.

    Attributes:
        title: What stands above it.
        width: Its cells, without the blank before it; at least so many for the gauge.
        worth: Its rank, a different one for each: where room is short, low ones come first.
        pieces: A GPU's cell, as wide as the column; None for the gauge of the busy share.
        tail_of: The worth of the column it belongs to and follows without a blank, if any.
    """

    title: str
    width: int
    worth: int
    pieces: Callable[[GpuReading], Pieces] | None
    tail_of: int | None = None

    @property
    def room(self) -> int:
        """Its cells with the blank before it."""
        return self.width + (self.tail_of is None)


def fitting(
    gpus: Sequence[GpuReading], width: int, *, video: bool
) -> tuple[tuple[Column, ...], int]:
    """The columns that fit, from left to right, and the width of the gauge among them.

    Args:
        gpus: All cards.
        width: Cells of a row.
        video: Whether the video encoder or decoder was in use.
    """
    columns = tuple(_columns(gpus, video=video))
    wishes = {column.worth: column.room for column in columns}
    wishes[COUNTED_LIMITS_WORTH] = COUNTED_LIMITS
    wishes[MORE_LIMITS_WORTH] = MORE_LIMITS
    heads = {column.worth: column.tail_of for column in columns if column.tail_of is not None}
    left = width - INDEX_WIDTH - 1 - LIMITS_WIDTH
    kept: set[int] = set()
    for worth, room in sorted(wishes.items()):
        if room <= left and heads.get(worth, worth) in {worth, *kept}:
            left -= room
            kept.add(worth)
    bar = MIN_BAR + min(MAX_BAR - MIN_BAR, max(0, left) // 2)
    return tuple(column for column in columns if column.worth in kept), bar


def _columns(gpus: Sequence[GpuReading], *, video: bool) -> Iterator[Column]:
    """All that some card reports, in the order in which they stand."""
    names = {short_name(gpu.name) for gpu in gpus}
    if len(names) > 1:
        width = min(MAX_NAME, max(map(len, names)))
        yield Column("NAME", width, 8, lambda gpu: _name(gpu, width))
    yield Column("", MIN_BAR, 5, None)
    yield Column("BUSY", 4, 0, _busy)
    yield _memory_column(gpus)
    if any(gpu.temperature_c is not None for gpu in gpus):
        yield Column("°C", 3, 2, lambda gpu: _number(gpu.temperature_c, 3, heat_role(gpu)))
    yield from _power_columns(gpus)
    for field, column in _OTHERS:
        if any(getattr(gpu, field) is not None for gpu in gpus):
            yield column
    if video:
        yield Column("ENC  DEC", 9, 12, _video)


def _memory_column(gpus: Sequence[GpuReading]) -> Column:
    texts = [_memory_texts(gpu) for gpu in gpus]
    widest = max(len(total) for _, total in texts)
    width = max(widest + 1 + len(used) for used, total in texts) if widest else 7

    def pieces(gpu: GpuReading) -> Pieces:
        used, total = _memory_texts(gpu)
        role = Role.DIM if gpu.memory_used_bytes is None else Role.TEXT
        if not total:
            return ((f"{used:>{width}}", role),)
        return ((f"{used:>{width - len(total) - 1}}", role), (f"/{total}", Role.DIM))

    return Column("MEM GiB" if width < 10 else "MEMORY GiB", width, 1, pieces)


def _memory_texts(gpu: GpuReading) -> tuple[str, str]:
    """Used and total in GiB, the total in short."""
    total_bytes = gpu.memory_total_bytes
    texts = fmt.gib(gpu.memory_used_bytes, of_bytes=total_bytes)
    used, _, total = texts.removesuffix(" GiB").partition("/")
    if total_bytes is not None and total_bytes >= 100 * fmt.GIB:
        total = f"{total_bytes / fmt.GIB:.0f}"
    return used, total


def _power_columns(gpus: Sequence[GpuReading]) -> Iterator[Column]:
    powers = [gpu.power_w for gpu in gpus if gpu.power_w is not None]
    if not powers:
        return
    limits = [gpu.power_limit_w for gpu in gpus if gpu.power_limit_w is not None]
    width = max(3, *(len(f"{value:.0f}") for value in limits or powers))
    yield Column("W", width, 3, lambda gpu: _number(gpu.power_w, width))
    if limits:
        tail = max(4, width + 1)
        yield Column("/MAX", tail, 7, lambda gpu: _power_limit(gpu, tail), tail_of=3)


def _power_limit(gpu: GpuReading, width: int) -> Pieces:
    text = "" if gpu.power_limit_w is None else f"/{gpu.power_limit_w:.0f}"
    return ((f"{text:<{width}}", Role.DIM),)


def _number(value: float | None, width: int, role: Role = Role.TEXT) -> Pieces:
    if value is None:
        return ((f"{fmt.UNKNOWN:>{width}}", Role.DIM),)
    return ((f"{value:>{width}.0f}", role),)


def _share(value: float | None) -> Pieces:
    return ((fmt.share(value), Role.DIM if value is None else Role.TEXT),)


def _busy(gpu: GpuReading) -> Pieces:
    if gpu.busy_pct is None and gpu.mig_enabled:
        return ((" MIG", Role.DIM),)
    return _share(gpu.busy_pct)


def _name(gpu: GpuReading, width: int) -> Pieces:
    return ((f"{cut(short_name(gpu.name), width):<{width}}", Role.TEXT),)


def _traffic(gpu: GpuReading) -> Pieces:
    rx, tx = gpu.pcie_rx_bytes_per_s, gpu.pcie_tx_bytes_per_s
    return ((fmt.short_rate(rx), Role.TEXT), (" " + fmt.short_rate(tx), Role.TEXT))


def _video(gpu: GpuReading) -> Pieces:
    return ((f"{fmt.share(gpu.encoder_pct)} {fmt.share(gpu.decoder_pct)}", Role.TEXT),)


def _performance_state(gpu: GpuReading) -> Pieces:
    state = "" if gpu.performance_state is None else f"P{gpu.performance_state}"
    return ((f"{state:>3}", Role.DIM),)


_OTHERS = (
    ("sm_clock_mhz", Column("MHz", 4, 9, lambda gpu: _number(gpu.sm_clock_mhz, 4))),
    ("fan_pct", Column("FAN", 4, 10, lambda gpu: _share(gpu.fan_pct))),
    ("pcie_rx_bytes_per_s", Column("RX/s  TX/s", 11, 11, _traffic)),
    (
        "memory_temperature_c",
        Column("MEM °C", 6, 13, lambda gpu: _number(gpu.memory_temperature_c, 6)),
    ),
    ("performance_state", Column("P", 3, 14, _performance_state)),
)
