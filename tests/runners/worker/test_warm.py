"""What is imported ahead of a job."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.slow]

LOOK_AFTER_IMPORT = """
import json, os, sys
from runners.worker.warm import import_everything
import_everything()
import torch
print(json.dumps({
    "threads": len(os.listdir("/proc/self/task")),
    "device": torch.cuda.is_initialized(),
    "job": "runners.worker.job" in sys.modules,
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_importing_ahead_starts_no_thread_and_opens_no_device() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", LOOK_AFTER_IMPORT],
        capture_output=True,
        check=True,
        timeout=60.0,
    )
    assert json.loads(ended.stdout) == {"threads": 1, "device": False, "job": True}
