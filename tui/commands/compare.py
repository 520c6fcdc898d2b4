"""`racetop compare`: a comparison without a screen."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, TextIO

from runners.comparison import RunWorker
from runners.devices import best_accelerator
from runners.events import Event
from runners.history.store import History, HistoryError, Recorder
from runners.paths import cache_dir, check_data, data_dir, history_path
from runners.planning import make_plan
from runners.reports.render import render
from runners.sparing import cut_short
from runners.spec import Order, Plan, Request, RunKey, named_workloads
from runners.state import ComparisonState, RunStatus
from sensors.sampler import take_reading
from sensors.snapshot import snapshot
from sensors.system.cores import usable_cores
from tui.commands.output import Output, output_from, write_output
from tui.commands.progress import Progress
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
        history = _history(progress) if is_kept else None
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
                recorder=_Telling(recorder, progress) if recorder else None,
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
        _tell_what_is_kept(recorder, state, progress)
    failed = any(run.status is RunStatus.FAILED for run in state.runs.values())
    return 128 + ended_by if ended_by else int(failed or not is_written)


def progress_on(stderr: TextIO, *, is_quiet: bool) -> Progress:
    """Progress on a stream, on one line where it is a terminal that can rewrite it."""
    if isinstance(stderr, io.TextIOWrapper):
        stderr.reconfigure(errors="replace")
    is_live = stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Progress(stderr, quiet=is_quiet, is_live=is_live)


def _history(progress: Progress) -> History | None:
    """The history; None where nothing is to be kept, or nothing can be, which is told."""
    path = history_path()
    if path is None:
        return None
    try:
        return History.open(path)
    except HistoryError as error:
        progress.say(f"not saved: {error}")
        return None


class _Telling:
    """Keeps what happens, and tells at once, not only at the end, why that cannot be."""

    def __init__(self, recorder: Recorder, progress: Progress) -> None:
        self._recorder = recorder
        self._progress = progress
        self._told: str | None = None

    def event(self, key: RunKey, event: Event) -> None:
        self._recorder.event(key, event)
        if self._recorder.problem != self._told:
            self._told = self._recorder.problem
            self._progress.say(self._told or "saved again, all of it")

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        self._recorder.spared(keys, why)

    def finish(self, state: ComparisonState) -> None:
        self._recorder.finish(state)


def _tell_what_is_kept(recorder: Recorder, state: ComparisonState, progress: Progress) -> None:
    recorder.close()
    is_stopped = any(run.status is RunStatus.STOPPED for run in state.runs.values())
    if recorder.problem is not None:
        progress.say(recorder.problem)
    elif is_stopped or cut_short(state):
        progress.say(
            f"saved as comparison {recorder.id}; "
            f"'racetop history resume {recorder.id}' goes on with it"
        )
    else:
        progress.note(f"saved as comparison {recorder.id}")
