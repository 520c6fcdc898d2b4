"""What the planted causes share: data, and a machine that does nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quiet import BUSY_PCT, wait_for_quiet
from tests.fakes.image_sets import make_set

_PATIENCE_S = 20.0


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sets of small gray images, in generated form."""
    root = tmp_path_factory.mktemp("sets")
    for name in ("FashionMNIST", "MNIST"):
        make_set(root, name, train=6_000, test=200)
    return root


@pytest.fixture
def quiet() -> None:
    """Nothing else uses the machine: what others do there would rightly be named as the cause."""
    busy_pct = wait_for_quiet(_PATIENCE_S)
    if busy_pct > BUSY_PCT:
        pytest.skip(f"other programs keep {busy_pct:.0f} % of the cores busy")
