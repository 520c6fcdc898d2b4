"""Who uses one GPU, as the driver tells it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from sensors.gpus.questions import Answer, Questions
from sensors.gpus.schedule import PROCESSES_S, RARELY_S, SELDOM_S
from sensors.gpus.single_questions import share_pct
from sensors.readings import ProcessReading

_LISTS = {"C": "Compute", "G": "Graphics", "M": "MPSCompute"}
# How soon a list that was empty is asked again.
_EMPTY_EVERY_S = {"C": PROCESSES_S, "G": SELDOM_S, "M": RARELY_S}
_NO_INSTANCE = 0xFFFFFFFF
_FIRST_WINDOW_US = 2_000_000

# A process on one instance of a card; None for the instance on a whole card.
_Place: TypeAlias = tuple[int, int | None]


class GpuProcesses:
    """The processes on one card: three lists and their use, each asked in its own time.

    Args:
        questions: Asks the card.
        uuid: The card's identity.
        index: NVML index.
        wall_clock: Wall clock, in seconds since the epoch.
    """

    def __init__(
        self, questions: Questions, uuid: str, index: int, wall_clock: Callable[[], float]
    ) -> None:
        self._questions = questions
        self._uuid = uuid
        self._index = index
        self._wall_clock = wall_clock
        self._memory: dict[str, dict[_Place, int | None]] = {kind: {} for kind in _LISTS}
        self._use: dict[int, Answer] | None = None
        self._seen_us: int | None = None
        self._rows: tuple[ProcessReading, ...] | None = ()

    def tasks(self) -> list[Callable[[], float]]:
        """What to ask now and then, lists before use."""
        return [*(partial(self._ask_list, kind) for kind in _LISTS), self._ask_use]

    def clear(self) -> None:
        """Forget the processes of a card that does not answer."""
        self._memory = {kind: {} for kind in _LISTS}
        self._use, self._rows = None, ()

    def why(self) -> str | None:
        """Why processes are not known; None where they are."""
        questions = _names("C")
        return self._questions.why(*questions) if self._questions.is_hopeless(*questions) else None

    @property
    def rows(self) -> tuple[ProcessReading, ...]:
        """One row for each process and instance; the CPU side is unknown."""
        if self._rows is None:
            places = dict.fromkeys(place for memory in self._memory.values() for place in memory)
            self._rows = tuple(self._row(*place) for place in places)
        return self._rows

    def _ask_list(self, kind: str) -> float:
        listed = self._questions.ask_first(*_names(kind))
        if listed is None and not self._questions.is_hopeless(*_names(kind)):
            return PROCESSES_S
        memory: dict[_Place, int | None] = {}
        for process in listed or ():
            instance = getattr(process, "gpuInstanceId", _NO_INSTANCE)
            place = process.pid, None if instance == _NO_INSTANCE else instance
            size = process.usedGpuMemory
            memory[place] = _sum(memory[place], size) if place in memory else size
        if memory != self._memory[kind]:
            self._memory[kind], self._rows = memory, None
        return PROCESSES_S if memory else _EMPTY_EVERY_S[kind]

    def _ask_use(self) -> float:
        if not any(self._memory.values()):
            return PROCESSES_S
        now_us = int(self._wall_clock() * 1e6)
        since_us = min(self._seen_us or now_us - _FIRST_WINDOW_US, now_us)
        samples = self._questions.ask_list("nvmlDeviceGetProcessUtilization", since_us)
        self._rows = None
        if samples is None:
            self._use = None
            return SELDOM_S
        newest = sorted(samples, key=lambda sample: sample.timeStamp)
        if newest:
            self._seen_us = newest[-1].timeStamp
        self._use = {sample.pid: sample for sample in newest}
        return PROCESSES_S

    def _row(self, pid: int, instance: int | None) -> ProcessReading:
        sizes = [m[pid, instance] for m in self._memory.values() if (pid, instance) in m]
        return ProcessReading(
            pid=pid,
            gpu_uuid=self._uuid,
            gpu_index=self._index,
            gpu_use="+".join(k for k, m in self._memory.items() if (pid, instance) in m),
            gpu_memory_bytes=max((size for size in sizes if size is not None), default=None),
            mig_gpu_instance=instance,
            **self._shares(pid),
        )

    def _shares(self, pid: int) -> dict[str, Any]:
        if self._use is None:
            return {}
        sample = self._use.get(pid)
        # A process that used nothing has no sample.
        return {
            "gpu_busy_pct": share_pct(sample.smUtil) if sample else 0.0,
            "gpu_memory_busy_pct": share_pct(sample.memUtil) if sample else 0.0,
            "encoder_pct": share_pct(sample.encUtil) if sample else 0.0,
            "decoder_pct": share_pct(sample.decUtil) if sample else 0.0,
        }


def _names(kind: str) -> tuple[tuple[str], tuple[str]]:
    function = f"nvmlDeviceGet{_LISTS[kind]}RunningProcesses"
    return (f"{function}_v3",), (f"{function}_v2",)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
