"""The device a job runs on: whether it is there, what it is called, how to wait for it."""

from __future__ import annotations

import os
import platform
import resource
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import torch

from runners.events import ErrorKind
from runners.worker.errors import WorkerError
from runners.worker.libraries import version_of
from runners.worker.timing import DeviceTimer, HostTimer, NoTimer, PhaseTimer
from runners.workloads import JobSettings, Variant

# Writing 5 there sets the peak resident size back to the present one; see proc(5).
_CLEAR_REFS = Path("/proc/self/clear_refs")
_CLEAR_PEAK = "5"
_KERNEL_DRIVER = Path("/proc/driver/nvidia/version")
_ON_CPU = "or race on the CPU (--devices cpu)"


class Device:
    """A device in use.

    Attributes:
        torch_device: What tensors are moved to.
        name: Product name.
        uuid: The GPU's UUID as NVML spells it; None for other devices.
    """

    def __init__(self, torch_device: torch.device) -> None:
        self.torch_device = torch_device
        self.type = torch_device.type
        self.name = name_of(torch_device)
        self.uuid = _uuid(torch_device)
        self._most_used_bytes: int | None = None

    def synchronize(self) -> None:
        """Wait until all work given to the device is done."""
        if self.type == "cuda":
            torch.cuda.synchronize(self.torch_device)
        elif self.type == "mps":
            torch.mps.synchronize()

    def phase_timer(self, *, wanted: bool) -> PhaseTimer:
        """A timer on the clock that fits the device."""
        if not wanted:
            return NoTimer()
        if self.type == "cuda":
            return DeviceTimer(lambda: torch.cuda.Event(enable_timing=True))
        if self.type == "mps":
            # Reading a mark waits for all work of the device there.
            return DeviceTimer(lambda: torch.mps.Event(enable_timing=True), is_read_early=False)
        return HostTimer()

    def forget_peak_memory(self) -> None:
        """Let the peak begin anew, where the system can: what came before is not training's."""
        if self.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.torch_device)
        self._most_used_bytes = None
        with suppress(OSError):
            _CLEAR_REFS.write_text(_CLEAR_PEAK)

    def peak_memory_bytes(self) -> int | None:
        """The most memory so far: resident on the CPU, allocated on CUDA; None on MPS."""
        if self.type == "cuda":
            return torch.cuda.max_memory_allocated(self.torch_device)
        if self.type == "mps":
            return None
        return _peak_resident_bytes()

    def peak_reserved_bytes(self) -> int | None:
        """The most memory torch held from a GPU so far; None for other devices."""
        if self.type == "cuda":
            return torch.cuda.max_memory_reserved(self.torch_device)
        return None

    def peak_device_used_bytes(self) -> int | None:
        """The most memory in use on a GPU, whoever uses it, of all times this was asked.

        None for other devices.
        """
        if self.type == "cuda":
            free, total = torch.cuda.mem_get_info(self.torch_device)
            self._most_used_bytes = max(self._most_used_bytes or 0, total - free)
        return self._most_used_bytes

    def release_cached_memory(self) -> None:
        """Hand back what torch holds of a GPU and does not use, for another process to have."""
        if self.type == "cuda":
            torch.cuda.empty_cache()
        elif self.type == "mps":
            torch.mps.empty_cache()


def open_for(settings: JobSettings) -> Device:
    """The device of a job, woken up, with torch set as the job asks for.

    Raises:
        WorkerError: See `open_device`.
    """
    if threads := settings.threads or len(settings.cores):
        torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = settings.variant is Variant.TUNED
    return open_device(settings.device)


def open_device(name: str) -> Device:
    """The device of a name, woken up.

    Raises:
        WorkerError: It is not there; the remedy says what to do.
    """
    kind, _, index = name.partition(":")
    if kind == "cpu":
        return Device(torch.device("cpu"))
    if kind == "cuda" and (not index or index.isdecimal()):
        problem = cuda_problem() or _cuda_index_problem(int(index or 0))
        torch_device = torch.device("cuda", int(index or 0))
    elif kind == "mps":
        problem = mps_problem()
        torch_device = torch.device("mps")
    else:
        raise _missing(f"{name} is not a known device.", "Use cpu, cuda:0, cuda:1 ... or mps.")
    if problem is not None:
        raise problem
    if kind == "cuda":
        torch.cuda.set_device(torch_device)
    torch.zeros(1, device=torch_device)
    device = Device(torch_device)
    device.synchronize()
    return device


def versions() -> dict[str, str]:
    """What the figures depend on, by name."""
    found: dict[str, str] = {"torch": torch.__version__}
    if (torchvision := version_of("torchvision")) is not None:
        found["torchvision"] = torchvision
    if torch.version.cuda:
        found["cuda"] = torch.version.cuda
    if torch.version.hip:
        found["hip"] = torch.version.hip
    if torch.version.cuda and (cudnn := torch.backends.cudnn.version()):
        found["cudnn"] = str(cudnn)
    return found


class CudaState(Protocol):
    """The part of `torch.cuda` that tells whether CUDA can be used."""

    def is_available(self) -> bool:
        """Whether it can."""

    def init(self) -> None:
        """Start it; the exception says why it cannot."""


def cuda_problem(
    *,
    build: str | None = torch.version.cuda or torch.version.hip,
    cuda: CudaState = torch.cuda,
    environment: Mapping[str, str] = os.environ,
    kernel_driver: Path = _KERNEL_DRIVER,
) -> WorkerError | None:
    """Why CUDA cannot be used, and what to do; None when it can.

    Args:
        build: The CUDA version torch was built for, if any.
        cuda: What to ask.
        environment: Variables, for CUDA_VISIBLE_DEVICES.
        kernel_driver: A file that is there while NVIDIA's driver is loaded.
    """
    if build is None:
        return _missing(
            f"torch {torch.__version__} is built without CUDA.",
            f"Install the CUDA build: pip install --force-reinstall torch torchvision, {_ON_CPU}.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if cuda.is_available():
            return None
    if environment.get("CUDA_VISIBLE_DEVICES", "unset").strip() in ("", "-1"):
        return _missing(
            "CUDA_VISIBLE_DEVICES hides all GPUs.", f"Unset CUDA_VISIBLE_DEVICES, {_ON_CPU}."
        )
    try:
        cuda.init()
    except (RuntimeError, AssertionError) as error:
        return _missing(*_driver_problem(str(error), kernel_driver))
    return _missing(
        "The driver shows no GPU to CUDA.",
        f"In a container start it with --gpus all; outside look at nvidia-smi, {_ON_CPU}.",
    )


def mps_problem() -> WorkerError | None:
    """Why MPS cannot be used; None when it can."""
    if torch.backends.mps.is_available():
        return None
    if not torch.backends.mps.is_built():
        return _missing(
            f"torch {torch.__version__} is built without MPS.",
            "MPS needs a Mac with Apple silicon; use cpu or cuda:0 here.",
        )
    return _missing("This machine has no MPS device.", "MPS needs macOS 14 and Apple silicon.")


def _driver_problem(text: str, kernel_driver: Path) -> tuple[str, str]:
    """What torch says when it cannot start CUDA, in our words, with the remedy."""
    reason = text.strip().splitlines()[0] if text.strip() else "no reason given"
    if "no NVIDIA driver" in text and kernel_driver.exists():
        return (
            "The NVIDIA driver is here, but not its library for CUDA (libcuda.so.1).",
            "Install the driver's package with libcuda; start a container with "
            f"NVIDIA_DRIVER_CAPABILITIES=compute,utility, {_ON_CPU}.",
        )
    if "no NVIDIA driver" in text:
        return (
            "There is no NVIDIA driver here.",
            f"Install it, or start the container with --gpus all, {_ON_CPU}.",
        )
    if "too old" in text:
        return (
            f"The NVIDIA driver is too old for CUDA {torch.version.cuda}: {reason}",
            f"Update the driver, install a torch for an older CUDA, {_ON_CPU}.",
        )
    return (
        f"CUDA does not start: {reason}",
        f"After a driver update reboot (or reload its modules); look at nvidia-smi, {_ON_CPU}.",
    )


def _cuda_index_problem(index: int) -> WorkerError | None:
    count = torch.cuda.device_count()
    if index < count:
        return None
    there = ", ".join(f"cuda:{i}" for i in range(count))
    return _missing(f"There is no cuda:{index}; this machine has {there}.", f"Use one of {there}.")


def _missing(message: str, remedy: str) -> WorkerError:
    return WorkerError(ErrorKind.DEVICE_MISSING, message, remedy)


def name_of(device: torch.device) -> str:
    """Product name of a device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU (MPS)"
    return _cpu_name()


def _peak_resident_bytes() -> int:
    # Of the two only VmHWM can be set back.
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"


def _uuid(device: torch.device) -> str | None:
    if device.type != "cuda":
        return None
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    return None if uuid is None else f"GPU-{uuid}"
