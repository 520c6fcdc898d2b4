"""A whole comparison out of the file, replayed from its events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from runners.events import Event
from runners.history.entries import RUNNING, Entry
from runners.history.errors import HistoryError
from runners.history.lines import apply_line, from_line
from runners.spec import Plan, Request, RunKey
from runners.state import ComparisonState, RunState, RunStatus, skip_waiting
from runners.text import printable

# More runs than anyone has; an import may say anything.
_MOST_RUNS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A comparison as it was kept.

    Attributes:
        entry: Its line in the list.
        request: What was asked for; None where only the plan is known.
        plan: Its jobs.
        state: Where it stands: as it was live but for signs of life and old log lines. What a
            crash left under way counts as stopped.
        machine: The machine's readings at the start, as JSON values; None where unknown.
        versions: Version of racetop and Python by name.
        readings: Looks at the machine meanwhile, as JSON values.
    """

    entry: Entry
    request: Request | None
    plan: Plan
    state: ComparisonState
    machine: Mapping[str, Any] | None
    versions: Mapping[str, str]
    readings: tuple[Mapping[str, Any], ...] = ()


def load(connection: sqlite3.Connection, entry: Entry) -> Saved:
    """All that was kept of a comparison.

    Raises:
        HistoryError: This version of racetop cannot read it.
    """
    row = connection.execute(
        "SELECT plan, request, machine, versions FROM settings WHERE comparison = ?", [entry.id]
    ).fetchone()
    events = connection.execute(
        "SELECT job, trial, line FROM events WHERE comparison = ? ORDER BY seq", [entry.id]
    )
    readings = connection.execute(
        "SELECT reading FROM readings WHERE comparison = ? ORDER BY seq", [entry.id]
    )
    plan_text, request, machine, versions = row
    with understood(f"comparison {entry.id}"):
        plan = Plan.from_wire(json.loads(plan_text))
        lines = ((RunKey(job=job, trial=trial), from_line(line)) for job, trial, line in events)
        state = replay(plan, lines)
        return Saved(
            entry=entry,
            request=Request.from_wire(json.loads(request)) if request else None,
            plan=plan,
            state=state if entry.status == RUNNING else settled(state),
            machine=json.loads(machine) if machine else None,
            versions=json.loads(versions),
            readings=tuple(json.loads(reading) for (reading,) in readings),
        )


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turns whatever goes wrong in reading a comparison into words.

    Raises:
        HistoryError: It was written by another version, or by another program.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise HistoryError(
            f"{what} cannot be read by this version of racetop "
            f"({type(error).__name__}: {printable(str(error))}); the version that wrote it can"
        ) from error


def replay(plan: Plan, events: Iterable[tuple[RunKey, Event]]) -> ComparisonState:
    """The state after these events, from the start.

    Raises:
        KeyError: An event is of a run that the plan does not have.
        ValueError: The plan has too many runs to be true.
    """
    if plan.trials * len(plan.jobs) > _MOST_RUNS:
        raise ValueError(f"more than {_MOST_RUNS:,} runs")
    runs = dict(ComparisonState.of(plan).runs)
    for key, event in events:
        runs[key] = apply_line(runs[key], event)
    return ComparisonState(plan=plan, runs=MappingProxyType(runs))


def settled(state: ComparisonState) -> ComparisonState:
    """The state once nothing more comes: what was under way counts as stopped."""
    runs = {key: _settled(run) for key, run in skip_waiting(state).runs.items()}
    return replace(state, runs=MappingProxyType(runs))


def _settled(run: RunState) -> RunState:
    if run.status.is_over:
        return run
    status = RunStatus.STOPPED if run.error is None else RunStatus.FAILED
    return replace(run, status=status, stage=None, current=None, interrupted=run.error is None)
