"""The instances of a GPU that is cut into several (MIG)."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sensors.gpu_readings import MigInstance
from sensors.gpus.questions import Question, Questions
from sensors.gpus.schedule import RARELY_S, SELDOM_S
from sensors.gpus.single_questions import BAR1, MIG_MODE

# The product name of an instance ends in its kind.
_PROFILE = re.compile(r"\bMIG (\S+)$")


class Mig:
    """Whether a card is cut into instances, and which.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        questions: Asks the card.
        memory: How to ask for memory, by newer names first.
        clock: Monotonic clock, in seconds.

    Attributes:
        is_on: Whether it is cut; None where it cannot be.
    """

    def __init__(
        self,
        nvml: ModuleType,
        questions: Questions,
        memory: tuple[Question, ...],
        clock: Callable[[], float],
    ) -> None:
        self._nvml = nvml
        self._questions = questions
        self._memory = memory
        self._clock = clock
        self._slots: dict[int, MigInstance] = {}
        self._most = 0
        self._next: int | None = None
        self.is_on: bool | None = None

    @property
    def instances(self) -> tuple[MigInstance, ...]:
        """The instances, by index."""
        return tuple(self._slots[index] for index in sorted(self._slots))

    def ask_mode(self) -> float:
        """Ask whether the card is cut; tells when to ask again."""
        modes = self._questions.ask_first(*MIG_MODE)
        self.is_on = bool(modes[0]) if modes else None
        if not self.is_on:
            self._slots, self._next = {}, None
        elif self._next is None:
            self._most = self._questions.ask("nvmlDeviceGetMaxMigDeviceCount") or 0
        return SELDOM_S if modes else RARELY_S

    def ask_instances(self) -> float:
        """Ask all instances at first, then one after the other; tells when to ask again."""
        if not self.is_on or not self._most:
            return SELDOM_S
        if self._next is None:
            for index in range(self._most):
                self._look(index)
            self._next = 0
        else:
            self._look(self._next)
            self._next = (self._next + 1) % self._most
        return SELDOM_S / self._most

    def _look(self, index: int) -> None:
        handle = self._questions.ask_list("nvmlDeviceGetMigDeviceHandleByIndex", index)
        if not handle:
            self._slots.pop(index, None)
            return
        questions = Questions(self._nvml, handle, clock=self._clock)
        uuid = questions.ask_text("nvmlDeviceGetUUID") or f"unknown-{index}"
        memory = questions.ask_first(*self._memory)
        window = questions.ask(*BAR1)
        known = self._slots.get(index)
        self._slots[index] = MigInstance(
            index=index,
            uuid=uuid,
            memory_used_bytes=memory.used if memory else None,
            memory_total_bytes=memory.total if memory else None,
            bar1_used_bytes=window.bar1Used if window else None,
            bar1_total_bytes=window.bar1Total if window else None,
            **_same(known) if known and known.uuid == uuid else _identify(questions),
        )


def _same(known: MigInstance) -> dict[str, Any]:
    return {
        "profile": known.profile,
        "gpu_instance": known.gpu_instance,
        "compute_instance": known.compute_instance,
    }


def _identify(questions: Questions) -> dict[str, Any]:
    return {
        "profile": _profile(questions),
        "gpu_instance": questions.ask("nvmlDeviceGetGpuInstanceId"),
        "compute_instance": questions.ask("nvmlDeviceGetComputeInstanceId"),
    }


def _profile(questions: Questions) -> str | None:
    name = _PROFILE.search(questions.ask_text("nvmlDeviceGetName") or "")
    if name is not None:
        return name[1]
    has = questions.ask("nvmlDeviceGetAttributes_v2")
    if has is None:
        return None
    return f"{has.gpuInstanceSliceCount}g.{round(has.memorySizeMB / 1024)}gb"
