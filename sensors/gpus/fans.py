"""How fast a card's fans turn: pynvml's own function knows only the first of them."""

from __future__ import annotations

import ctypes
from types import ModuleType

from sensors.gpus.questions import Answer, Question, Questions

FIRST: Question = ("nvmlDeviceGetFanSpeedRPM",)


def speed_rpm(nvml: ModuleType, handle: object, fan: int) -> Answer:
    """Turns a minute of one of a card's fans."""
    info = nvml.c_nvmlFanSpeedInfo_t(version=nvml.nvmlFanSpeedInfo_v1, fan=fan)
    call = nvml._nvmlGetFunctionPointer(*FIRST)
    nvml._nvmlCheckReturn(call(handle, ctypes.byref(info)))
    return info.speed


class Fans:
    """The fans of a card.

    Args:
        questions: Asks the card.
    """

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._count: int | None = None

    def fastest_rpm(self) -> int | None:
        """Turns a minute of the fastest; None where none is told."""
        first = self._questions.ask(*FIRST)
        if first is None:
            return None
        if self._count is None:
            self._count = self._questions.ask("nvmlDeviceGetNumFans")
        others = [self._questions.ask(speed_rpm, fan) for fan in range(1, self._count or 1)]
        fastest: int = max(speed for speed in (first, *others) if speed is not None)
        return fastest
