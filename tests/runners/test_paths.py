from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runners.paths import history_path

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


def test_the_history_is_in_the_users_data_folder_unless_it_is_named_or_off() -> None:
    usual = history_path({})

    assert usual is not None
    assert usual.parts[-2:] == ("racetop", "history.sqlite")
    assert history_path({"RACETOP_HISTORY": "/there/h.sqlite"}) == Path("/there/h.sqlite")
    assert history_path({"RACETOP_HISTORY": "~/h.sqlite"}) == Path.home() / "h.sqlite"
    assert history_path({"RACETOP_HISTORY": "off"}) is None


def test_no_test_writes_to_the_users_own_history(history_file: Path) -> None:
    assert history_path() == history_file
    assert history_path() != history_path({})
