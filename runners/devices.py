"""Which devices there are to train on, found without torch."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path

from runners.spec import UsageError
from sensors.gpu_readings import GpuState
from sensors.readings import Reading

_CUDA = re.compile(r"cuda(?::(\d{1,3}))?", re.ASCII)


def parse_device(text: str) -> str:
    """A device in torch's spelling; `cuda` means `cuda:0`.

    Raises:
        UsageError: It is none that racetop knows.
    """
    name = text.strip().lower()
    if name in ("cpu", "mps"):
        return name
    if match := _CUDA.fullmatch(name):
        return f"cuda:{int(match[1] or 0)}"
    raise UsageError(f"unknown device '{text}'; there are: cpu, cuda, cuda:N, mps")


def is_accelerator(device: str) -> bool:
    """Whether a device is something else than the processor."""
    return device != "cpu"


def best_accelerator(
    reading: Reading | None,
    *,
    rocm_device: Path = Path("/dev/kfd"),
    version_of: Callable[[str], str] | None = None,
    system: str = platform.system(),
    machine: str = platform.machine(),
) -> str | None:
    """The device to race against the CPU; None where there is none.

    Args:
        reading: What the sensors saw; None where they were not asked.
        rocm_device: The file by which AMD's driver shows itself; it counts where the torch
            installed is built for it.
        version_of: Tells the version of an installed distribution, as `importlib.metadata.version`
            does, which is the default.
        system: Name of the operating system, as `platform.system` gives it.
        machine: Name of the architecture, as `platform.machine` gives it.
    """
    if reading is not None and any(gpu.state is GpuState.OK for gpu in reading.gpus):
        return "cuda:0"
    if rocm_device.exists() and _is_rocm(version_of):
        return "cuda:0"
    return "mps" if (system, machine) == ("Darwin", "arm64") else None


def _is_rocm(version_of: Callable[[str], str] | None) -> bool:
    """Whether the torch installed is built for AMD's GPUs, by the name of its version."""
    # Not above: it takes a twentieth of the start of the screen, and hardly any machine needs it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return "+rocm" in (version_of or version)("torch")
    except PackageNotFoundError:
        return False
