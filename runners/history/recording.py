"""Writes a comparison down as it happens, on a thread of its own."""

from __future__ import annotations

import itertools
import json
import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from runners.events import DataReady, Event
from runners.history.entries import columns_of_end, columns_of_progress, insert, update
from runners.history.errors import HistoryError, explain
from runners.history.lines import NOT_KEPT, Spared, apply_line, to_line
from runners.history.schema import transaction
from runners.process_events import LogLine, WorkerExited
from runners.spec import RunKey
from runners.state import ComparisonState

# Of each run so many of its newest log lines are kept, and up to twice as many for a while.
LOG_LINES_KEPT = 200
# From here on a disk is so slow that log lines are left out.
_MOST_WAITING = 10_000
_CLOSE_WITHIN_S = 10.0


class _Write(NamedTuple):
    """Something to write; `log_of` is the run whose log line it is."""

    do: Callable[[sqlite3.Connection], None]
    log_of: RunKey | None = None


class Recorder:
    """Keeps one comparison as it happens.

    None of its calls raises or waits for the disk: a thread writes, in the order of the calls,
    and each batch it writes is there whatever happens next. What cannot be written is tried
    again with the next thing that comes.

    Attributes:
        id: The comparison's number in the history; None before it is there.
        problem: Why the newest is not saved, and what to do; None while all is well.
    """

    def __init__(
        self,
        connect: Callable[[Path], sqlite3.Connection],
        path: Path,
        state: ComparisonState,
        *,
        begin: Callable[[sqlite3.Connection], int] | None = None,
        number: int | None = None,
        next_seq: int = 0,
        again: Iterable[RunKey] = (),
    ) -> None:
        """Keep a comparison; see `History.begin` and `History.resume`.

        Args:
            connect: Opens the file.
            path: The file.
            state: Where the comparison stands.
            begin: Makes the comparison's row and gives its number; None where there is one.
            number: The number of that row.
            next_seq: The place of the next event among all of the comparison.
            again: Runs of which something is kept that their next event makes void.
        """
        self.id = number
        self.problem: str | None = None
        self._connect = connect
        self._path = path
        self._state = state
        self._number = number
        self._seq = itertools.count(next_seq)
        self._first_seq = next_seq
        self._again = set(again)
        self._logged: Counter[RunKey] = Counter()
        self._queue: queue.SimpleQueue[_Write | threading.Event | None] = queue.SimpleQueue()
        self._is_ended = False
        self._thread = threading.Thread(target=self._write_all, name="history", daemon=True)
        self._thread.start()
        if begin is not None:
            self._put(lambda file: self._begin(file, begin))

    @property
    def is_over(self) -> bool:
        """Whether all that will ever be written of it is."""
        return not self._thread.is_alive()

    def event(self, key: RunKey, event: Event) -> None:
        """Keep an event of a run; signs of life are of no use later and are not kept."""
        if isinstance(event, NOT_KEPT):
            return
        is_log = isinstance(event, LogLine)
        if is_log and self._queue.qsize() > _MOST_WAITING:
            return
        if key in self._again:
            self._again.remove(key)
            self._put(lambda file: self._forget(file, key))
        runs = {**self._state.runs, key: apply_line(self._state.runs[key], event)}
        self._state = state = ComparisonState(plan=self._state.plan, runs=MappingProxyType(runs))
        values = {"seq": next(self._seq), "job": key.job, "trial": key.trial, "kind": event.kind}
        self._put(
            lambda file: self._insert(file, "events", values | {"line": to_line(event)}),
            log_of=key if is_log else None,
        )
        if isinstance(event, DataReady | WorkerExited):
            self._put(lambda file: self._update(file, columns_of_progress(state)))

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        """Keep that these runs will not be started."""
        for key in keys:
            self.event(key, Spared(why=why))

    def reading(self, reading: Mapping[str, Any]) -> None:
        """Keep a look at the machine, as JSON values; the list of its processes is left out."""
        text = json.dumps({name: part for name, part in reading.items() if name != "processes"})
        values = {"seq": next(self._seq), "reading": text}
        self._put(lambda file: self._insert(file, "readings", values))

    def finish(self, state: ComparisonState) -> None:
        """Keep that nothing more will come."""
        self._put(lambda file: self._update(file, columns_of_end(state) | {"pid": None}))
        self._end()

    def flush(self, within_s: float) -> None:
        """Wait until all that was said so far is written, or could not be; at most so long."""
        if self._is_ended:
            self._thread.join(within_s)
        else:
            reached = threading.Event()
            self._queue.put(reached)
            reached.wait(within_s)

    def close(self, within_s: float = _CLOSE_WITHIN_S) -> None:
        """Take in nothing more, and wait until all is written; at most so long."""
        self._end()
        self._thread.join(within_s)
        if self._thread.is_alive():
            self.problem = f"not saved: the disk took nothing for {within_s:g} s; look at it"

    def _put(
        self, do: Callable[[sqlite3.Connection], None], *, log_of: RunKey | None = None
    ) -> None:
        if not self._is_ended:
            self._queue.put(_Write(do, log_of))

    def _end(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._queue.put(None)

    def _write_all(self) -> None:
        """The thread: write whatever waits, until the end."""
        file: sqlite3.Connection | None = None
        waiting: list[_Write] = []
        is_over = False
        while not is_over:
            items = self._take()
            is_over = None in items
            waiting = _without_old_logs(
                waiting + [item for item in items if isinstance(item, _Write)]
            )
            try:
                file = file or self._connect(self._path)
                self._write(file, waiting)
            except (sqlite3.Error, OSError, HistoryError) as error:
                self.problem = f"not saved: {explain(error, self._path)}"
            else:
                waiting, self.problem, self.id = [], None, self._number
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()
        if file is not None:
            file.close()

    def _take(self) -> list[_Write | threading.Event | None]:
        """All that waits, or the next thing that comes."""
        items = [self._queue.get()]
        while not self._queue.empty():
            items.append(self._queue.get())
        return items

    def _write(self, file: sqlite3.Connection, writes: list[_Write]) -> None:
        if not writes:
            return
        with transaction(file):
            for write in writes:
                write.do(file)
            for key, count in Counter(w.log_of for w in writes if w.log_of is not None).items():
                self._logged[key] += count
                # So many at once, and there were more: what is there would leave a gap.
                if count >= LOG_LINES_KEPT or self._logged[key] > 2 * LOG_LINES_KEPT:
                    self._forget_old_logs(file, key)

    def _begin(self, file: sqlite3.Connection, begin: Callable[[sqlite3.Connection], int]) -> None:
        self._number = begin(file)

    def _insert(self, file: sqlite3.Connection, table: str, values: Mapping[str, object]) -> None:
        insert(file, table, {"comparison": self._number, **values})

    def _update(self, file: sqlite3.Connection, values: Mapping[str, object]) -> None:
        assert self._number is not None
        update(file, self._number, values)

    def _forget(self, file: sqlite3.Connection, key: RunKey) -> None:
        file.execute(
            "DELETE FROM events WHERE comparison = ? AND job = ? AND trial = ? AND seq < ?",
            (self._number, key.job, key.trial, self._first_seq),
        )

    def _forget_old_logs(self, file: sqlite3.Connection, key: RunKey) -> None:
        where = "comparison = ? AND job = ? AND trial = ? AND kind = ?"
        of_run = (self._number, key.job, key.trial, LogLine.kind)
        file.execute(
            f"DELETE FROM events WHERE {where} AND seq <= (SELECT seq FROM events "
            f"WHERE {where} ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (*of_run, *of_run, LOG_LINES_KEPT),
        )
        self._logged[key] = LOG_LINES_KEPT


def _without_old_logs(writes: list[_Write]) -> list[_Write]:
    """The same without all but the newest log lines of each run."""
    found: Counter[RunKey] = Counter()
    kept = []
    for write in reversed(writes):
        if write.log_of is not None:
            found[write.log_of] += 1
            if found[write.log_of] > LOG_LINES_KEPT:
                continue
        kept.append(write)
    return kept[::-1]
