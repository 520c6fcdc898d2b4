"""A comparison in the list: its columns, and the words that filter them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.sparing import cut_short
from runners.spec import Plan, differing
from runners.state import ComparisonState, RunStatus
from runners.text import printable
from runners.verdict import note_sentences, verdict

RUNNING, DONE, FAILED, INTERRUPTED = "running", "done", "failed", "interrupted"
# Filter words such as `device:cuda:0`, and the column that each looks at.
_COLUMN_OF = {
    "workload": "workloads",
    "device": "devices",
    "variant": "variants",
    "axis": "axes",
    "host": "host",
    "status": "status",
    "data": "data_source",
}
# What a plain word is looked for in.
_TEXT = (
    "lower(id || ' ' || strftime('%Y-%m-%d', started_at, 'unixepoch', 'localtime') || ' ' || host "
    "|| ' ' || workloads || ' ' || devices || ' ' || variants || ' ' || axes || ' ' || status "
    "|| ' ' || coalesce(data_source, '') || ' ' || headline)"
)
_COLUMNS = (
    "id, uuid, started_at, host, host_id, workloads, devices, variants, axes, jobs, runs, "
    "runs_done, runs_failed, runs_spared, trials, status, data_source, headline"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A comparison in the list.

    Attributes:
        id: Its number in this file.
        uuid: Names it in every file.
        started_at: Wall clock, seconds since the epoch.
        host: Name of the machine it ran on.
        is_foreign: Whether that is another machine than this one.
        workloads: What was trained.
        devices: Where, in torch's spelling.
        variants: How the loops were fed and driven.
        axes: What differs between the jobs, by the names that `JobSettings` has for it.
        jobs: How many.
        runs: How many in all trials.
        runs_done: How many of them are done.
        runs_failed: How many of them failed; None where an older racetop kept it.
        runs_spared: How many need not be, as what they would tell is known; None likewise.
        runs_left: How many are none of these: they run, were stopped, or there was no time for
            them. `resume` does them. None likewise.
        trials: Repeats of each job, at most.
        status: `running`, `done`, `failed` (a run did, all are over) or `interrupted` (it was
            stopped, or died).
        data_source: `real` or `generated`; None where no data set was loaded.
        headline: The first sentence of the verdict that is no note of the plan, else why the first
            job failed, else a note; empty where there is neither.
    """

    id: int
    uuid: str
    started_at: float
    host: str
    is_foreign: bool
    workloads: tuple[str, ...]
    devices: tuple[str, ...]
    variants: tuple[str, ...]
    axes: tuple[str, ...]
    jobs: int
    runs: int
    runs_done: int
    runs_failed: int | None
    runs_spared: int | None
    runs_left: int | None
    trials: int
    status: str
    data_source: str | None
    headline: str

    @property
    def can_be_resumed(self) -> bool:
        """Whether there are runs that `resume` would do here."""
        if self.is_foreign or self.status == RUNNING:
            return False
        return self.status == INTERRUPTED or bool(self.runs_left)


def find(
    connection: sqlite3.Connection, host_id: str, words: str, limit: int | None
) -> list[Entry]:
    """The entries that hold all words, newest first; see `History.entries`."""
    conditions, values = ["1"], []
    for word in printable(words).split():
        key, colon, wanted = word.partition(":")
        column = _COLUMN_OF.get(key.lower()) if colon else None
        where = f"lower(coalesce({column}, ''))" if column else _TEXT
        conditions.append(f"instr({where}, lower(?))")
        values.append(wanted if column else word)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM comparisons WHERE {' AND '.join(conditions)} "
        "ORDER BY started_at DESC, id DESC LIMIT ?",
        [*values, -1 if limit is None else limit],
    )
    return [_entry(row, host_id) for row in rows]


def get(connection: sqlite3.Connection, host_id: str, number: int) -> Entry | None:
    """The entry of that number."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM comparisons WHERE id = ?", [number])
    return next((_entry(row, host_id) for row in rows), None)


def insert(connection: sqlite3.Connection, table: str, values: Mapping[str, object]) -> int:
    """Insert a row; its number."""
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    done = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*values.values()])
    return done.lastrowid or 0


def update(connection: sqlite3.Connection, number: int, values: Mapping[str, object]) -> None:
    """Change columns of a comparison."""
    changes = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE comparisons SET {changes} WHERE id = ?", [*values.values(), number])


def columns_of_plan(plan: Plan) -> dict[str, object]:
    """What the list tells of a plan."""
    settings = [job.settings for job in plan.jobs]
    return {
        "workloads": _joined([each.workload for each in settings]),
        "devices": _joined([each.device for each in settings]),
        "variants": _joined([str(each.variant) for each in settings]),
        # A plan that tuning made tells its jobs apart by their labels, not by axes.
        "axes": _joined(plan.axes or differing(settings)),
        "jobs": len(plan.jobs),
        "runs": len(plan.jobs) * plan.trials,
        "trials": plan.trials,
    }


def columns_of_progress(state: ComparisonState) -> dict[str, object]:
    """What the list tells of a comparison under way."""
    runs = state.runs.values()
    source = next((run.data.source for run in runs if run.data is not None), None)
    statuses = Counter(run.status for run in runs)
    return {
        "runs_done": statuses[RunStatus.DONE],
        "runs_failed": statuses[RunStatus.FAILED],
        "runs_spared": statuses[RunStatus.SPARED] - len(cut_short(state)),
        "data_source": source and printable(source),
    }


def columns_of_end(state: ComparisonState) -> dict[str, object]:
    """What the list tells of a comparison of which nothing more comes."""
    statuses = {run.status for run in state.runs.values()}
    status = FAILED if RunStatus.FAILED in statuses else DONE
    if not state.is_over or RunStatus.STOPPED in statuses:
        status = INTERRUPTED
    return {
        **columns_of_progress(state),
        "status": status,
        "headline": printable(next(_headlines(state), "")),
    }


def _headlines(state: ComparisonState) -> Iterator[str]:
    """What was found, why jobs failed, then what the plan left out, the most telling first."""
    notes = note_sentences(state.plan)
    yield from (sentence for sentence in verdict(state) if sentence not in notes)
    yield from (*_errors(state), *notes)


def _errors(state: ComparisonState) -> Iterator[str]:
    """Why jobs failed, in their order."""
    for key, run in sorted(state.runs.items(), key=lambda item: (item[0].job, item[0].trial)):
        if run.error is not None:
            yield f"{state.plan.jobs[key.job].label} failed: {run.error.message}"


def _joined(names: Sequence[str]) -> str:
    return ",".join(dict.fromkeys(map(printable, names)))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _entry(row: tuple[Any, ...], host_id: str) -> Entry:
    number, uuid, started_at, host, ran_on, workloads, devices, variants, axes, *others = row
    jobs, runs, done, failed, spared, trials, status, data_source, headline = others
    return Entry(
        id=number,
        uuid=uuid,
        started_at=started_at,
        host=host,
        is_foreign=ran_on != host_id,
        workloads=_parts(workloads),
        devices=_parts(devices),
        variants=_parts(variants),
        axes=_parts(axes),
        jobs=jobs,
        runs=runs,
        runs_done=done,
        runs_failed=failed,
        runs_spared=spared,
        runs_left=None if failed is None or spared is None else runs - done - failed - spared,
        trials=trials,
        status=status,
        data_source=data_source,
        headline=headline,
    )
