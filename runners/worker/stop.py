"""The polite stop: SIGINT asks, the worker ends at the next convenient point."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopAsked(Exception):  # noqa: N818 - not an error
    """A stop was asked for; what is done so far is kept."""


class Stop:
    """Remembers whether a stop was asked for."""

    def __init__(self) -> None:
        self._asked = False
        self._ends_at_once = False

    def listen(self) -> None:
        """Take SIGINT as the request to stop."""
        signal.signal(signal.SIGINT, self._signalled)

    def ask(self) -> None:
        """Ask for a stop."""
        self._asked = True

    def check(self) -> None:
        """Go on, or end here.

        Raises:
            StopAsked: A stop was asked for.
        """
        if self._asked:
            raise StopAsked

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this a signal ends the work wherever it stands, as nothing is lost with it.

        Raises:
            StopAsked: A stop was asked for, before or within.
        """
        self.check()
        self._ends_at_once = True
        try:
            yield
        finally:
            self._ends_at_once = False
        self.check()

    def _signalled(self, _number: int, _frame: object) -> None:
        self.ask()
        if self._ends_at_once:
            raise StopAsked
