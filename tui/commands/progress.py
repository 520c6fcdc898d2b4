"""What `racetop compare` says on standard error while it runs."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from typing import TextIO

from runners.events import EpochFinished, Event, Heartbeat
from runners.machine.slowed import slowed
from runners.process_events import EpochObserved, WorkerExited
from runners.spec import Plan, RunKey
from runners.state import ComparisonState, RunState, RunStatus
from runners.text import printable, shorten
from tui import format as fmt

SILENT_FOR_S = 60.0
_REDRAW_EVERY_S = 0.1
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Tells how far the runs are: one line that changes on a terminal, else a line an epoch.

    A stream that has gone away is not an error: the comparison goes on without it.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool,
        is_live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Tell it on a stream.

        Args:
            stream: Where to write.
            quiet: Whether to keep still but for warnings.
            is_live: Whether the stream is a terminal that can rewrite a line.
            clock: Monotonic clock, in seconds.
        """
        self._stream = stream
        self._quiet = quiet
        self._is_live = is_live
        self._clock = clock
        self._drawn_s = float("-inf")
        self._sign_of_life_s: dict[RunKey, float] = {}
        self._state: ComparisonState | None = None
        self._told_slowed: set[RunKey] = set()

    def tell_notes(self, plan: Plan) -> None:
        """Say what has to be known of the plan before it starts."""
        for note in plan.notes:
            self.note(note)

    def show(self, state: ComparisonState, key: RunKey | None, event: Event | None) -> None:
        """Take in a change of the comparison."""
        self._state = state
        if key is None or event is None:
            return
        if isinstance(event, EpochObserved):
            self._tell_slowed(state, key, event)
            return
        if isinstance(event, WorkerExited):
            self._sign_of_life_s.pop(key, None)
        elif not isinstance(event, Heartbeat):
            self._sign_of_life_s[key] = self._clock()
        if not self._quiet:
            self._show_event(state, key, event)

    def _show_event(self, state: ComparisonState, key: RunKey, event: Event) -> None:
        if self._is_live:
            self._redraw(state)
        elif isinstance(event, EpochFinished):
            self._write(f"{_name(state, key)}: {_epoch_text(state, key, event)}\n")
        elif isinstance(event, WorkerExited):
            self._write(f"{_name(state, key)}: {_end_text(state.runs[key])}\n")

    def tell_silent_runs(self) -> None:
        """Warn, once, of each run that has not moved on for a minute."""
        for key, since_s in list(self._sign_of_life_s.items()):
            if self._state is not None and self._clock() - since_s >= SILENT_FOR_S:
                del self._sign_of_life_s[key]
                doing = self._state.runs[key].stage or self._state.runs[key].status
                self.say(
                    f"{_name(self._state, key)}: no progress for {SILENT_FOR_S:.0f} s "
                    f"({doing}); it is left running, Ctrl-C stops it"
                )

    def _tell_slowed(self, state: ComparisonState, key: RunKey, event: EpochObserved) -> None:
        """Say of each run's first epoch that heat or power slowed that they did."""
        took_s = next((e.epoch_s for e in state.runs[key].epochs if e.epoch == event.epoch), None)
        found = slowed(event.machine, took_s) if took_s and key not in self._told_slowed else None
        if found is not None:
            self._told_slowed.add(key)
            unit = state.plan.jobs[key.job].workload.unit
            self.note(f"{_name(state, key)}: {unit} {event.epoch} was {found.in_words()}")

    def note(self, text: str) -> None:
        """Write a line of its own, unless to keep still."""
        if not self._quiet:
            self.say(text)

    def say(self, text: str) -> None:
        """Write a line of its own."""
        clear = _CLEAR_LINE if self._is_live else ""
        self._write(f"{clear}racetop: {printable(text)}\n")

    def finish(self) -> None:
        """Take the changing line away."""
        if self._is_live and not self._quiet:
            self._write(_CLEAR_LINE)

    def _redraw(self, state: ComparisonState) -> None:
        if self._clock() - self._drawn_s < _REDRAW_EVERY_S:
            return
        self._drawn_s = self._clock()
        active = [
            f"{_name(state, key)} {_progress_text(run, state.plan.jobs[key.job].workload.unit)}"
            for key, run in state.runs.items()
            if run.pid is not None and not run.status.is_over
        ]
        done = sum(run.status.is_over for run in state.runs.values())
        line = f"{done}/{len(state.runs)} done  {'  |  '.join(active)}"
        self._write(_CLEAR_LINE + shorten(printable(line), self._columns() - 1))

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._quiet = True


def progress_on(stderr: TextIO, *, is_quiet: bool) -> Progress:
    """Progress on a stream, on one line where it is a terminal that can rewrite it."""
    if isinstance(stderr, io.TextIOWrapper):
        stderr.reconfigure(errors="replace")
    is_live = stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Progress(stderr, quiet=is_quiet, is_live=is_live)


def _name(state: ComparisonState, key: RunKey) -> str:
    label = printable(state.plan.jobs[key.job].label)
    return f"{label} trial {key.trial + 1}" if state.plan.trials > 1 else label


def _progress_text(run: RunState, unit: str) -> str:
    if run.status is RunStatus.STARTING:
        return str(run.stage or "starting")
    if run.current is None:
        return str(run.status)
    text = f"{unit} {run.current.epoch}/{run.current.epochs}"
    if run.progress is None or not run.progress.steps:
        return text
    text += f" {run.progress.step * 100 // run.progress.steps} %"
    if run.progress.elapsed_s > 0:
        text += f" {fmt.speed(run.progress.samples / run.progress.elapsed_s)} samples/s"
    return text


def _epoch_text(state: ComparisonState, key: RunKey, event: EpochFinished) -> str:
    job = state.plan.jobs[key.job]
    speed = event.samples / event.epoch_s if event.epoch_s > 0 else None
    text = (
        f"{job.workload.unit} {event.epoch}/{job.settings.epochs}  {fmt.seconds(event.epoch_s)}  "
        f"{fmt.speed(speed)} samples/s"
    )
    return text if event.train_loss is None else f"{text}  loss {event.train_loss:.4f}"


def _end_text(run: RunState) -> str:
    return f"{run.status}: {printable(run.error.message)}" if run.error else str(run.status)
