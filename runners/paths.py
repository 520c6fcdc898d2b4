"""Where data sets, caches and past comparisons are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from runners.spec import UsageError

DATA_VARIABLE = "RACETOP_DATA"
HISTORY_VARIABLE = "RACETOP_HISTORY"
NO_HISTORY = "off"
DATA_WORDS = ("auto", "generated", "download")


def cache_dir() -> Path:
    """Where generated and unpacked data are kept."""
    # Not above: plans can be made where this is not installed, with folders of one's own.
    from platformdirs import user_cache_path

    return user_cache_path("racetop")


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Where data sets are looked for: `RACETOP_DATA`, else in the user's cache folder."""
    named = environment.get(DATA_VARIABLE)
    return Path(named).expanduser() if named else cache_dir() / "data"


def history_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file of past comparisons: `RACETOP_HISTORY`, else in the user's data folder.

    None where that says `off`: nothing is kept.
    """
    named = environment.get(HISTORY_VARIABLE)
    if named:
        return None if named == NO_HISTORY else Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("racetop") / "history.sqlite"


def check_data(data: str) -> str:
    """The value of `--data`, a directory made absolute.

    Raises:
        UsageError: It is neither one of the words nor a directory.
    """
    if data in DATA_WORDS:
        return data
    directory = Path(data).expanduser()
    if not directory.is_dir():
        words = ", ".join(DATA_WORDS)
        raise UsageError(f"no directory '{data}'; --data takes {words} or a directory with the set")
    return str(directory.absolute())
