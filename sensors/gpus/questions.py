"""The one place where NVML is asked: an error becomes None, and nothing is asked in vain."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from sensors.gpus.nvml_errors import CARD_LOST, DRIVER_GONE, EMPTY, PERMANENT, TOO_OLD, Code, reason

# What NVML hands out: numbers, bytes, structures; the module has no types.
Answer: TypeAlias = Any
Question: TypeAlias = tuple[Any, ...]

# A question that failed for now is asked again at once, then after longer and longer.
RETRY_S = 1.0
RETRY_MOST_S = 30.0


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
    the question is not asked again. Others are asked again, ever less often while they fail.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        subject: First arguments of every question: a device handle, or nothing.
        clock: Monotonic clock, in seconds.

    Attributes:
        answered: How many questions were answered since the last `start`.
        failed: How many failed for now since the last `start`.
    """

    def __init__(
        self, nvml: ModuleType, *subject: object, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._nvml = nvml
        self._subject = subject
        self._clock = clock
        self._hopeless: set[Question] = set()
        self._reasons: dict[Question, str] = {}
        self._retries: dict[Question, tuple[float, float]] = {}
        self.start()

    def start(self) -> None:
        """Begin to count answers from zero."""
        self.answered = 0
        self.failed = 0

    def forget(self) -> None:
        """Ask everything again, as after a change that may have changed what is supported."""
        self._hopeless.clear()
        self._reasons.clear()
        self._retries.clear()

    def retry_now(self) -> None:
        """Ask again at once what failed for now."""
        self._retries.clear()

    def ask(self, function: str, *arguments: object) -> Answer:
        """The answer of an NVML function; None where there is none.

        Args:
            function: Its name in the module.
            arguments: What follows the subject; hashable.

        Raises:
            CardLostError: The card fell off the bus or needs a reset.
            DriverGoneError: NVML must be opened anew.
        """
        return self._ask((function, *arguments), None, text=False)

    def ask_first(self, *questions: Question) -> Answer:
        """The answer to the first question this driver knows, as newer names come before older.

        A question that merely fails for now is not replaced by the next: its answer may differ.
        """
        for question in questions:
            answer = self._ask(question, None, text=False)
            if answer is not None or question not in self._hopeless:
                return answer
        return None

    def ask_with(self, thing: object, function: str, *arguments: object) -> Answer:
        """The same as `ask` with a last argument that counts for nothing else: a structure.

        What fails with one thing counts as failing with any.
        """
        return self._ask((function, *arguments), None, text=False, things=(thing,))

    def ask_list(self, function: str, *arguments: object) -> Answer:
        """The same as `ask` for lists: NVML's "not found" is an empty one."""
        return self._ask((function, *arguments), (), text=False)

    def ask_text(self, function: str) -> str | None:
        """The same as `ask` for text; bytes that are not UTF-8 are replaced."""
        answer = self._ask((function,), None, text=True)
        return answer.decode(errors="replace") if isinstance(answer, bytes) else answer

    def why(self, *questions: Question) -> str:
        """Why there is no answer, in a few words.

        What an older name met with counts: a newer one may merely be unknown to the driver.
        """
        met = [self._reasons[question] for question in questions if question in self._reasons]
        telling = [why for why in met if why != TOO_OLD] or met
        return telling[-1] if telling else "not reported"

    def is_hopeless(self, *questions: Question) -> bool:
        """Whether none of the questions will be answered before the driver is opened anew."""
        return self._hopeless.issuperset(questions)

    def _ask(
        self,
        question: Question,
        empty: tuple[()] | None,
        *,
        text: bool,
        things: tuple[object, ...] = (),
    ) -> Answer:
        if question in self._hopeless:
            return None
        if question in self._retries and self._clock() < self._retries[question][0]:
            self.failed += 1
            return None
        try:
            answer = self._call((*question, *things), text=text)
        except self._nvml.NVMLError as error:
            return self._judge(question, error, empty)
        except Exception as error:  # noqa: BLE001 - a module that does not fit raises anything
            self._hopeless.add(question)
            self._reasons[question] = f"pynvml does not fit: {type(error).__name__}"
            return None
        self.answered += 1
        if question in self._retries:
            del self._retries[question], self._reasons[question]
        return answer

    def _call(self, question: Question, *, text: bool) -> Answer:
        function, *arguments = question
        call = getattr(self._nvml, function)
        # The module's own decoding gives up on broken bytes; beneath it are the bytes.
        call = getattr(call, "__wrapped__", call) if text else call
        try:
            return call(*self._subject, *arguments)
        except self._nvml.NVMLError as error:
            if error.value != Code.INSUFFICIENT_SIZE:
                raise
            # The list grew after its size was told.
            return call(*self._subject, *arguments)

    def _judge(self, question: Question, error: Answer, empty: tuple[()] | None) -> Answer:
        code = error.value
        if code in CARD_LOST:
            raise CardLostError(code, str(error)) from error
        if code in DRIVER_GONE:
            raise DriverGoneError(code, str(error)) from error
        if code in EMPTY and empty is not None:
            self.answered += 1
            return empty
        self._reasons[question] = reason(code)
        if code in PERMANENT:
            self._hopeless.add(question)
            return None
        self.failed += 1
        _, pause_s = self._retries.get(question, (0.0, 0.0))
        self._retries[question] = (
            self._clock() + pause_s,
            min(max(2 * pause_s, RETRY_S), RETRY_MOST_S),
        )
        return None
