"""What commands that run something say of the history that keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from runners.events import Event
from runners.history.store import History, HistoryError, Recorder
from runners.paths import history_path
from runners.sparing import cut_short
from runners.spec import RunKey
from runners.state import ComparisonState, RunStatus
from tui.commands.progress import Progress


def open_history(progress: Progress) -> History | None:
    """The history; None where nothing is to be kept, or nothing can be, which is told."""
    path = history_path()
    if path is None:
        return None
    try:
        return History.open(path)
    except HistoryError as error:
        progress.say(f"not saved: {error}")
        return None


class Telling:
    """Keeps what happens, and tells at once, not only at the end, why that cannot be."""

    def __init__(self, recorder: Recorder, progress: Progress) -> None:
        self._recorder = recorder
        self._progress = progress
        self._told: str | None = None

    def event(self, key: RunKey, event: Event) -> None:
        """See `runners.comparison.Recorder`."""
        self._recorder.event(key, event)
        if self._recorder.problem != self._told:
            self._told = self._recorder.problem
            self._progress.say(self._told or "saved again, all of it")

    def spared(self, keys: Iterable[RunKey], why: str) -> None:
        """See `runners.comparison.Recorder`."""
        self._recorder.spared(keys, why)

    def finish(self, state: ComparisonState) -> None:
        """See `runners.comparison.Recorder`."""
        self._recorder.finish(state)


def tell_what_is_kept(recorder: Recorder, state: ComparisonState, progress: Progress) -> None:
    """Wait until all is written, and say as which comparison, or why it is not."""
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
