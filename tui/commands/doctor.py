"""`racetop doctor`: what works on this machine and what does not, each with its remedy."""

from __future__ import annotations

import json
import locale
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from runners.launching.launch import worker_command, worker_environment
from runners.paths import cache_dir, data_dir
from runners.text import printable
from runners.workloads import TEXT
from sensors.gpu_readings import DriverReading, NvmlState
from sensors.sampler import take_reading
from sensors.system.cores import usable_cores
from sensors.wanted import Wanted
from tui.commands.check import Check
from tui.commands.doctor_gpus import gpu_checks
from tui.commands.doctor_host import host_checks

PROBE_TIMEOUT_S = 120.0
SMALL_SHM_BYTES = 1 << 30
_DATA_PLACES = {
    "MNIST": ["MNIST/raw/train-images-idx3-ubyte*"],
    "FashionMNIST": ["FashionMNIST/raw/train-images-idx3-ubyte*"],
    "CIFAR10": [
        "cifar-10-batches-py/data_batch_1",
        "cifar-10-python.tar.gz",
        "train/*/",
        "CIFAR10/train/*/",
    ],
    TEXT: ["text/*.txt", "*.txt"],
}
"""A file or folder that each form of a data set has, below the data folder."""
_PRIVACY = (
    "Fit for a bug report: no host name, user name or command line stands in it, and no id of a "
    "card. Paths may tell more than you like; look them over."
)


def run_doctor(*, as_json: bool) -> int:
    """Print all checks; the exit status is 1 where one failed."""
    reading = take_reading(wanted=Wanted(gpu_profile=True))
    checks = [
        _python(),
        *_packages(),
        _terminal(os.environ, shutil.get_terminal_size()),
        _text_encoding(locale.getpreferredencoding(False)),
        _cores(),
        *gpu_checks(reading),
        *host_checks(reading),
        *_torch(_probe(), reading.driver),
        *_data(data_dir()),
        _cache(cache_dir()),
        *_shared_memory(Path("/dev/shm")),
    ]
    checks = [_without_home(check, Path.home()) for check in checks]
    if as_json:
        document = {
            "schema": "racetop.doctor/1",
            "privacy": _PRIVACY,
            "checks": [asdict(check) for check in checks],
        }
        print(json.dumps(document, indent=2))
    else:
        print("\n".join([*_text(checks), "", _PRIVACY]))
    return int(any(check.ok is False for check in checks))


def _without_home(check: Check, home: Path) -> Check:
    """The check without the name of the user's folder, which is mostly the user's own."""

    def shortened(text: str) -> str:
        return text if home == Path("/") else text.replace(str(home), "~")

    remedy = None if check.remedy is None else shortened(check.remedy)
    return replace(check, found=shortened(check.found), remedy=remedy)


def _text(checks: list[Check]) -> Iterator[str]:
    """A line for each check, and its remedy below it."""
    width = max(len(check.name) for check in checks)
    marks = {True: "ok  ", False: "FAIL", None: "note"}
    for check in checks:
        yield f"{marks[check.ok]}  {check.name:<{width}}  {printable(check.found)}"
        if check.remedy:
            yield f"{'':{width + 8}}{printable(check.remedy)}"


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.platform()}"
    return Check(name="python", ok=sys.version_info >= (3, 11), found=found)


def _packages() -> Iterator[Check]:
    for name in ("racetop", "textual", "plotext", "psutil", "nvidia-ml-py"):
        try:
            yield Check(name=name, ok=True, found=version(name))
        except PackageNotFoundError:
            remedy = f"Install it: pip install {name}"
            yield Check(name=name, ok=False, found="not installed", remedy=remedy)


def _terminal(environment: Mapping[str, str], size: os.terminal_size) -> Check:
    term = environment.get("TERM", "")
    found = f"TERM={term or 'unset'}, {size.columns}x{size.lines}"
    for name in ("COLORTERM", "NO_COLOR"):
        if environment.get(name):
            found += f", {name}={environment[name]}"
    inside = {"TMUX": "tmux", "STY": "screen", "SSH_CONNECTION": "SSH"}
    found += "".join(f", in {word}" for name, word in inside.items() if environment.get(name))
    if term in ("", "dumb", "unknown"):
        remedy = "Set TERM, as in TERM=xterm-256color; 'compare' and 'snapshot' work without."
        return Check(name="terminal", ok=None, found=found, remedy=remedy)
    return Check(name="terminal", ok=True, found=found)


def _text_encoding(encoding: str) -> Check:
    if encoding.lower().replace("-", "") == "utf8":
        return Check(name="text encoding", ok=True, found=encoding)
    remedy = "Bars and lines may look wrong; set LANG=C.UTF-8."
    return Check(name="text encoding", ok=None, found=encoding, remedy=remedy)


def _cores() -> Check:
    cores = usable_cores()
    found = f"{cores.count} usable of {os.cpu_count()}"
    if cores.count < 4:
        remedy = "Side by side, each job gets few cores; 'in turn' gives figures to rely on."
        return Check(name="cores", ok=None, found=found, remedy=remedy)
    return Check(name="cores", ok=True, found=found)


def _probe() -> dict[str, Any]:
    """What the worker's own look at torch gives, from a process of its own."""
    try:
        done = subprocess.run(
            [*worker_command(), "--probe"],
            env=worker_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        remedy = "Run 'python -m runners.worker --probe' to see what it prints."
        what = f"the look at torch failed: {error}"
        return {"problems": [{"part": "torch", "what": what, "remedy": remedy}]}
    return found if isinstance(found, dict) else {}


def _torch(probe: dict[str, Any], driver: DriverReading) -> Iterator[Check]:
    problems = [_seen_beside(driver, problem) for problem in probe.get("problems", ())]
    failed = {problem["part"] for problem in problems}
    for name in ("torch", "torchvision"):
        if probe.get(name) and name not in failed:
            yield Check(name=name, ok=True, found=str(probe[name]))
    for device in probe.get("devices", ()):
        yield Check(name=str(device["device"]), ok=True, found=str(device["name"]))
    for problem in problems:
        # Without an accelerator the CPU trains; without torchvision nothing does.
        yield Check(
            name=problem["part"],
            ok=None if problem["part"] == "accelerator" else False,
            found=str(problem["what"]),
            remedy=problem.get("remedy"),
        )


def _seen_beside(driver: DriverReading, problem: dict[str, Any]) -> dict[str, Any]:
    """What torch says of the driver, which may be there without its library for CUDA."""
    answers = driver.state in (NvmlState.OK, NvmlState.SILENT)
    if not answers or "no NVIDIA driver" not in str(problem["what"]):
        return problem
    return {
        **problem,
        "what": "The NVIDIA driver is here, but not its library for CUDA (libcuda.so.1).",
        "remedy": "Install the driver's package with libcuda; start a container with "
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility.",
    }


def _data(directory: Path) -> Iterator[Check]:
    for name, places in _DATA_PLACES.items():
        if any(found for place in places for found in directory.glob(place)):
            yield Check(name=name, ok=True, found=f"in {directory}")
        else:
            get = "put .txt files" if name == TEXT else f"'--data download' fetches {name}"
            remedy = f"Generated data is used; {get} there."
            yield Check(name=name, ok=None, found=f"not in {directory}", remedy=remedy)


def _cache(directory: Path) -> Check:
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if os.access(existing, os.W_OK):
        free = shutil.disk_usage(existing).free / 1024**3
        return Check(name="cache", ok=True, found=f"{directory} ({free:.0f} GiB free)")
    remedy = "Generated data is made again for each run; set XDG_CACHE_HOME to a writable folder."
    return Check(name="cache", ok=None, found=f"{directory} is not writable", remedy=remedy)


def _shared_memory(directory: Path) -> Iterator[Check]:
    if not directory.exists():
        return
    size = shutil.disk_usage(directory).total
    small = size < SMALL_SHM_BYTES
    yield Check(
        name="/dev/shm",
        ok=None if small else True,
        found=f"{size / 1024**2:.0f} MiB",
        remedy="Loader workers may die of bus errors; in docker use --shm-size=8g."
        if small
        else None,
    )
