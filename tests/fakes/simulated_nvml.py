"""A simulated driver's library, which lies beside the repository on some machines only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SIMULATOR = REPOSITORY.parent / "shared" / "tools" / "nvmlsim"

needs_simulator = [
    pytest.mark.slow,
    pytest.mark.skipif(not SIMULATOR.is_dir(), reason=f"no NVML simulator at {SIMULATOR}"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to build the simulator"),
]


def build(folder: Path, hidden: str = "") -> Path:
    """Build the library into a folder.

    Args:
        folder: Where.
        hidden: Functions that it is not to have, with commas between.
    """
    options = ["-H", hidden] if hidden else []
    command = ["sh", str(SIMULATOR / "build.sh"), "-o", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)
    return folder
