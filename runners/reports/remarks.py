"""What a comparison's figures say and do not say, and what went wrong, in sentences. Pure."""

from __future__ import annotations

from runners.diagnosis import verdict
from runners.reports.figures import seconds
from runners.state import ComparisonState
from runners.statistics import spread, steady_epoch_s
from runners.text import counted, printable


def remarks(state: ComparisonState) -> tuple[str, ...]:
    """The sentences, printable: the verdict, spreads over trials, warnings, failures."""
    lines = [*verdict(state), *_spreads(state), *_warnings(state), *_errors(state)]
    return tuple(map(printable, lines))


def _spreads(state: ComparisonState) -> list[str]:
    if state.plan.trials == 1:
        return []
    lines = []
    for place, job in enumerate(state.plan.jobs):
        figures = map(steady_epoch_s, state.runs_of(place))
        if found := spread([value for value in figures if value is not None]):
            lines.append(
                f"{job.label}: steady {job.workload.unit}s {seconds(found.low)} to "
                f"{seconds(found.high)} s over {counted(found.count, 'trial')}."
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
