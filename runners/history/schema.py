"""The file: its tables, how it is opened, and how an older one is brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runners.history.errors import HistoryError, explain

# "rctp": tells our files from others' in SQLite's own header.
APPLICATION_ID = 0x72637470
BUSY_S = 5.0
# Each brings a file from the version that is its place to the next; none is ever changed.
SCRIPTS: Sequence[str] = (
    """
    CREATE TABLE comparisons (
        -- Never given twice: people note these numbers down.
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uuid TEXT NOT NULL UNIQUE,
        started_at REAL NOT NULL,
        host TEXT NOT NULL,
        host_id TEXT NOT NULL,
        -- The process that records it, while the status is 'running'.
        pid INTEGER,
        pid_started_at REAL,
        status TEXT NOT NULL,
        workloads TEXT NOT NULL,
        devices TEXT NOT NULL,
        variants TEXT NOT NULL,
        axes TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        runs_done INTEGER NOT NULL,
        trials INTEGER NOT NULL,
        data_source TEXT,
        headline TEXT NOT NULL
    );
    CREATE INDEX newest ON comparisons (started_at DESC, id DESC);
    CREATE INDEX running ON comparisons (status) WHERE status = 'running';
    -- Apart, so that a list reads past none of this. All JSON.
    CREATE TABLE settings (
        comparison INTEGER PRIMARY KEY REFERENCES comparisons ON DELETE CASCADE,
        plan TEXT NOT NULL,
        request TEXT,
        machine TEXT,
        versions TEXT NOT NULL
    );
    CREATE TABLE events (
        comparison INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        job INTEGER NOT NULL,
        trial INTEGER NOT NULL,
        kind TEXT NOT NULL,
        line TEXT NOT NULL,
        PRIMARY KEY (comparison, seq)
    ) WITHOUT ROWID;
    CREATE TABLE readings (
        comparison INTEGER NOT NULL REFERENCES comparisons ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        reading TEXT NOT NULL,
        PRIMARY KEY (comparison, seq)
    ) WITHOUT ROWID;
    """,
    """
    -- Null in rows of before, and in those that an older racetop writes.
    ALTER TABLE comparisons ADD COLUMN runs_failed INTEGER;
    ALTER TABLE comparisons ADD COLUMN runs_spared INTEGER;
    """,
)


def connect(path: Path, *, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open the file, made or brought up to date where need be.

    Args:
        path: The file; its folder is made where there is none.
        busy_s: How long to wait for another program that writes.

    Raises:
        HistoryError: It cannot be opened for writing, is damaged, not ours, or of a newer version.
    """
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It holds command lines of processes: nobody else's business.
        path.touch(mode=0o600)
        # Whoever shares a connection between threads takes a lock of its own.
        connection = sqlite3.connect(
            path, timeout=busy_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # Safe from crashes of the program; a power cut can take the last steps, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        bring_up_to_date(connection, path)
    except (sqlite3.Error, OSError, HistoryError) as error:
        if connection is not None:
            connection.close()
        raise HistoryError(explain(error, path)) from error
    return connection


def bring_up_to_date(
    connection: sqlite3.Connection, path: Path, scripts: Sequence[str] = SCRIPTS
) -> None:
    """Bring an older file, or an empty one, to the version that the last script makes.

    Raises:
        HistoryError: The file is another program's, or a newer racetop's.
        sqlite3.Error: It could not be done; the file is as it was.
    """
    if _version(connection, path, scripts) == len(scripts):
        return
    with transaction(connection):
        # Another process may have done it since the look above.
        for script in scripts[_version(connection, path, scripts) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done inside is written, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled it back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and tables:
        raise HistoryError(f"'{path}' is another program's database; name another file")
    if version > len(scripts):
        raise HistoryError(
            f"'{path}' was written by a newer racetop (version {version} of the file, this one "
            f"knows {len(scripts)}); update racetop, or name another file"
        )
    return int(version)
