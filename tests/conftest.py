"""What every test needs."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_numbers = itertools.count()


@pytest.fixture(autouse=True, scope="session")
def _utc() -> Iterator[None]:
    """The time of day on a scripted screen does not depend on where the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def history_file(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's comparisons are kept, and those of programs it starts: in no real home.

    There is nothing before something is kept.
    """
    path = tmp_path_factory.getbasetemp() / "histories" / f"{next(_numbers)}.sqlite"
    monkeypatch.setenv("RACETOP_HISTORY", str(path))
    return path
