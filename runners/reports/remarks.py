"""What a comparison's figures say and do not say, and what went wrong, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runners.reports.beginning import disturbances
from runners.reports.figures import seconds
from runners.reports.machine import remarks as slowed
from runners.state import ComparisonState
from runners.statistics import steady_epoch_s
from runners.text import counted, printable
from runners.verdict import verdict


def remarks(state: ComparisonState, machine: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The sentences, printable: the verdict, what disturbed it, spreads, warnings, failures.

    Args:
        state: The comparison.
        machine: The readings of the machine as it began; None where unknown.
    """
    lines = [*verdict(state), *slowed(state), *disturbances(state, machine), *_spreads(state)]
    return (*map(printable, lines), *troubles(state))


def troubles(state: ComparisonState) -> tuple[str, ...]:
    """What workers warned of, and what runs failed of, in sentences, printable."""
    return tuple(map(printable, [*_warnings(state), *_errors(state)]))


def _spreads(state: ComparisonState) -> list[str]:
    if state.plan.trials == 1:
        return []
    lines = []
    for place, job in enumerate(state.plan.jobs):
        runs = state.runs_of(place)
        times_s = [time_s for run in runs if (time_s := steady_epoch_s(run)) is not None]
        if len(times_s) > 1:
            ends = dict.fromkeys((seconds(min(times_s)), seconds(max(times_s))))
            lines.append(
                f"{job.label}: steady {job.workload.unit}s {' to '.join(ends)} s "
                f"over {counted(len(times_s), 'trial')}."
            )
    return lines


def _warnings(state: ComparisonState) -> list[str]:
    lines = []
    for key, run in state.runs.items():
        label = state.plan.jobs[key.job].label
        lines += [f"{label}: {text}" for text in run.warnings]
        if run.unreadable_lines:
            count = counted(run.unreadable_lines, "line")
            lines.append(f"{label}: {count} of its report could not be read and are left out.")
    return list(dict.fromkeys(lines))


def _errors(state: ComparisonState) -> list[str]:
    lines = []
    for key, run in state.runs.items():
        if run.error is not None:
            trial = f", trial {key.trial + 1}" if state.plan.trials > 1 else ""
            remedy = f" {run.error.remedy}" if run.error.remedy else ""
            label = state.plan.jobs[key.job].label
            lines.append(f"{label}{trial} failed: {run.error.message}{remedy}")
    return lines
