"""The files of an MNIST-like set as torchvision lays them out: ROOT/NAME/raw, four idx files."""

from __future__ import annotations

import gzip
import math
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_UNSIGNED_BYTES = 8


class DamagedError(Exception):
    """A file is not the idx file it should be; the message says which and how."""


def folder(root: Path, name: str) -> Path:
    """Where torchvision keeps the files of a set."""
    return root / name / "raw"


def missing_files(root: Path, name: str, suffix: str = "") -> list[str]:
    """The files of a set that are not under a root, in full; empty when all are there."""
    paths = [folder(root, name) / f"{file}{suffix}" for file in FILES]
    return [str(path) for path in paths if not path.is_file()]


def check(root: Path, name: str) -> None:
    """See that the files of a set are whole.

    Raises:
        DamagedError: One is cut short or not an idx file, or images and labels do not match.
    """
    counts = [_count(folder(root, name) / file) for file in FILES]
    for images, labels, file in zip(counts[::2], counts[1::2], FILES[1::2], strict=True):
        if images != labels:
            path = folder(root, name) / file
            raise DamagedError(f"{path} has {labels} labels for {images} images.")


def write(path: Path, values: Tensor) -> None:
    """Write unsigned bytes of any shape as an idx file."""
    header = struct.pack(">HBB", 0, _UNSIGNED_BYTES, values.dim())
    sizes = struct.pack(f">{values.dim()}I", *values.shape)
    path.write_bytes(header + sizes + values.numpy().tobytes())


def unpack(source: Path, target: Path) -> None:
    """Unpack the four .gz files of one folder into another.

    Raises:
        DamagedError: One of them cannot be unpacked.
    """
    for file in FILES:
        packed = source / f"{file}.gz"
        try:
            with gzip.open(packed) as stream, (target / file).open("wb") as unpacked:
                shutil.copyfileobj(stream, unpacked)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedError(f"{packed} cannot be unpacked: {error}.") from error


def publish(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder so that nobody ever sees a file of it half written.

    Two processes may do this at once for the same content: each file is moved into place whole.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target) as made:
        fill(Path(made))
        for path in sorted(Path(made).iterdir()):
            path.replace(target / path.name)


def _count(path: Path) -> int:
    with path.open("rb") as stream:
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
    return int(sizes[0])
