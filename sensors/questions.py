"""The one place where NVML is asked: an error becomes None, and nothing is asked in vain."""

from __future__ import annotations

from types import ModuleType
from typing import Any, TypeAlias

from sensors.nvml_errors import CARD_LOST, DRIVER_GONE, EMPTY, PERMANENT

# What NVML hands out: numbers, bytes, structures; the module has no types.
Answer: TypeAlias = Any
Question: TypeAlias = tuple[Any, ...]


class NoAnswerError(Exception):
    """Asking on is in vain.

    Attributes:
        code: NVML's return code.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class CardLostError(NoAnswerError):
    """The card fell off the bus or needs a reset."""


class DriverGoneError(NoAnswerError):
    """NVML must be opened anew."""


class Questions:
    """Questions to NVML about one subject, each answered or None.

    Errors that do not change (not supported, no permission, function missing) are remembered:
    the question is not asked again. Others are asked again the next time.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        subject: First arguments of every question: a device handle, or nothing.

    Attributes:
        answered: How many questions were answered since the last `start`.
        failed: How many failed for now since the last `start`.
    """

    def __init__(self, nvml: ModuleType, *subject: object) -> None:
        self._nvml = nvml
        self._subject = subject
        self._hopeless: set[Question] = set()
        self.start()

    def start(self) -> None:
        """Begin to count answers from zero."""
        self.answered = 0
        self.failed = 0

    def ask(self, function: str, *arguments: object) -> Answer:
        """The answer of an NVML function; None where there is none.

        Args:
            function: Its name in the module.
            arguments: What follows the subject; hashable.

        Raises:
            CardLostError: The card fell off the bus or needs a reset.
            DriverGoneError: NVML must be opened anew.
        """
        return self._ask(function, arguments, None, text=False)

    def ask_first(self, *questions: Question) -> Answer:
        """The answer to the first question this driver knows, as newer names come before older.

        A question that merely fails for now is not replaced by the next: its answer may differ.
        """
        for question in questions:
            answer = self.ask(*question)
            if answer is not None or question not in self._hopeless:
                return answer
        return None

    def ask_list(self, function: str, *arguments: object) -> Answer:
        """The same as `ask` for lists: NVML's "not found" is an empty one."""
        return self._ask(function, arguments, (), text=False)

    def ask_text(self, function: str) -> str | None:
        """The same as `ask` for text; bytes that are not UTF-8 are replaced."""
        answer = self._ask(function, (), None, text=True)
        return answer.decode(errors="replace") if isinstance(answer, bytes) else answer

    def _ask(
        self, function: str, arguments: Question, empty: tuple[()] | None, *, text: bool
    ) -> Answer:
        question = (function, *arguments)
        if question in self._hopeless:
            return None
        try:
            call = getattr(self._nvml, function)
            # The module's own decoding gives up on broken bytes; beneath it are the bytes.
            call = getattr(call, "__wrapped__", call) if text else call
            answer = call(*self._subject, *arguments)
        except self._nvml.NVMLError as error:
            return self._judge(question, error, empty)
        except Exception:  # noqa: BLE001 - a module that does not fit the driver raises anything
            self._hopeless.add(question)
            return None
        self.answered += 1
        return answer

    def _judge(self, question: Question, error: Answer, empty: tuple[()] | None) -> Answer:
        code = error.value
        if code in CARD_LOST:
            raise CardLostError(code, str(error)) from error
        if code in DRIVER_GONE:
            raise DriverGoneError(code, str(error)) from error
        if code in PERMANENT:
            self._hopeless.add(question)
        elif code in EMPTY and empty is not None:
            self.answered += 1
            return empty
        else:
            self.failed += 1
        return None
