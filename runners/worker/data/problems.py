"""What can be wrong with data, for people."""

from __future__ import annotations

from runners.events import ErrorKind
from runners.worker.errors import WorkerError

STAND_IN = "--data generated uses the built-in stand-in."


class DamagedError(WorkerError):
    """A file is not what it should be; the message says which and how.

    It survives the way out of a loader process, which makes errors anew from the text of a
    traceback with the message at its end.
    """

    def __init__(self, message: str) -> None:
        own = message.rpartition(f"{type(self).__name__}: ")[2].strip()
        super().__init__(ErrorKind.DATA_MISSING, own, f"Remove or replace that file. {STAND_IN}")


def missing(message: str, remedy: str) -> WorkerError:
    """The error of data that is not there, or not enough of it."""
    return WorkerError(ErrorKind.DATA_MISSING, message, remedy)
