"""`racetop tune`: tries each setting briefly, keeps what wins, and prints the table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.paths import cache_dir, data_dir
from runners.planning import make_plan
from runners.reports.command_line import command_line
from runners.spec import Request, UsageError
from runners.statistics import Ratio
from runners.text import printable
from runners.tuning import BF16, Decision, Trial, Tuned, Tuning, gain_in_words, with_found
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.parts import Parts
from tui.commands.progress import progress_on
from tui.options import one_job_request

SCHEMA = "racetop.tuning/1"
_HEADER = ("setting", "samples/s", "against tuned", "95 % interval", "decision")


def run_tune(options: argparse.Namespace) -> int:
    """Run the command with its parsed options.

    Returns:
        See `tune`.

    Raises:
        UsageError: Something asked for is unknown, or more than one job is.
    """
    reading = take_reading()
    request = one_job_request(options, best_accelerator(reading))
    return tune(
        request,
        sys.stdout,
        sys.stderr,
        trial_s=options.trial_seconds,
        as_json=options.json,
        machine=snapshot(reading),
        is_kept=options.history,
    )


def tune(
    request: Request,
    stdout: TextIO,
    stderr: TextIO,
    *,
    trial_s: float,
    as_json: bool,
    machine: Mapping[str, Any] | None = None,
    run_worker: RunWorker | None = None,
    is_kept: bool = True,
) -> int:
    """Try the settings that fit a job; progress goes to `stderr`, the table to `stdout`.

    Args:
        request: What to tune: one job.
        stdout: For the result.
        stderr: For everything else.
        trial_s: About how long a steady epoch of a trial shall take, in seconds.
        as_json: Whether to print JSON, schema `racetop.tuning/1`.
        machine: The machine's readings as JSON values; None where unknown.
        run_worker: Runs one job and reports its events; None for warm workers.
        is_kept: Whether the history keeps what is tried, if there is one.

    Returns:
        0 when the loop that is tuned could be measured, else 1; 128 and the signal's number when
        one ended it, which leaves the table of what was tried.

    Raises:
        UsageError: Something asked for is unknown, or more than one job is.
    """
    plan = make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())
    if len(plan.jobs) != 1:
        raise UsageError("tune takes one workload, one device and one value of each option")
    settings = plan.jobs[0].settings
    parts = Parts(
        progress_on(stderr, is_quiet=False), run_worker=run_worker, machine=machine, is_kept=is_kept
    )
    outcome = parts.work(lambda run: Tuning(settings, trial_s=trial_s, run_plan=run).run())
    command = command_line(with_found(request, outcome, settings))
    stdout.write(_json(outcome, command) if as_json else to_text(outcome, command))
    stdout.flush()
    if parts.ended_by is not None:
        return 128 + parts.ended_by
    return 0 if any(trial.samples_per_s is not None for trial in outcome.trials) else 1


def to_text(outcome: Tuned, command: str) -> str:
    """The table for a terminal, what it comes to, and the command line that repeats it.

    Args:
        outcome: What was tried.
        command: The command line.
    """
    rows = [_HEADER, *(_row(trial) for trial in outcome.trials)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{cell:<{width}}" if place in (0, len(row) - 1) else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    failed = [trial for trial in outcome.trials if trial.why is not None]
    lines += ["", *(f"{trial.name} failed: {printable(trial.why or '')}" for trial in failed)]
    gain = gain_in_words(outcome.gain)
    lines += [f"With what is kept: {gain}."] if gain else []
    if not outcome.is_complete:
        lines.append("Stopped before all was tried.")
    look = ": look at a whole run's accuracy before you keep bf16"
    lines += [
        f"Brief trials tell of speed only{look if BF16 in outcome.kept else ''}.",
        f"  {command}",
    ]
    return "\n".join(lines) + "\n"


def _row(trial: Trial) -> tuple[str, ...]:
    ratio = trial.ratio
    has_ratio = ratio is not None and ratio.value is not None
    return (
        trial.name,
        "n/a" if trial.samples_per_s is None else f"{trial.samples_per_s:,.0f}",
        f"{ratio.value:.2f}x" if ratio is not None and has_ratio else "",
        f"{ratio.low:.2f} to {ratio.high:.2f}"
        if ratio is not None and ratio.low is not None and ratio.high is not None
        else "",
        "" if trial.decision is Decision.REFERENCE else str(trial.decision),
    )


def _json(outcome: Tuned, command: str) -> str:
    def of_ratio(ratio: Ratio | None) -> dict[str, Any] | None:
        if ratio is None:
            return None
        return {"value": ratio.value, "low": ratio.low, "high": ratio.high}

    document = {
        "schema": SCHEMA,
        "command": command,
        "settings": outcome.settings.to_wire(),
        "gain": of_ratio(outcome.gain),
        "is_complete": outcome.is_complete,
        "trials": [
            {
                "name": trial.name,
                "samples_per_s": trial.samples_per_s,
                "ratio": of_ratio(trial.ratio),
                "decision": str(trial.decision),
                "why": trial.why,
            }
            for trial in outcome.trials
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
