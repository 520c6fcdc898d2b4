"""The polite stop: SIGINT asks, the worker ends at the next convenient point."""

from __future__ import annotations

import signal


class StopAsked(Exception):  # noqa: N818 - not an error
    """A stop was asked for; what is done so far is kept."""


class Stop:
    """Remembers whether a stop was asked for."""

    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """Take SIGINT as the request to stop."""
        signal.signal(signal.SIGINT, lambda _number, _frame: self.ask())

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
