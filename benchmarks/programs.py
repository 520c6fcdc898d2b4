"""The programs that are measured, and the machine and environment they run in."""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.figures import NotMeasuredError
from sensors.system.cores import usable_cores

NVML_VARIABLE = "RACETOP_BENCH_NVML"
NO_GPU = "no GPU"

_HERE = Path(__file__).parent
_PACKAGES = ("racetop", "textual", "plotext", "psutil", "torch", "torchvision")


def racetop(*arguments: str) -> list[str]:
    """The command as users start it.

    Raises:
        NotMeasuredError: It is not installed.
    """
    program = Path(sys.executable).with_name("racetop")
    if not program.is_file():
        raise NotMeasuredError(f"there is no {program}; `make bench` installs it")
    return [str(program), *arguments]


def hello_world() -> list[str]:
    """A Textual program that does next to nothing."""
    return [sys.executable, str(_HERE / "hello_world.py")]


def environment() -> dict[str, str]:
    """The environment of a capable terminal, with one GPU's driver library where there is one."""
    unwanted = ("NO_COLOR", "COLUMNS", "LINES", "TEXTUAL", "TEXTUAL_THEME")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    library = _simulated_nvml()
    if library is not None:
        known = os.environ.get("LD_LIBRARY_PATH")
        kept["LD_LIBRARY_PATH"] = os.pathsep.join([library, *([known] if known else [])])
        kept.setdefault("NVMLSIM_PIDS", str(os.getpid()))
    return kept


@functools.cache
def gpus() -> str:
    """The GPUs that the measured program sees, in words."""
    found = _snapshot(environment())["gpus"]
    kind = " (simulated library)" if _simulated_nvml() is not None else ""
    return ", ".join(f"{gpu['name']}{kind}" for gpu in found) or NO_GPU


def machine() -> dict[str, str]:
    """What has to be known about this machine to compare figures."""
    host = _snapshot(dict(os.environ))["host"]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
        "cpu": str(host["cpu_name"]),
        "cores": f"{usable_cores().count} usable of {os.cpu_count()}",
        "gpu": gpus(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "load average at the start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _snapshot(with_environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        racetop("snapshot", "--json"),
        env=with_environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    snapshot: dict[str, Any] = json.loads(done.stdout)
    return snapshot


def _simulated_nvml() -> str | None:
    """The folder of a simulated driver library; None where the real one, or none, is used."""
    return os.environ.get(NVML_VARIABLE)
