from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_WITHOUT_PLATFORMDIRS = """
import sys
sys.modules["platformdirs"] = None
from pathlib import Path
from runners.planning import make_plan
from runners.spec import Request
from sensors.system.cores import usable_cores
make_plan(Request(workloads=("mlp",)), usable_cores(), data_dir=Path("d"), cache_dir=Path("c"))
"""


def test_a_plan_with_folders_of_its_own_needs_no_platformdirs() -> None:
    subprocess.run(
        [sys.executable, "-c", _WITHOUT_PLATFORMDIRS],
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=60,
    )
