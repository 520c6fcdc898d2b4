"""Past comparisons, kept in one SQLite file."""

from __future__ import annotations

import json
import platform
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runners.history import exchange
from runners.history.entries import (
    INTERRUPTED,
    RUNNING,
    Entry,
    columns_of_end,
    columns_of_plan,
    columns_of_progress,
    find,
    get,
    insert,
    update,
)
from runners.history.errors import HistoryError, NotThereError, explain
from runners.history.hosts import Host, Process, is_alive, this_host, this_process
from runners.history.recording import Recorder
from runners.history.saved import Saved, load, settled, understood
from runners.history.schema import connect, transaction
from runners.sparing import cut_short
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState, RunState, RunStatus

__all__ = ["Entry", "History", "HistoryError", "NotThereError", "Recorder", "Saved"]

# A reader waits so long for what this process itself has yet to write.
_OWN_WITHIN_S = 2.0
_KEPT = (RunStatus.DONE, RunStatus.FAILED)
_RESUMED = "resumed after an interruption: the machine may have changed meanwhile"


class History:
    """All comparisons of one file. Its calls may come from any thread, and wait for the disk."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        connect: Callable[[Path], sqlite3.Connection],
        clock: Callable[[], float],
        host: Host,
    ) -> None:
        """See `open`."""
        self._path = path
        self._connection = connection
        self._connect = connect
        self._clock = clock
        self._host = host
        self._lock = threading.RLock()
        self._recorders: list[Recorder] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        connect: Callable[[Path], sqlite3.Connection] = connect,
        clock: Callable[[], float] = time.time,
        host: Host | None = None,
    ) -> History:
        """Open the file, made where there is none.

        Args:
            path: The file; see `runners.paths.history_path`.
            connect: Opens it.
            clock: Wall clock, seconds since the epoch.
            host: The machine this runs on; None looks.

        Raises:
            HistoryError: It cannot be used; the message says why and what to do.
        """
        connection = connect(path)
        return cls(path, connection, connect=connect, clock=clock, host=host or this_host())

    def entries(self, words: str = "", limit: int | None = None) -> list[Entry]:
        """The comparisons that hold all words, newest first.

        Args:
            words: Plain ones are looked for everywhere; `workload:`, `device:`, `variant:`,
                `axis:`, `host:`, `status:` and `data:` before one name where.
            limit: How many at most; None for all.

        Raises:
            HistoryError: The file cannot be read.
        """
        with self._reading() as file:
            return find(file, self._host.id, words, limit)

    def load(self, number: int) -> Saved:
        """All that was kept of a comparison.

        Raises:
            NotThereError: There is none.
            HistoryError: It cannot be read.
        """
        with self._reading() as file:
            return load(file, self._entry(file, number))

    def delete(self, numbers: Iterable[int]) -> int:
        """Delete comparisons for good; how many there were.

        Raises:
            HistoryError: One of them is running here, or the file cannot be written.
        """
        with self._writing() as file:
            deleted = 0
            # A full disk may have kept them from being marked as such.
            dead = self._dead()
            for number in numbers:
                entry = get(file, self._host.id, number)
                if entry is None:
                    continue
                # Of another host, whose name may be gone for ever, nobody can tell.
                if entry.status == RUNNING and not entry.is_foreign and number not in dead:
                    raise HistoryError(f"comparison {number} is running; stop it first")
                file.execute("DELETE FROM comparisons WHERE id = ?", [number])
                deleted += 1
        return deleted

    def export(self, numbers: Iterable[int]) -> dict[str, Any]:
        """Comparisons as JSON values, schema `racetop.history/1`.

        Raises:
            NotThereError: There is no such comparison.
            HistoryError: The file cannot be read.
        """
        with self._reading() as file:
            return exchange.export(file, numbers)

    def import_(self, document: object) -> list[int]:
        """Add what another machine exported, marked as its own; the new numbers.

        What is here already is left as it is.

        Raises:
            HistoryError: It is no such document, or the file cannot be written; nothing is added.
        """
        with self._writing() as file:
            return exchange.import_(file, document)

    def begin(
        self, plan: Plan, request: Request | None, machine: Mapping[str, Any] | None = None
    ) -> Recorder:
        """Keep a comparison from its start; waits for nothing and never raises.

        Args:
            plan: What will run.
            request: What was asked for; None where there is but the plan.
            machine: The machine's readings as JSON values; None where unknown.
        """
        state = ComparisonState.of(plan)
        row = {
            "uuid": str(uuid.uuid4()),
            "started_at": self._clock(),
            "host": self._host.name,
            "host_id": self._host.id,
            **_recorded_by(this_process()),
            **columns_of_plan(plan),
            **columns_of_progress(state),
            "headline": "",
        }

        def begin(file: sqlite3.Connection) -> int:
            number = insert(file, "comparisons", row)
            settings = {
                "comparison": number,
                "plan": json.dumps(plan.to_wire()),
                "request": json.dumps(request.to_wire()) if request else None,
                "machine": json.dumps(machine) if machine else None,
                "versions": json.dumps(_versions()),
            }
            insert(file, "settings", settings)
            return number

        return self._keep(Recorder(self._connect, self._path, state, begin=begin))

    def resume(self, number: int) -> tuple[Saved, Recorder]:
        """Go on with a comparison: runs that were stopped, or had no time, wait again.

        What is done, failed or need not be stays as it is. What a run had done when it was
        stopped stays until it begins anew. A time budget begins anew as well.

        Raises:
            HistoryError: There is nothing to go on with, or the file cannot be written.
        """
        with self._writing() as file:
            entry = self._entry(file, number)
            saved = load(file, entry)
            again = _left(saved.state)
            _refuse_to_resume(saved, again)
            plan = _resumed(saved)
            file.execute(
                "UPDATE settings SET plan = ? WHERE comparison = ?",
                [json.dumps(plan.to_wire()), number],
            )
            (last,) = file.execute(
                "SELECT max(seq) FROM (SELECT seq FROM events WHERE comparison = :id "
                "UNION ALL SELECT seq FROM readings WHERE comparison = :id)",
                {"id": number},
            ).fetchone()
            waiting = {
                key: RunState(warm_up=saved.plan.jobs[key.job].workload.warm_up) for key in again
            }
            runs = MappingProxyType({**saved.state.runs, **waiting})
            state = ComparisonState(plan=plan, runs=runs)
            update(file, number, columns_of_progress(state) | _recorded_by(this_process()))
        next_seq = 0 if last is None else last + 1
        recorder = Recorder(
            self._connect, self._path, state, number=number, next_seq=next_seq, again=again
        )
        return replace(saved, plan=plan, state=state), self._keep(recorder)

    def close(self) -> None:
        """Wait, not for ever, until all that was recorded is written; then close the file."""
        for recorder in self._recorders:
            recorder.close()
        with self._lock:
            self._connection.close()

    def _keep(self, recorder: Recorder) -> Recorder:
        self._recorders = [each for each in self._recorders if not each.is_over] + [recorder]
        return recorder

    def _entry(self, file: sqlite3.Connection, number: int) -> Entry:
        entry = get(file, self._host.id, number)
        if entry is None:
            raise NotThereError(number)
        return entry

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The file, with all that this process has recorded so far in it.

        Raises:
            HistoryError: It cannot be read.
        """
        for recorder in self._recorders:
            recorder.flush(_OWN_WITHIN_S)
        with self._lock:
            try:
                self._settle_the_dead()
                yield self._connection
            except sqlite3.Error as error:
                raise HistoryError(explain(error, self._path)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as file, transaction(file):
            yield file

    def _settle_the_dead(self) -> None:
        """Mark as interrupted what a process recorded that has died since."""
        file = self._connection
        if not self._dead():
            return
        # Where another program writes for long, the next look will do it.
        with suppress(sqlite3.OperationalError), transaction(file):
            # Looked for again: another process may have gone on with one meanwhile.
            for number in self._dead():
                end: dict[str, object] = {"status": INTERRUPTED}
                # A version that cannot read its figures still sees that it has ended.
                with suppress(HistoryError), understood("it"):
                    end |= columns_of_end(settled(load(file, self._entry(file, number)).state))
                update(file, number, end | {"pid": None})

    def _dead(self) -> list[int]:
        """What this host's processes recorded until they died."""
        running = self._connection.execute(
            "SELECT id, pid, pid_started_at FROM comparisons "
            "WHERE status = 'running' AND host_id = ?",
            [self._host.id],
        )
        return [
            number
            for number, pid, started_at_s in running
            if not is_alive(Process(pid=pid, started_at_s=started_at_s))
        ]


def _left(state: ComparisonState) -> list[RunKey]:
    """The runs that were stopped, or for which there was no time."""
    stopped = [key for key, run in state.runs.items() if run.status is RunStatus.STOPPED]
    return [*stopped, *cut_short(state)]


def _refuse_to_resume(saved: Saved, left: Sequence[RunKey]) -> None:
    """Raises HistoryError where there is nothing to go on with."""
    entry = saved.entry
    if entry.status == RUNNING:
        raise HistoryError(f"comparison {entry.id} is running")
    if not left:
        raise HistoryError(f"comparison {entry.id} is over ({entry.status}): nothing is left to do")
    if entry.is_foreign:
        raise HistoryError(
            f"comparison {entry.id} ran on {entry.host}, and figures of two machines do not mix; "
            "repeat it here instead"
        )


def _resumed(saved: Saved) -> Plan:
    """The plan with a note, where some runs are older than those to come."""
    plan = saved.plan
    is_begun = any(run.epochs for run in saved.state.runs.values() if run.status in _KEPT)
    if not is_begun or _RESUMED in plan.notes:
        return plan
    return replace(plan, notes=(*plan.notes, _RESUMED))


def _recorded_by(process: Process) -> dict[str, object]:
    return {"status": RUNNING, "pid": process.pid, "pid_started_at": process.started_at_s}


def _versions() -> dict[str, str]:
    try:
        own = {"racetop": version("racetop")}
    except PackageNotFoundError:
        own = {}
    return {**own, "python": platform.python_version()}
