"""`racetop compare`: a comparison without a screen."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.paths import cache_dir, check_data, data_dir
from runners.planning import make_plan
from runners.reports.document import to_csv, to_json
from runners.reports.html import to_html
from runners.reports.table import to_markdown, to_text
from runners.spec import Order, Request, UsageError, named_workloads
from runners.state import ComparisonState, RunStatus
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.progress import Progress
from tui.commands.running import run_plan
from tui.options import request_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What to print; a table for people where none is chosen.

    Attributes:
        json: The whole result, schema `racetop.comparison/1`.
        csv: A line for each epoch.
        markdown: A table to paste into a README.
        html: A file to write a report to, beside what is printed.
        quiet: Whether to say nothing of the progress.
    """

    json: bool = False
    csv: bool = False
    markdown: bool = False
    html: Path | None = None
    quiet: bool = False


def run_compare(options: argparse.Namespace) -> int:
    """Run the command with its parsed options.

    Returns:
        See `compare`.

    Raises:
        UsageError: Something asked for is unknown.
    """
    named_workloads(options.workload)
    check_data(options.data)
    reading = take_reading()
    request = request_from(options, accelerator=best_accelerator(reading), order=Order.IN_TURN)
    output = Output(
        json=options.json,
        csv=options.csv,
        markdown=options.markdown,
        html=options.html,
        quiet=options.quiet,
    )
    return compare(request, output, sys.stdout, sys.stderr, machine=snapshot(reading))


def compare(
    request: Request,
    output: Output,
    stdout: TextIO,
    stderr: TextIO,
    *,
    machine: Mapping[str, Any] | None = None,
    run_worker: RunWorker | None = None,
) -> int:
    """Run a comparison; progress goes to `stderr`, the result to `stdout`.

    SIGINT, SIGTERM and SIGHUP stop it politely and what is done is printed; a second one kills.

    Args:
        request: What to compare.
        output: What to print.
        stdout: For the result.
        stderr: For everything else.
        machine: The machine's readings as JSON values; None where unknown.
        run_worker: Runs one job and reports its events; None for warm workers.

    Returns:
        0 all jobs done, 1 a job failed, 128 and the signal's number when one ended it.

    Raises:
        UsageError: Something asked for is unknown.
    """
    plan = make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())
    if output.html is not None:
        _check_html(output.html)
    for stream in (stdout, stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    is_live = stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    progress = Progress(stderr, quiet=output.quiet, is_live=is_live)
    progress.tell_notes(plan)
    # A loop of our own: a caller's loop, where it has one, stays as it is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        state, ended_by = runner.run(run_plan(plan, progress, run_worker))
    progress.finish()
    written = output.html is None or _write_html(state, output.html, progress)
    try:
        stdout.write(_result(state, output, machine))
        stdout.flush()
    except OSError:
        # After SIGHUP the terminal is often gone; there is nobody to tell.
        if ended_by is None:
            raise
    failed = any(run.status is RunStatus.FAILED for run in state.runs.values())
    return 128 + ended_by if ended_by else int(failed or not written)


def _result(state: ComparisonState, output: Output, machine: Mapping[str, Any] | None) -> str:
    if output.json:
        return json.dumps(to_json(state, machine), indent=2, allow_nan=False) + "\n"
    if output.csv:
        return to_csv(state)
    return to_markdown(state) if output.markdown else to_text(state)


def _check_html(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"'{path}' is a directory; name a file to write the report to")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"no directory '{path.parent}' to write the report to")


def _write_html(state: ComparisonState, path: Path, progress: Progress) -> bool:
    """Whether it could be written."""
    try:
        path.write_text(to_html(state), encoding="utf-8", errors="replace")
    except OSError as error:
        progress.say(f"the report could not be written: {error}")
        return False
    return True
