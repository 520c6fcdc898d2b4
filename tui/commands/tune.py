"""`racetop tune`: tries each setting briefly, keeps what wins, and prints the table."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.history.store import History, Recorder
from runners.launching.warm import WarmWorkers
from runners.paths import cache_dir, data_dir
from runners.planning import make_plan
from runners.reports.command_line import command_line
from runners.spec import Order, Plan, Request, UsageError
from runners.state import ComparisonState
from runners.statistics import Ratio
from runners.text import printable
from runners.tuning import BF16, Decision, Trial, Tuned, Tuning, gain_in_words, with_found
from runners.workloads import JobSettings
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.keeping import Telling, open_history, tell_what_is_kept
from tui.commands.progress import Progress, progress_on
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
    reading = take_reading()
    accelerator = best_accelerator(reading)
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
    progress = progress_on(stderr, is_quiet=False)
    with ExitStack() as ended:
        history = open_history(progress) if is_kept else None
        if history is not None:
            ended.callback(history.close)
        parts = _Parts(progress, run_worker, history, machine)
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            outcome = runner.run(parts.tuned(settings, trial_s))
        progress.finish()
        parts.tell_what_is_kept()
    command = command_line(with_found(request, outcome, settings))
    stdout.write(_json(outcome, command) if as_json else to_text(outcome, command))
    stdout.flush()
    if parts.ended_by is not None:
        return 128 + parts.ended_by
    return 0 if any(trial.samples_per_s is not None for trial in outcome.trials) else 1


class _Parts:
    """Runs the plans of a tuning one after the other, each kept as a comparison of its own."""

    def __init__(
        self,
        progress: Progress,
        run_worker: RunWorker | None,
        history: History | None,
        machine: Mapping[str, Any] | None,
    ) -> None:
        self.ended_by: int | None = None
        self._progress = progress
        self._run_worker = run_worker
        self._history = history
        self._machine = machine
        self._kept: list[tuple[Recorder, ComparisonState]] = []

    async def tuned(self, settings: JobSettings, trial_s: float) -> Tuned:
        warm = WarmWorkers()

        async def run(part: Plan) -> ComparisonState:
            return await self._run(part, self._run_worker or warm.run_worker)

        try:
            return await Tuning(settings, trial_s=trial_s, run_plan=run).run()
        finally:
            warm.close()

    def tell_what_is_kept(self) -> None:
        for recorder, state in self._kept:
            tell_what_is_kept(recorder, state, self._progress)

    async def _run(self, part: Plan, run_worker: RunWorker) -> ComparisonState:
        recorder = self._history.begin(part, None, self._machine) if self._history else None
        telling = Telling(recorder, self._progress) if recorder else None
        state, self.ended_by = await run_plan(part, self._progress, run_worker, recorder=telling)
        if recorder is not None:
            self._kept.append((recorder, state))
        return state


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
