"""When a GPU is asked what: each look a few quick questions, all others in turn as they fall due.

A look must stay short however slow the driver is, and must not ask 16 cards everything at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# How often the questions are asked that are not asked at each look.
OFTEN_S = 1.0
PROCESSES_S = 2.0
SELDOM_S = 5.0
RARELY_S = 30.0
ONCE_S = math.inf

# Where each call takes a millisecond, a look at eight cards still ends within 50 of them.
LOOK_S = 0.044
# For the questions that are due, whatever the look has taken before.
LEAST_S = 0.003
# Share of all time that may go into them: process lists take milliseconds on some drivers.
SHARE = 0.02
# A call that hung once must not silence the others for minutes.
MOST_DEBT_S = 0.2
# A look comes a little early or late: that must not make a question wait for the next.
SLACK_S = 0.1
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


@dataclass(slots=True)
class Task:
    """A question that is asked now and then.

    Attributes:
        ask: Asks, and tells after how many seconds to ask again; `ONCE_S` for never.
        every_s: What it told last.
        due_s: When it is due, by the monotonic clock.
    """

    ask: Callable[[], float]
    every_s: float = SELDOM_S
    due_s: float = -math.inf

    def overdue(self, now_s: float) -> float:
        """How overdue it is, in times of its own interval."""
        return (now_s - self.due_s) / self.every_s


class Schedule:
    """Asks what is due, the most overdue first, as long as there is time.

    The first time it asks everything, and spreads from then on.

    Args:
        tasks: What to ask.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, tasks: Iterable[Task], clock: Callable[[], float]) -> None:
        self._tasks = list(tasks)
        self._clock = clock
        self._ran_at_s: float | None = None
        self._credit_s = 0.0

    def run(self, began_s: float) -> None:
        """Ask what is due.

        Args:
            began_s: When this look began.
        """
        now_s = self._clock()
        before_s, self._ran_at_s = self._ran_at_s, now_s
        if before_s is None:
            self._run_first()
            return
        left_s = max(LOOK_S - (now_s - began_s), LEAST_S)
        self._credit_s = min(self._credit_s + SHARE * (now_s - before_s), left_s)
        due = [task for task in self._tasks if task.due_s <= now_s + SLACK_S]
        due.sort(key=lambda task: -task.overdue(now_s))
        for task in due:
            if self._credit_s <= 0:
                break
            task.every_s = task.ask()
            done_s = self._clock()
            self._credit_s = max(self._credit_s - (done_s - now_s), -MOST_DEBT_S)
            now_s, task.due_s = done_s, done_s + task.every_s

    def _run_first(self) -> None:
        for number, task in enumerate(self._tasks, start=1):
            task.every_s = task.ask()
            part = number * _GOLDEN_RATIO % 1
            task.due_s = self._clock() + part * task.every_s
