"""Comparisons as one JSON document, schema `racetop.history/1`, for other machines."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from runners.history.entries import columns_of_end, columns_of_plan, insert
from runners.history.errors import HistoryError, NotThereError
from runners.history.lines import from_line, to_line
from runners.history.saved import replay, settled, understood
from runners.spec import Plan, Request, RunKey
from runners.text import printable

SCHEMA = "racetop.history/1"
# From here on no calendar has a name for it.
_YEAR_9999_S = 253_370_764_800


def export(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[str, Any]:
    """The comparisons as JSON values; what ran beside them on the machine is left out.

    Events are lines of text, as a worker says them: JSON has no word for a loss that is no
    number.

    Raises:
        NotThereError: There is no such comparison.
    """
    return {"schema": SCHEMA, "comparisons": [_export(connection, each) for each in numbers]}


def import_(connection: sqlite3.Connection, document: object) -> list[int]:
    """Add the comparisons of a document but for those already here; their numbers.

    Raises:
        HistoryError: It is no such document; nothing of it was added.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise HistoryError(
            f"this is no export of racetop's history (schema {SCHEMA}); "
            "'racetop history export' writes one"
        )
    with understood("the export"):
        added = [_import(connection, each) for each in document["comparisons"]]
    return [number for number in added if number is not None]


def plain(machine: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The machine's readings without the processes on it."""
    if machine is None:
        return None
    return {name: part for name, part in machine.items() if name != "processes"}


def _export(connection: sqlite3.Connection, number: int) -> dict[str, Any]:
    row = connection.execute(
        "SELECT uuid, started_at, host, host_id, plan, request, machine, versions "
        "FROM comparisons JOIN settings ON comparison = id WHERE id = ?",
        [number],
    ).fetchone()
    if row is None:
        raise NotThereError(number)
    uuid, started_at, host, host_id, *texts = row
    plan, request, machine, versions = (text and json.loads(text) for text in texts)
    events = connection.execute(
        "SELECT job, trial, line FROM events WHERE comparison = ? ORDER BY seq", [number]
    )
    readings = connection.execute(
        "SELECT reading FROM readings WHERE comparison = ? ORDER BY seq", [number]
    )
    return {
        "uuid": uuid,
        "started_at": started_at,
        "host": host,
        "host_id": host_id,
        "plan": plan,
        "request": request,
        "machine": plain(machine),
        "versions": versions,
        "events": [{"job": job, "trial": trial, "line": line} for job, trial, line in events],
        "readings": [json.loads(reading) for (reading,) in readings],
    }


def _import(connection: sqlite3.Connection, values: Mapping[str, Any]) -> int | None:
    """The number of a comparison that was added; None where it is here already."""
    uuid = str(values["uuid"])
    if connection.execute("SELECT 1 FROM comparisons WHERE uuid = ?", [uuid]).fetchone():
        return None
    plan = Plan.from_wire(values["plan"])
    request = values["request"] and Request.from_wire(values["request"])
    started_at = float(values["started_at"])
    if not 0 <= started_at < _YEAR_9999_S:
        raise ValueError("the time of the start is none")
    events = [
        (RunKey(job=int(each["job"]), trial=int(each["trial"])), from_line(str(each["line"])))
        for each in values["events"]
    ]
    # Whatever it says of itself, the list tells what its events come to.
    state = settled(replay(plan, events))
    number = insert(
        connection,
        "comparisons",
        {
            "uuid": uuid,
            "started_at": started_at,
            "host": printable(str(values["host"])),
            "host_id": str(values["host_id"]),
            **columns_of_plan(plan),
            **columns_of_end(state),
        },
    )
    insert(
        connection,
        "settings",
        {
            "comparison": number,
            "plan": json.dumps(plan.to_wire()),
            "request": json.dumps(request.to_wire()) if request else None,
            "machine": json.dumps(dict(values["machine"])) if values["machine"] else None,
            "versions": json.dumps(dict(values["versions"])),
        },
    )
    for seq, (key, event) in enumerate(events):
        row = {"comparison": number, "seq": seq, "job": key.job, "trial": key.trial}
        insert(connection, "events", {**row, "kind": event.kind, "line": to_line(event)})
    for seq, reading in enumerate(values["readings"]):
        reading_text = json.dumps(dict(reading))
        insert(connection, "readings", {"comparison": number, "seq": seq, "reading": reading_text})
    return number
