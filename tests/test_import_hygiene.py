"""What each way in loads, looked at in fresh processes."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "numpy")
SCREEN = ("textual", "rich", "plotext")


def loaded_after(code: str, names: tuple[str, ...]) -> set[str]:
    script = f"{code}\nimport sys\nprint(*(n for n in {names!r} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "module", ["tui.app", "tui.live", "tui.cli", "runners.launching.launch", "runners.comparison"]
)
def test_the_parent_never_loads_torch(module: str) -> None:
    assert loaded_after(f"import {module}", HEAVY) == set()


@pytest.mark.parametrize(
    "arguments",
    [["snapshot", "--json"], ["workloads"], ["compare", "no-such-workload"], ["snapshot"]],
)
def test_commands_that_print_and_exit_never_load_the_screen(arguments: list[str]) -> None:
    code = f"from tui.cli import run\nrun({arguments!r})"
    assert loaded_after(code, (*SCREEN, *HEAVY)) == set()


def test_the_screen_starts_without_what_only_races_and_diagnoses_need() -> None:
    later = ("plotext", "pynvml", "runners.comparison", "tui.time_panes", "tui.widgets.time")
    diagnoses = ("runners.diagnosis.plan", "runners.diagnosis.records")
    assert loaded_after("import tui.live", (*later, *diagnoses)) == set()


@pytest.mark.parametrize(
    "module", ["runners.worker.__main__", "runners.events", "runners.workloads"]
)
def test_the_worker_starts_light(module: str) -> None:
    heavy = (*HEAVY, *SCREEN, "psutil", "pynvml", "platformdirs")
    assert loaded_after(f"import {module}", heavy) == set()
