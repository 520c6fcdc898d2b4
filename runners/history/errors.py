"""What can go wrong with the file, in words: what happened and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runners.paths import HISTORY_VARIABLE, NO_HISTORY
from runners.text import printable

_ELSEWHERE = f"{HISTORY_VARIABLE} names another file, or '{NO_HISTORY}'"


class HistoryError(Exception):
    """Something cannot be kept, found or read; the message tells people why and what to do."""


class NotThereError(HistoryError):
    """There is no such comparison."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no comparison {number}; 'racetop history list' shows those there are")


def explain(error: Exception, path: Path) -> str:
    """What happened to the file, why, and what to do."""
    name = f"'{printable(str(path))}'"
    if isinstance(error, HistoryError):
        return str(error)
    if isinstance(error, OSError):
        return f"{name} cannot be written ({error.strerror or error}); {_ELSEWHERE}"
    # The low byte is the kind of error, the rest its details.
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    match kind:
        case sqlite3.SQLITE_FULL:
            return f"no room for {name}; free space on its disk, or {_ELSEWHERE}"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return f"another program holds {name}; end it, or {_ELSEWHERE}"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"{name} cannot be written ({error}); {_ELSEWHERE}"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"{name} is damaged ({error}); move it away and a new one is begun"
        case sqlite3.SQLITE_CONSTRAINT:
            return "the comparison was deleted meanwhile"
        case _:
            return f"{name} gives an error ({error}); {_ELSEWHERE}"
