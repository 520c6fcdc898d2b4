"""Simulated GPUs with stand-ins for the processes on them, and what they were asked.

The simulated driver library is told what to show by the environment of the program that loads it,
and counts its calls in a file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import programs
from benchmarks.figures import NotMeasuredError

GPU_PROCESSES = 10

_COMMANDS = (
    "python3 train.py --config configs/llama-7b.yaml --batch-size 8 --lr 3e-4",
    "python3 -m torch.distributed.run --nproc_per_node=8 pretrain.py",
    "python3 -m vllm.entrypoints.api_server --model meta-llama/Llama-3-8B --port 8000",
    "/usr/lib/xorg/Xorg -core :0 -seat seat0",
    "python3 eval.py --split test",
)
_COUNTS_HEADER = struct.Struct("8sII")
_COUNTS_RECORD = struct.Struct("56sQQQ")
_COUNTS_MAGIC = b"NVMLSIM1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """How long the simulated driver takes.

    Attributes:
        name: In words.
        lines: What the simulated library is told.
    """

    name: str
    lines: tuple[str, ...]


FREE = Driver(name="calls cost nothing", lines=())
# Milliseconds: PCIe throughput as NVIDIA documents it, process lists and the fan as reported for
# one laptop's card, the rest guesses of the right order. What spins takes CPU time.
REALISTIC = Driver(
    name="real calls' cost",
    lines=(
        "delay nvmlDeviceGetPcieThroughput 20",
        "delay nvmlDeviceGet*RunningProcesses* 4.5 spin=1",
        "delay nvmlDeviceGetProcessUtilization 1 spin=1",
        "delay nvmlDeviceGetFanSpeed 0.137 spin=1",
        "delay nvmlDeviceGetMemoryInfo 0.012 spin=1",
        "delay nvmlDeviceGetPowerUsage 0.1 spin=1",
        "delay nvmlDeviceGetTemperature 0.05 spin=1",
        "delay nvmlDeviceGetClockInfo 0.05 spin=1",
        "delay nvmlDeviceGetFieldValues 0.2 spin=1",
        "delay nvmlInit 30",
    ),
)
A_MILLISECOND = Driver(name="1 ms a call", lines=("delay nvmlDevice* 1",))


def environment(
    gpus: int, driver: Driver, pids: Sequence[int], counts: Path | None = None
) -> dict[str, str]:
    """The environment in which a program sees so many simulated GPUs.

    Args:
        gpus: How many.
        driver: How long calls take.
        pids: The processes on them.
        counts: Where to count calls; None counts none.

    Raises:
        NotMeasuredError: There is no simulated library.
    """
    if programs.NVML_VARIABLE not in os.environ:
        raise NotMeasuredError(
            f"{programs.NVML_VARIABLE} names no folder with a simulated libnvidia-ml.so.1"
        )
    known = {
        name: value
        for name, value in programs.environment().items()
        if not name.startswith("NVMLSIM_")
    }
    simulated = {
        "NVMLSIM_GPUS": str(gpus),
        "NVMLSIM_SET": ";".join(driver.lines),
        "NVMLSIM_PIDS": ",".join(map(str, pids)),
        "NVMLSIM_ERRORS": os.devnull,
    }
    if counts is not None:
        simulated["NVMLSIM_COUNTS"] = str(counts)
    return known | simulated | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def sleepers(number: int) -> Iterator[list[int]]:
    """So many sleeping processes under names as GPU programs have; gives their ids."""
    sleep = shutil.which("sleep")
    if sleep is None:
        raise NotMeasuredError("there is no program `sleep` to stand in for GPU processes")
    started: list[subprocess.Popen[bytes]] = []
    try:
        for index in range(number):
            name = _COMMANDS[index % len(_COMMANDS)]
            started.append(
                subprocess.Popen([name, "86400"], executable=sleep, stdin=subprocess.DEVNULL)
            )
        yield [process.pid for process in started]
    except OSError as error:
        raise NotMeasuredError(f"{number} processes could not be started: {error}") from error
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def calls(counts: bytes) -> dict[str, int]:
    """How often each NVML function was called, out of the library's file of counts."""
    if len(counts) < _COUNTS_HEADER.size:
        return {}
    magic, used, _ = _COUNTS_HEADER.unpack_from(counts)
    if magic != _COUNTS_MAGIC:
        return {}
    found = {}
    for index in range(used):
        name, number, _errors, _slept = _COUNTS_RECORD.unpack_from(
            counts, _COUNTS_HEADER.size + index * _COUNTS_RECORD.size
        )
        found[name.split(b"\0", 1)[0].decode()] = number
    return found
