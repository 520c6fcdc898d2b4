"""idx files: unsigned bytes of any shape, as MNIST has them."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from runners.worker.data.problems import DamagedError

_UNSIGNED_BYTES = 8


def shape(path: Path) -> tuple[int, ...]:
    """The shape of what a file holds.

    Raises:
        DamagedError: It is cut short or not an idx file.
    """
    with path.open("rb") as stream:
        return _shape(path, stream)


def read(path: Path) -> Tensor:
    """What a file holds, in memory.

    Raises:
        DamagedError: It is cut short or not an idx file.
    """
    with path.open("rb") as stream:
        values = torch.empty(_shape(path, stream), dtype=torch.uint8)
        stream.readinto(values.numpy().data)
    return values


def write(path: Path, values: Tensor) -> None:
    """Write unsigned bytes of any shape as an idx file."""
    with path.open("wb") as stream:
        stream.write(struct.pack(">HBB", 0, _UNSIGNED_BYTES, values.dim()))
        stream.write(struct.pack(f">{values.dim()}I", *values.shape))
        stream.write(values.contiguous().numpy().data)


def _shape(path: Path, stream: BinaryIO) -> tuple[int, ...]:
    start = stream.read(4)
    dims = start[3] if len(start) == 4 else 0
    sizes_raw = stream.read(4 * dims)
    if start[:3] != bytes((0, 0, _UNSIGNED_BYTES)) or len(sizes_raw) != 4 * dims or not dims:
        raise DamagedError(f"{path} is not an idx file of bytes.")
    sizes = struct.unpack(f">{dims}I", sizes_raw)
    due = 4 + 4 * dims + math.prod(sizes)
    actual = path.stat().st_size
    if actual != due:
        raise DamagedError(f"{path} is damaged: it has {actual} bytes and should have {due}.")
    return tuple(sizes)
