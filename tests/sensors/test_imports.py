"""What the sensors load, and when: a first frame waits for none of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def loaded_by(code: str) -> set[str]:
    """The modules a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_sampler_loads_neither_psutil_nor_the_driver_until_it_starts() -> None:
    assert not {"psutil", "pynvml", "textual"} & loaded_by("import sensors.sampler")


def test_the_machine_loads_the_driver_only_when_read() -> None:
    assert not {"pynvml", "textual"} & loaded_by(
        "from sensors.nvidia import NvidiaGpus\nimport sensors.machine\nNvidiaGpus()"
    )
