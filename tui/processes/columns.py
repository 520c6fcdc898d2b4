"""The columns of the process table: what each says, sorts by, and needs as room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from runners.text import printable
from sensors.readings import ProcessReading, Reading
from tui import format as fmt
from tui.line import cut

Value = float | str
LEAST_COMMAND = 6
"""Cells of the command that even the column sorted by must leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a row says beside its own process.

    Attributes:
        wall_time_s: When the processes were read, in seconds since the epoch.
        own: What our own processes are, by process id.
        memory_bytes: All memory of the host.
        gpu_memory_bytes: All memory of each GPU, by its identity.
    """

    wall_time_s: float = 0.0
    own: Mapping[int, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    gpu_memory_bytes: Mapping[str | None, int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading, own: Mapping[int, str], wall_time_s: float) -> Facts:
        """The facts of a reading."""
        return cls(
            wall_time_s=wall_time_s,
            own=own,
            memory_bytes=reading.host.memory_total_bytes,
            gpu_memory_bytes={gpu.uuid: gpu.memory_total_bytes for gpu in reading.gpus},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        key: Its name in code.
        title: Its head.
        words: How the pane's title names it.
        width: Cells of its texts; the last column takes what is left.
        value: What it sorts by, no finer than what it shows; None is unknown.
        text: What it shows.
        room: Cells that the command must keep beside it; the least telling columns ask for most.
        descending: Its usual direction.
        left: Whether its texts start on the left.
        of_gpus: Whether it says nothing on a machine without GPUs.
        once_used: Whether it is left out until some process has a value in it.
    """

    key: str
    title: str
    words: str
    width: int
    value: Callable[[ProcessReading, Facts], Value | None]
    text: Callable[[ProcessReading, Facts], str]
    room: int
    descending: bool = True
    left: bool = False
    of_gpus: bool = False
    once_used: bool = False

    def cell(self, process: ProcessReading, facts: Facts) -> str:
        """Its text for a process, exactly as wide as the column; a cut one ends with `…`."""
        text = self.text(process, facts)
        if not (text.isascii() and text.isprintable() and len(text) <= self.width):
            text = cut(printable(text), self.width)
        blanks = " " * (self.width - cell_len(text))
        return text + blanks if self.left else blanks + text


def columns_that_fit(
    width: int, *, gpus: bool = True, used: Collection[str] = (), sorted_by: str = "pid"
) -> tuple[Column, ...]:
    """The columns for a row of `width` cells, in their order on screen.

    Args:
        width: Cells for all columns, each but the last followed by a blank.
        gpus: Whether the machine has GPUs.
        used: Keys of the columns in which some process had a value.
        sorted_by: Key of the column sorted by, which stays while any of the command does.
    """
    left = width
    kept: set[str] = {"command"}
    telling = [column for column in telling_columns(gpus=gpus, used=used) if column is not COMMAND]
    wanted_room = {
        column.key: min(column.room, LEAST_COMMAND) if column.key == sorted_by else column.room
        for column in telling
    }
    for column in sorted(telling, key=lambda column: wanted_room[column.key]):
        if column.width + 1 + wanted_room[column.key] <= left or column.key == "pid":
            left -= column.width + 1
            kept.add(column.key)
    return tuple(column for column in COLUMNS if column.key in kept)


def telling_columns(*, gpus: bool, used: Collection[str]) -> tuple[Column, ...]:
    """The columns that say something on this machine, whether there is room for them or not."""
    return tuple(
        column
        for column in COLUMNS
        if (gpus or not column.of_gpus) and (not column.once_used or column.key in used)
    )


def newly_used(
    processes: Sequence[ProcessReading], facts: Facts, used: frozenset[str]
) -> frozenset[str]:
    """The columns, of those shown only `once_used`, in which some process has its first value.

    Args:
        processes: Where to look.
        facts: What the columns need beside the processes.
        used: Columns in which there was a value before.
    """
    on_gpus = [process for process in processes if process.gpu_index is not None]
    return frozenset(
        column.key
        for column in COLUMNS
        if column.once_used
        and column.key not in used
        and any(column.value(each, facts) for each in (on_gpus if column.of_gpus else processes))
    )


def command_of(process: ProcessReading, facts: Facts) -> str:
    """What a process is: our name for it, or its command line."""
    return facts.own.get(process.pid) or process.command or "not visible from here"


def _number(
    key: str,
    title: str,
    words: str,
    width: int,
    room: int,
    value: Callable[[ProcessReading], float | None],
    text: Callable[[ProcessReading], str],
    *,
    descending: bool = True,
    of_gpus: bool = False,
    once_used: bool = False,
) -> Column:
    """A column of numbers; those of GPUs are blank where none is used, which is not unknown."""

    def cell(process: ProcessReading, _: Facts) -> str:
        return "" if of_gpus and process.gpu_index is None else text(process)

    return Column(
        key=key,
        title=title,
        words=words,
        width=width,
        room=room,
        value=lambda process, _: value(process),
        text=cell,
        descending=descending,
        of_gpus=of_gpus,
        once_used=once_used,
    )


def _share(
    key: str,
    title: str,
    words: str,
    room: int,
    share: Callable[[ProcessReading, Facts], float | None],
    *,
    of_gpus: bool = True,
    once_used: bool = False,
) -> Column:
    """A column of percentages."""

    def cell(process: ProcessReading, facts: Facts) -> str:
        blank = of_gpus and process.gpu_index is None
        return "" if blank else fmt.pct(share(process, facts))

    return Column(
        key=key,
        title=title,
        words=words,
        width=5,
        room=room,
        value=lambda process, facts: _rounded(share(process, facts)),
        text=cell,
        of_gpus=of_gpus,
        once_used=once_used,
    )


def _label(
    key: str,
    title: str,
    width: int,
    room: int,
    label: Callable[[ProcessReading], str | None],
    *,
    unknown: str = "",
    of_gpus: bool = False,
    once_used: bool = False,
) -> Column:
    """A column of words."""
    return Column(
        key=key,
        title=title,
        words=key,
        width=width,
        room=room,
        value=lambda process, _: label(process),
        text=lambda process, _: label(process) or unknown,
        descending=False,
        left=True,
        of_gpus=of_gpus,
        once_used=once_used,
    )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def shown_memory(value_bytes: int | None) -> float | None:
    """Memory no finer than its text, so that rows do not change places over nothing."""
    if value_bytes is None:
        return None
    if value_bytes < fmt.GIB:
        return float(round(value_bytes / fmt.MIB) * fmt.MIB)
    return round(value_bytes / fmt.GIB, 1) * fmt.GIB


def _part(value_bytes: int | None, of_bytes: int | None) -> float | None:
    return 100 * value_bytes / of_bytes if value_bytes is not None and of_bytes else None


def _memory_pct(process: ProcessReading, facts: Facts) -> float | None:
    return _part(process.memory_bytes, facts.memory_bytes)


def _gpu_memory_pct(process: ProcessReading, facts: Facts) -> float | None:
    return _part(process.gpu_memory_bytes, facts.gpu_memory_bytes.get(process.gpu_uuid))


def _count(number: int | None) -> str:
    return fmt.UNKNOWN if number is None else str(number)


def _cpu(process: ProcessReading) -> str:
    return fmt.UNKNOWN if process.cpu_pct is None else f"{process.cpu_pct:.0f}"


def _cpu_time(process: ProcessReading) -> str:
    spent_s = process.cpu_time_s
    return fmt.clock(spent_s) if spent_s is None or spent_s < 360_000 else _span(spent_s)


def _age(process: ProcessReading, facts: Facts) -> float | None:
    return None if process.started_at_s is None else facts.wall_time_s - process.started_at_s


def _span(value_s: float | None) -> str:
    """A time in its largest unit, at most 6 cells."""
    if value_s is None:
        return fmt.UNKNOWN
    minutes = int(max(0.0, value_s) // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


COLUMNS = (
    _number("pid", "PID", "PID", 7, 0, lambda p: p.pid, lambda p: str(p.pid), descending=False),
    _label("user", "USER", 8, 20, lambda p: p.user, unknown="?"),
    _number(
        "gpu",
        "GPU",
        "GPU",
        3,
        8,
        lambda p: p.gpu_index,
        lambda p: _count(p.gpu_index),
        descending=False,
        of_gpus=True,
    ),
    _number(
        "mig",
        "MIG",
        "MIG instance",
        3,
        16,
        lambda p: p.mig_gpu_instance,
        lambda p: "" if p.mig_gpu_instance is None else str(p.mig_gpu_instance),
        descending=False,
        of_gpus=True,
        once_used=True,
    ),
    _label("type", "TYPE", 4, 30, lambda p: p.gpu_use, of_gpus=True),
    _number(
        "gpu_memory",
        "GPU MEM",
        "GPU memory",
        9,
        8,
        lambda p: shown_memory(p.gpu_memory_bytes),
        lambda p: fmt.memory(p.gpu_memory_bytes),
        of_gpus=True,
    ),
    _share("gpu_memory_pct", "GM %", "share of GPU memory", 44, _gpu_memory_pct),
    _share("busy", "BUSY", "GPU busy", 8, lambda p, _: p.gpu_busy_pct),
    _share("bandwidth", "BW", "GPU memory busy", 44, lambda p, _: p.gpu_memory_busy_pct),
    _share("encoder", "ENC", "encoder", 24, lambda p, _: p.encoder_pct, once_used=True),
    _share("decoder", "DEC", "decoder", 24, lambda p, _: p.decoder_pct, once_used=True),
    _number("cpu", "CPU %", "CPU", 6, 6, lambda p: _rounded(p.cpu_pct), _cpu),
    _number(
        "memory",
        "MEM",
        "memory",
        9,
        8,
        lambda p: shown_memory(p.memory_bytes),
        lambda p: fmt.memory(p.memory_bytes),
    ),
    _share("memory_pct", "MEM %", "share of memory", 44, _memory_pct, of_gpus=False),
    _number("threads", "THR", "threads", 5, 40, lambda p: p.threads, lambda p: _count(p.threads)),
    _label("state", "S", 1, 34, lambda p: p.state, unknown="?"),
    _number("time", "TIME", "CPU time", 8, 28, lambda p: _rounded(p.cpu_time_s), _cpu_time),
    Column(
        key="age",
        title="AGE",
        words="age",
        width=6,
        room=32,
        value=_age,
        text=lambda process, facts: _span(_age(process, facts)),
    ),
    _label("container", "CONTAINER", 12, 26, lambda p: p.container, once_used=True),
    Column(
        key="command",
        title="COMMAND",
        words="command",
        width=0,
        room=0,
        value=command_of,
        text=command_of,
        descending=False,
        left=True,
    ),
)
COMMAND = COLUMNS[-1]
BY_KEY = {column.key: column for column in COLUMNS}
