"""What NVML's return codes mean: for a field, for a card, for the driver, for people."""

from __future__ import annotations

from enum import IntEnum

from sensors.gpu_readings import DriverReading, NvmlState


class Code(IntEnum):
    """NVML return codes that are told apart here."""

    SUCCESS = 0
    UNINITIALIZED = 1
    INVALID_ARGUMENT = 2
    NOT_SUPPORTED = 3
    NO_PERMISSION = 4
    NOT_FOUND = 6
    INSUFFICIENT_SIZE = 7
    DRIVER_NOT_LOADED = 9
    TIMEOUT = 10
    LIBRARY_NOT_FOUND = 12
    FUNCTION_NOT_FOUND = 13
    GPU_IS_LOST = 15
    RESET_REQUIRED = 16
    LIB_RM_VERSION_MISMATCH = 18
    ARGUMENT_VERSION_MISMATCH = 25
    UNKNOWN = 999


# The same question gets the same answer until the driver is opened anew.
PERMANENT = frozenset(
    {
        Code.NOT_SUPPORTED,
        Code.NO_PERMISSION,
        Code.FUNCTION_NOT_FOUND,
        Code.ARGUMENT_VERSION_MISMATCH,
    }
)
# An answer in itself: nothing to report.
EMPTY = frozenset({Code.SUCCESS, Code.NOT_FOUND})
CARD_LOST = frozenset({Code.GPU_IS_LOST, Code.RESET_REQUIRED})
DRIVER_GONE = frozenset({Code.UNINITIALIZED, Code.DRIVER_NOT_LOADED, Code.LIB_RM_VERSION_MISMATCH})

TOO_OLD = "driver too old"
_REASONS: dict[int, str] = {
    Code.INVALID_ARGUMENT: TOO_OLD,
    Code.NOT_SUPPORTED: "not supported",
    Code.NO_PERMISSION: "no permission",
    Code.FUNCTION_NOT_FOUND: TOO_OLD,
    Code.ARGUMENT_VERSION_MISMATCH: TOO_OLD,
    Code.TIMEOUT: "fails for now: timeout",
    Code.UNKNOWN: "fails for now: unknown error",
}

_BY_CODE: dict[int, DriverReading] = {
    Code.LIBRARY_NOT_FOUND: DriverReading(
        state=NvmlState.NO_LIBRARY,
        problem="No NVIDIA driver: its library libnvidia-ml.so.1 is not on this machine.",
        remedy="With an NVIDIA GPU, install its driver; in a container, start it with --gpus all.",
    ),
    Code.DRIVER_NOT_LOADED: DriverReading(
        state=NvmlState.NO_DRIVER,
        problem="The NVIDIA driver is installed, but its kernel module is not loaded.",
        remedy="Load it with `sudo modprobe nvidia`, or reboot; `sudo dmesg` says why it failed.",
    ),
    Code.LIB_RM_VERSION_MISMATCH: DriverReading(
        state=NvmlState.MISMATCH,
        problem="The NVIDIA driver was updated, but the kernel still runs the old version.",
        remedy="Reboot, or stop all GPU programs and reload the kernel module nvidia.",
    ),
    Code.NO_PERMISSION: DriverReading(
        state=NvmlState.NO_PERMISSION,
        problem="This user may not open the NVIDIA driver.",
        remedy="Check the rights of /dev/nvidiactl: often its group, or the container's devices.",
    ),
    Code.UNINITIALIZED: DriverReading(
        state=NvmlState.FAILED,
        problem="The NVIDIA driver closed the connection.",
        remedy="It is opened again within seconds; if not, look at `sudo dmesg`.",
    ),
}


def reason(code: int) -> str:
    """Why a question has no answer, in a few words.

    Args:
        code: NVML's return code.
    """
    return _REASONS.get(code) or f"fails for now: NVML error {code}"


def driver_problem(code: int, message: str) -> DriverReading:
    """What it means for people that the driver cannot be used, and what to do.

    Args:
        code: NVML's return code.
        message: NVML's own words for it.
    """
    known = _BY_CODE.get(code)
    if known is not None:
        return known
    return DriverReading(
        state=NvmlState.FAILED,
        problem=f"The NVIDIA driver does not answer: {message} (NVML error {code}).",
        remedy="See whether `nvidia-smi` works; if not, look at `sudo dmesg`, or reboot.",
    )


def binding_problem(detail: str) -> DriverReading:
    """What it means for people that the Python module for NVML cannot be used."""
    return DriverReading(
        state=NvmlState.FAILED,
        problem=f"The Python module pynvml cannot be used: {detail}.",
        remedy="Run `pip uninstall pynvml nvidia-ml-py3`, "
        "then `pip install --force-reinstall nvidia-ml-py`.",
    )
