"""Which processes the table lists, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sensors.readings import ProcessReading
from tui.processes.columns import BY_KEY, Column, Facts, command_of, shown_memory

FIELDS = ("gpu", "user", "type")
FILTER_HINT = "gpu:0 user:ana type:C · -word excludes"
BRANCH, LAST_BRANCH, BESIDE_BRANCH, BESIDE_NOTHING = "├─ ", "└─ ", "│  ", "   "


@dataclass(frozen=True, slots=True)
class Order:
    """What the rows are sorted by.

    Attributes:
        column: The column.
        descending: Whether the largest comes first.
    """

    column: Column
    descending: bool

    @classmethod
    def by(cls, key: str) -> Order:
        """The usual order of a column."""
        return cls(BY_KEY[key], BY_KEY[key].descending)

    def inverted(self) -> Order:
        """The other way round; what is unknown stays last."""
        return Order(self.column, not self.descending)

    @property
    def mark(self) -> str:
        """An arrow that says which way."""
        return "▼" if self.descending else "▲"


@dataclass(frozen=True, slots=True)
class Condition:
    """One word of a filter.

    Attributes:
        field: `gpu`, `user` or `type`; empty for a word that may stand anywhere.
        text: The word, in lower case.
        leaves_out: Whether it must not occur.
    """

    field: str
    text: str
    leaves_out: bool

    def admits(self, process: ProcessReading, text: str) -> bool:
        """Whether a process, and all that is written about it, passes."""
        if self.field == "gpu":
            found = str(process.gpu_index) == self.text
        elif self.field == "user":
            found = (process.user or "").casefold().startswith(self.text)
        elif self.field == "type":
            found = self.text in (process.gpu_use or "").casefold().split("+")
        else:
            found = self.text in text
        return found is not self.leaves_out


@dataclass(frozen=True, slots=True)
class Filter:
    """What was typed to choose processes; see `FILTER_HINT`.

    Attributes:
        text: As typed.
        conditions: What must all hold.
    """

    text: str = ""
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, text: str) -> Filter:
        """Understand what was typed; any text means something, half a word too."""
        return cls(text.strip(), tuple(filter(None, map(_condition, text.casefold().split()))))

    def admits(self, process: ProcessReading, facts: Facts) -> bool:
        """Whether a process is to be listed."""
        gpu = "" if process.gpu_index is None else f"gpu{process.gpu_index}"
        command = command_of(process, facts)
        text = f"{process.pid} {process.user or ''} {process.container or ''} {gpu} {command}"
        text = text.casefold()
        return all(condition.admits(process, text) for condition in self.conditions)


class Row(NamedTuple):
    """One row of the table.

    Attributes:
        process: What it shows.
        branch: Marks in front of the command that show where it stands in the tree.
    """

    process: ProcessReading
    branch: str = ""


def arrange(
    processes: Iterable[ProcessReading], order: Order, chosen: Filter, facts: Facts, *, tree: bool
) -> list[Row]:
    """The rows of the table.

    Args:
        processes: All there are to list.
        order: What to sort by; in a tree, each process's children.
        chosen: Which of them to list.
        facts: What the columns need beside the processes.
        tree: Whether to put children below their parents.
    """
    if chosen.conditions:
        processes = [process for process in processes if chosen.admits(process, facts)]
    ordered = in_order(processes, order, facts)
    return as_tree(ordered) if tree else list(map(Row, ordered))


def in_order(
    processes: Iterable[ProcessReading], order: Order, facts: Facts
) -> list[ProcessReading]:
    """Processes sorted by a column; equal ones by process id, so that they stand still.

    Those without a value come last both ways: first what uses a GPU, then the busiest.
    """
    value = order.column.value
    known: list[tuple[Any, ProcessReading]] = []
    unknown: list[ProcessReading] = []
    for process in sorted(processes, key=attrgetter("pid")):
        sort_by = value(process, facts)
        if sort_by is None:
            unknown.append(process)
        else:
            known.append((sort_by, process))
    known.sort(key=lambda pair: pair[0], reverse=order.descending)
    unknown.sort(key=_precedence, reverse=True)
    return [*(process for _, process in known), *unknown]


def as_tree(ordered: Sequence[ProcessReading]) -> list[Row]:
    """Processes below their parents; those whose parent is not listed are roots.

    A branch stands where the first of its processes stands in the order. Each process appears
    once, even where parents go round in a circle, as they can when a process id was given away
    again between two looks.
    """
    by_pid: dict[int, ProcessReading] = {}
    further: dict[int, list[ProcessReading]] = {}
    for process in ordered:
        if process is not by_pid.setdefault(process.pid, process):
            # One that uses several GPUs has a row for each.
            further.setdefault(process.pid, []).append(process)
    below = _children(by_pid)
    rows: list[Row] = []
    waiting = [(root, "", "") for root in reversed(below.get(None, []))]
    while waiting:
        pid, branch, beside = waiting.pop()
        rows.append(Row(by_pid[pid], branch))
        rows += [Row(process, beside) for process in further.get(pid, ())]
        if pid in below:
            *others, last = below[pid]
            waiting.append((last, beside + LAST_BRANCH, beside + BESIDE_NOTHING))
            waiting += [
                (other, beside + BRANCH, beside + BESIDE_BRANCH) for other in reversed(others)
            ]
    return rows


def _children(by_pid: Mapping[int, ProcessReading]) -> dict[int | None, list[int]]:
    """The children of each process, below None the roots; in the order of their first member."""
    below: dict[int | None, list[int]] = {}
    placed: set[int] = set()
    for first in by_pid:
        if first in placed:
            continue
        path = set()
        pid: int | None = first
        while pid is not None and pid not in placed:
            placed.add(pid)
            path.add(pid)
            parent = by_pid[pid].parent_pid
            if parent not in by_pid or parent in path:
                parent = None
            below.setdefault(parent, []).append(pid)
            pid = parent
    return below


def _precedence(process: ProcessReading) -> tuple[bool, int, float]:
    """How telling a process is that has no value in the column sorted by."""
    busy, memory = round(process.cpu_pct or 0), shown_memory(process.memory_bytes) or 0
    return process.gpu_index is not None, busy, memory


def _condition(word: str) -> Condition | None:
    leaves_out = word.startswith("-")
    word = word.removeprefix("-")
    name, colon, text = word.partition(":")
    if colon and name in FIELDS:
        return Condition(name, text, leaves_out) if text else None
    return Condition("", word, leaves_out) if word else None
