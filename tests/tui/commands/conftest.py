"""What tests of the commands share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder for programs that are started: data sets are made in it once."""
    return tmp_path_factory.mktemp("home")
