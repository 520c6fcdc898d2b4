"""What the planted causes share: data, and a machine that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.quiet import BUSY_PCT, wait_for_quiet
from tests.fakes.image_sets import make_set
from tests.fakes.real_diagnosis import control_group

_PATIENCE_S = 20.0


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sets of small gray images, in generated form."""
    root = tmp_path_factory.mktemp("sets")
    for name in ("FashionMNIST", "MNIST"):
        make_set(root, name, train=6_000, test=200)
    return root


@pytest.fixture
def group() -> Iterator[Path | None]:
    """Nothing else takes the cores: it would rightly be named as the cause.

    A control group that comes before all others, or where none can be made, None on a machine that
    does nothing else.
    """
    with ExitStack() as ended:
        processes = None
        try:
            processes = ended.enter_context(control_group())
        except OSError as error:
            busy_pct = wait_for_quiet(_PATIENCE_S)
            if busy_pct > BUSY_PCT:
                why = f"no control group can be made to come before them: {error}"
                pytest.skip(f"other programs keep {busy_pct:.0f} % of the cores busy, and {why}")
        yield processes
