"""The doctor's look at the GPUs: the driver, its library and binding, and each card."""

from __future__ import annotations

import importlib.util
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState
from sensors.readings import Reading
from sensors.system.files import read_text
from tui.commands.check import Check

_LIBRARY = "libnvidia-ml.so"
_BINDING = "nvidia-ml-py"
# Other distributions that bring a module of the same name.
_RIVALS = ("pynvml", "nvidia-ml-py3")
# Who a card is, and what is None while all is well.
_NOT_JUDGED = frozenset(
    {
        "index",
        "uuid",
        "name",
        "state",
        "state_since_s",
        "memory_is_shared",
        "recovery_action",
        "last_xid",
        "last_xid_at_s",
        "mig_instances",
        "unknown",
    }
)


def gpu_checks(
    reading: Reading,
    root: Path = Path("/"),
    *,
    version_of: Callable[[str], str] = version,
) -> Iterator[Check]:
    """The driver, how it is reached, and what each card reports.

    Args:
        reading: One look at the machine, taken by this process.
        root: Folder that stands for `/`.
        version_of: Tells the version of an installed distribution.
    """
    yield _driver(reading.driver, reading.gpus)
    yield _binding(version_of)
    yield from _library(root)
    yield from _kernel_module(reading.driver, root)
    yield from map(_card, reading.gpus)
    for problem in reading.problems:
        if problem.what != reading.driver.problem:
            yield Check(name=problem.source, ok=None, found=problem.what, remedy=problem.remedy)


def _driver(driver: DriverReading, gpus: tuple[GpuReading, ...]) -> Check:
    if driver.state is NvmlState.OK:
        names = ", ".join(gpu.name for gpu in gpus) or "no GPU"
        return Check(
            name="nvml",
            ok=bool(gpus),
            found=f"driver {driver.driver_version}, CUDA {driver.cuda_version}: {names}",
            remedy=driver.remedy,
        )
    absent = driver.state in (NvmlState.NO_LIBRARY, NvmlState.NO_DRIVER)
    return Check(
        name="nvml",
        ok=None if absent else False,
        found=driver.problem or driver.state.value,
        remedy=driver.remedy,
    )


def _binding(version_of: Callable[[str], str]) -> Check:
    """The Python module `pynvml`, and whether other packages bring one of that name."""
    spec = importlib.util.find_spec("pynvml")
    where = spec.origin if spec is not None and spec.origin else "nowhere"
    found = f"module pynvml in {where}"
    rivals = [name for name in _RIVALS if _version(name, version_of) is not None]
    if rivals:
        return Check(
            name="nvml binding",
            ok=None,
            found=f"{found}; {' and '.join(rivals)} brings a module of that name, too",
            remedy=f"Run `pip uninstall {' '.join(rivals)}`, "
            f"then `pip install --force-reinstall {_BINDING}`.",
        )
    return Check(name="nvml binding", ok=None if spec is None else True, found=found)


def _library(root: Path) -> Iterator[Check]:
    """Which file the driver's library was loaded from, as the kernel tells it."""
    maps = read_text(root / "proc/self/maps") or ""
    paths = {line.split(maxsplit=5)[5] for line in maps.splitlines() if _LIBRARY in line}
    for path in sorted(paths):
        yield Check(name="nvml library", ok=True, found=path)


def _kernel_module(driver: DriverReading, root: Path) -> Iterator[Check]:
    text = read_text(root / "proc/driver/nvidia/version")
    if text is not None:
        found = re.search(r"\d+\.\d+(\.\d+)*", text)
        loaded = found[0] if found else "of unknown version"
        same = driver.driver_version in (None, loaded)
        yield Check(
            name="kernel module",
            ok=True if same else None,
            found=f"nvidia {loaded}",
            remedy=None if same else f"The library belongs to {driver.driver_version}: reboot.",
        )
    control = root / "dev/nvidiactl"
    if control.exists() and not os.access(control, os.R_OK | os.W_OK):
        yield Check(
            name="/dev/nvidiactl",
            ok=None,
            found="not open to this user",
            remedy="Join the group that owns it, or give the container its devices.",
        )


def _card(gpu: GpuReading) -> Check:
    """What a card reports and what not, with the reasons."""
    names = [field.name for field in fields(gpu) if field.name not in _NOT_JUDGED]
    missing = [name for name in names if getattr(gpu, name) is None]
    by_reason = defaultdict(list)
    # Reasons may be given for more than fields: why the processes are not known.
    more = [name for name in gpu.unknown if not hasattr(gpu, name)]
    for name in (*missing, *more):
        by_reason[gpu.unknown.get(name, "not reported")].append(name)
    parts = [f"{gpu.name}, {gpu.state.value}: {len(names) - len(missing)} of {len(names)} fields"]
    parts += [f"{reason}: {', '.join(by_reason[reason])}" for reason in sorted(by_reason)]
    forbidden = any("permission" in reason for reason in by_reason)
    return Check(
        name=f"gpu {gpu.index}",
        ok=True if gpu.state is GpuState.OK else None,
        found="; ".join(parts),
        remedy="Run `sudo racetop doctor` to see whether root may read them."
        if forbidden
        else None,
    )


def _version(name: str, version_of: Callable[[str], str]) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
