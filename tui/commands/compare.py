"""`racetop compare`: a comparison without a screen."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.history.store import Recorder
from runners.paths import cache_dir, check_data, data_dir
from runners.planning import make_plan
from runners.reports.render import render
from runners.spec import Order, Plan, Request, named_workloads
from runners.state import ComparisonState, RunStatus
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.keeping import Telling, open_history, tell_what_is_kept
from tui.commands.output import Output, output_from, write_output
from tui.commands.progress import Progress, progress_on
from tui.commands.running import run_plan
from tui.options import request_from


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
    return compare(
        request_from(options, accelerator=best_accelerator(reading), order=Order.IN_TURN),
        output_from(options),
        sys.stdout,
        sys.stderr,
        machine=snapshot(reading),
        is_quiet=options.quiet,
        is_kept=options.history,
    )


def compare(
    request: Request,
    output: Output,
    stdout: TextIO,
    stderr: TextIO,
    *,
    machine: Mapping[str, Any] | None = None,
    run_worker: RunWorker | None = None,
    is_quiet: bool = False,
    is_kept: bool = True,
) -> int:
    """Run a comparison; progress goes to `stderr`, the result to `stdout`.

    Args:
        request: What to compare.
        output: What to print.
        stdout: For the result.
        stderr: For everything else.
        machine: The machine's readings as JSON values; None where unknown.
        run_worker: Runs one job and reports its events; None for warm workers.
        is_quiet: Whether to say nothing of the progress.
        is_kept: Whether the history keeps it, if there is one.

    Returns:
        See `carry_out`.

    Raises:
        UsageError: Something asked for is unknown.
    """
    plan = make_plan(request, usable_cores(), data_dir=data_dir(), cache_dir=cache_dir())
    output.check()
    progress = progress_on(stderr, is_quiet=is_quiet)
    progress.tell_notes(plan)
    with ExitStack() as ended:
        history = open_history(progress) if is_kept else None
        recorder = None
        if history is not None:
            ended.callback(history.close)
            recorder = history.begin(plan, request, machine)
        return carry_out(
            plan,
            output,
            stdout,
            progress,
            request=request,
            machine=machine,
            run_worker=run_worker,
            recorder=recorder,
        )


def carry_out(
    plan: Plan,
    output: Output,
    stdout: TextIO,
    progress: Progress,
    *,
    request: Request | None,
    machine: Mapping[str, Any] | None,
    run_worker: RunWorker | None,
    state: ComparisonState | None = None,
    recorder: Recorder | None,
) -> int:
    """Run a plan and print its result.

    SIGINT, SIGTERM and SIGHUP stop it politely and what is done is printed; a second one kills.

    Args:
        plan: What to run.
        output: What to print.
        stdout: For the result.
        progress: For everything else.
        request: What was asked for; None where only the plan is known.
        machine: The machine's readings as JSON values; None where unknown.
        run_worker: Runs one job and reports its events; None for warm workers.
        state: Where to go on; None starts from nothing.
        recorder: Keeps what happens; None keeps nothing.

    Returns:
        0 all jobs done, 1 a job failed, 128 and the signal's number when one ended it.
    """
    # A loop of our own: a caller's loop, where it has one, stays as it is.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        state, ended_by = runner.run(
            run_plan(
                plan,
                progress,
                run_worker,
                state=state,
                recorder=Telling(recorder, progress) if recorder else None,
            )
        )
    progress.finish()
    is_written = False
    try:
        rendered = partial(render, state, machine=machine, request=request)
        is_written = write_output(output, rendered, stdout, progress.say)
    except BrokenPipeError:
        # After SIGHUP the reader is often gone; there is nobody to tell.
        if ended_by is None:
            raise
    if recorder is not None:
        tell_what_is_kept(recorder, state, progress)
    failed = any(run.status is RunStatus.FAILED for run in state.runs.values())
    return 128 + ended_by if ended_by else int(failed or not is_written)
