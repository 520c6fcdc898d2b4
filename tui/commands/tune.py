"""`racetop tune`: tries each setting briefly, keeps what wins, and prints the table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import replace
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.launching.warm import WarmWorkers
from runners.paths import cache_dir, data_dir
from runners.planning import make_plan
from runners.reports.command_line import command_line
from runners.spec import Order, Plan, Request, UsageError
from runners.state import ComparisonState
from runners.statistics import Ratio
from runners.text import printable
from runners.tuning import Decision, Trial, Tuned, Tuning
from runners.workloads import JobSettings
from sensors.sampler import take_reading
from sensors.system.cores import usable_cores
from tui.commands.progress import Progress
from tui.commands.running import run_plan
from tui.options import request_from

SCHEMA = "racetop.tuning/1"
_HEADER = ("setting", "samples/s", "against tuned", "95 % interval", "decision")


def run_tune(options: argparse.Namespace) -> int:
    """Run the command with its parsed options.

    Returns:
        See `tune`.

    Raises:
        UsageError: Something asked for is unknown, or more than one job is.
    """
    accelerator = best_accelerator(take_reading())
    request = request_from(options, accelerator=accelerator, order=Order.IN_TURN)
    if not options.devices:
        request = replace(request, devices=(accelerator or "cpu",))
    if not options.variant:
        request = replace(request, variants=())
    return tune(
        request,
        sys.stdout,
        sys.stderr,
        trial_s=options.trial_seconds,
        as_json=options.json,
    )


def tune(
    request: Request,
    stdout: TextIO,
    stderr: TextIO,
    *,
    trial_s: float,
    as_json: bool,
    run_worker: RunWorker | None = None,
) -> int:
    """Try the settings that fit a job; progress goes to `stderr`, the table to `stdout`.

    Args:
        request: What to tune: one job.
        stdout: For the result.
        stderr: For everything else.
        trial_s: About how long a steady epoch of a trial shall take, in seconds.
        as_json: Whether to print JSON, schema `racetop.tuning/1`.
        run_worker: Runs one job and reports its events; None for warm workers.

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
    is_live = stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    progress = Progress(stderr, quiet=False, is_live=is_live)
    warm = WarmWorkers()

    ended_by: list[int] = []

    async def run(part: Plan) -> ComparisonState:
        state, number = await run_plan(part, progress, run_worker or warm.run_worker)
        ended_by.extend([number] if number else [])
        return state

    async def run_all() -> Tuned:
        try:
            return await Tuning(settings, trial_s=trial_s, run_plan=run).run()
        finally:
            warm.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        outcome = runner.run(run_all())
    progress.finish()
    command = command_line(_with(request, outcome.settings, settings))
    stdout.write(_json(outcome, command) if as_json else to_text(outcome, command))
    stdout.flush()
    if ended_by:
        return 128 + ended_by[0]
    return 0 if any(trial.samples_per_s is not None for trial in outcome.trials) else 1


def _with(request: Request, found: JobSettings, before: JobSettings) -> Request:
    """What was asked for, with the settings that were found instead."""
    threads = request.threads if found.threads == before.threads else (found.threads or 1,)
    return replace(
        request,
        variants=(found.variant,),
        precisions=(found.precision,),
        compiles=(found.compile,),
        threads=threads,
        channels_last=found.channels_last,
        fused=found.fused,
    )


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
    if outcome.gain is not None and outcome.gain.value is not None:
        interval = _interval(outcome.gain)
        lines.append(f"With what is kept: {outcome.gain.value:.2f}x the loop as written{interval}.")
    if not outcome.is_complete:
        lines.append("Stopped before all was tried.")
    look = ": look at a whole run's accuracy before you keep bf16"
    is_bf16 = "--precision bf16" in outcome.options
    lines += [f"Brief trials tell of speed only{look if is_bf16 else ''}.", f"  {command}"]
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


def _interval(ratio: Ratio) -> str:
    if ratio.low is None or ratio.high is None:
        return ""
    return f" (95 % interval {ratio.low:.2f}x to {ratio.high:.2f}x)"


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
