"""What the processes of a loader take."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from torch.utils.data import DataLoader

from runners.events import LoaderUse
from runners.worker.batches import Batches

_PROCESSES = Path("/proc")
_ASK_EVERY_S = 0.1
_KIB = 1024

Pids = Callable[[], Sequence[int]]


def _living() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid]


class LoaderWatch:
    """Watches the processes that a loader starts.

    Reading a process's memory has the kernel walk through all of its pages, ten milliseconds for
    each. So it is done once in a training, in its first epoch, by a thread of its own, as soon
    as each loader process has handed over a batch.
    """

    def __init__(
        self,
        processes: int,
        start_method: str,
        steps_done: Callable[[], int],
        *,
        pids: Pids = _living,
        folder: Path = _PROCESSES,
        ask_every_s: float = _ASK_EVERY_S,
    ) -> None:
        """Prepare to watch.

        Args:
            processes: How many the loader has.
            start_method: How they are started.
            steps_done: Tells the steps trained so far.
            pids: Numbers of the living processes.
            folder: Where the system tells of processes.
            ask_every_s: How often to ask for the steps.
        """
        self._processes = processes
        self._start_method = start_method
        self._steps_done = steps_done
        self._pids = pids
        self._folder = folder
        self._ask_every_s = ask_every_s
        self._is_first = True
        self._memory_bytes: int | None = None

    @classmethod
    def of(cls, source: Batches, steps_done: Callable[[], int]) -> Self | None:
        """A watch over the processes of a source of batches; None where it has none."""
        if not isinstance(source, DataLoader) or not source.num_workers:
            return None
        context = source.multiprocessing_context or multiprocessing
        return cls(source.num_workers, context.get_start_method(), steps_done)

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Watch over an epoch."""
        if not self._is_first:
            yield
            return
        self._is_first = False
        is_over = threading.Event()
        look = threading.Thread(target=self._look, args=(is_over,), name="loader memory")
        look.start()
        try:
            yield
        finally:
            is_over.set()
            look.join()

    def use(self, cpu_s: float | None) -> LoaderUse:
        """What the processes took in an epoch, their CPU time being known."""
        return LoaderUse(
            processes=self._processes,
            start_method=self._start_method,
            cpu_s=cpu_s,
            memory_bytes=self._memory_bytes,
        )

    def _look(self, is_over: threading.Event) -> None:
        each_has_handed_over = self._steps_done() + self._processes
        while not is_over.wait(self._ask_every_s):
            if self._steps_done() >= each_has_handed_over:
                self._memory_bytes = memory_bytes(self._pids(), self._folder)
                return


def memory_bytes(pids: Sequence[int], folder: Path = _PROCESSES) -> int | None:
    """Memory of processes, what several share told once (PSS); None where one is not known."""
    try:
        return sum(_proportional_bytes(folder / str(pid) / "smaps_rollup") for pid in pids) or None
    except (OSError, ValueError, IndexError):
        return None


def _proportional_bytes(rollup: Path) -> int:
    (line,) = (ln for ln in rollup.read_text().splitlines() if ln.startswith("Pss:"))
    return int(line.split()[1]) * _KIB
