"""The file of past races: opened when first needed, and never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.history.store import History


class PastRaces:
    """Opens the history once.

    Args:
        path: The file; None where nothing is to be kept.
        open_file: Opens it; may take its time and raise `HistoryError`.
    """

    def __init__(
        self, path: Path | None, *, open_file: Callable[[Path], History] | None = None
    ) -> None:
        self._path = path
        self._open_file = open_file or _open
        self._history: History | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> History | None:
        """The history; None where nothing is to be kept.

        Raises:
            HistoryError: It cannot be used; the message is for people.
        """
        async with self._opening:
            if self._history is None and self._path is not None:
                self._history = await asyncio.to_thread(self._open_file, self._path)
            return self._history

    async def close(self) -> None:
        """Wait until all is written."""
        async with self._opening:
            if self._history is not None:
                await asyncio.to_thread(self._history.close)
                self._history = None


def _open(path: Path) -> History:
    # Here, so that a start does not wait for it.
    from runners.history.store import History

    return History.open(path)
