"""Finds a workload's data set, or makes its stand-in, and opens it by torchvision."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torchvision import datasets, transforms

from runners.events import ErrorKind
from runners.worker import generator, idx
from runners.worker.errors import WorkerError
from runners.workloads import JobSettings

_DOWNLOAD_MIB = {"MNIST": 11, "FashionMNIST": 30}
_OTHER_SOURCES = "--data download fetches it, --data generated uses the built-in stand-in."

type_of: Mapping[str, Callable[..., Any]] = {
    "MNIST": datasets.MNIST,
    "FashionMNIST": datasets.FashionMNIST,
}


class VisionSet(Protocol):
    """What torchvision's MNIST-like classes are, as far as we use them.

    Attributes:
        data: All images, gray, 0 to 255.
        targets: Their class numbers.
    """

    data: Tensor
    targets: Tensor

    def __len__(self) -> int:
        """Samples."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One image, scaled by the transforms, and its class number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set, cut to the samples asked for.

    Attributes:
        train: torchvision's data set object for training.
        test: The one for testing.
        source: `real` or `generated`.
        name: Name of the set.
        root: The folder torchvision read it from.
        warnings: What a reader of the figures should know.
    """

    train: VisionSet
    test: VisionSet
    source: str
    name: str
    root: Path
    warnings: tuple[str, ...]


def load(
    name: str, settings: JobSettings, *, mean: tuple[float, ...], std: tuple[float, ...]
) -> DataSet:
    """The data set a job asks for, its pixels scaled by `mean` and `std` when items are read.

    Raises:
        WorkerError: It is not there, is damaged, or is smaller than asked for.
    """
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    warnings: list[str] = []
    # torchvision reads all of a set into memory, so a temporary folder may go right after.
    with ExitStack() as stack:
        keep = _Keeping(settings.cache_dir, stack, warnings)
        root, source = _find(name, settings, keep)
        try:
            idx.check(root, name)
        except idx.DamagedError as error:
            raise _damaged(error) from error
        train, test = (
            type_of[name](str(root), train=is_train, transform=to_tensor)
            for is_train in (True, False)
        )
    _cut(train, settings.train_samples, "--train-samples")
    _cut(test, settings.test_samples, "--test-samples")
    return DataSet(
        train=train, test=test, source=source, name=name, root=root, warnings=tuple(warnings)
    )


class _Keeping:
    """Keeps what was made or unpacked in the cache folder, or else for this run only."""

    def __init__(self, cache_dir: str | None, stack: ExitStack, warnings: list[str]) -> None:
        self._cache = Path(cache_dir) if cache_dir else None
        self._stack = stack
        self._warnings = warnings

    def root(self, key: str, name: str, fill: Callable[[Path], None]) -> Path:
        """A root that holds the set; `fill` is called unless it was kept before."""
        if self._cache is None:
            return self._temporary(name, fill, "there is no cache folder")
        root = self._cache / key
        try:
            if idx.missing_files(root, name):
                idx.publish(idx.folder(root, name), fill)
        except OSError as error:
            return self._temporary(name, fill, f"{self._cache} cannot be written: {error.strerror}")
        return root

    def _temporary(self, name: str, fill: Callable[[Path], None], why: str) -> Path:
        self._warnings.append(f"The data is not kept for the next run: {why}.")
        root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="racetop-")))
        idx.publish(idx.folder(root, name), fill)
        return root


def _find(name: str, settings: JobSettings, keep: _Keeping) -> tuple[Path, str]:
    if settings.data == "generated":
        return _generated(name, settings.seed, keep), "generated"
    if settings.data == "download":
        return _downloaded(name, settings.data_dir), "real"
    if settings.data != "auto":
        root = _real(name, Path(settings.data), keep)
        if root is None:
            raise _not_found(name, Path(settings.data))
        return root, "real"
    root = _real(name, Path(settings.data_dir), keep) if settings.data_dir else None
    return (root, "real") if root else (_generated(name, settings.seed, keep), "generated")


def _real(name: str, root: Path, keep: _Keeping) -> Path | None:
    if not idx.missing_files(root, name):
        return root
    if idx.missing_files(root, name, ".gz"):
        return None
    source = idx.folder(root, name)
    marks = [(source / f"{file}.gz").stat() for file in idx.FILES]
    fingerprint = zlib.crc32(repr([(source, m.st_size, m.st_mtime_ns) for m in marks]).encode())
    try:
        return keep.root(
            f"unpacked/{fingerprint:08x}", name, lambda folder: idx.unpack(source, folder)
        )
    except idx.DamagedError as error:
        raise _damaged(error) from error


def _generated(name: str, seed: int, keep: _Keeping) -> Path:
    def fill(folder: Path) -> None:
        samples = generator.TRAIN_SAMPLES + generator.TEST_SAMPLES
        images, labels = generator.generate(name, seed, samples)
        cut = generator.TRAIN_SAMPLES
        parts = (images[:cut], labels[:cut], images[cut:], labels[cut:])
        for file, part in zip(idx.FILES, parts, strict=True):
            idx.write(folder / file, part.to(torch.uint8))

    return keep.root(f"generated/v{generator.VERSION}-seed{seed}", name, fill)


def _downloaded(name: str, data_dir: str | None) -> Path:
    if data_dir is None:
        raise WorkerError(
            ErrorKind.DATA_MISSING,
            f"{name} cannot be downloaded: there is no data folder to keep it in.",
            "Set RACETOP_DATA to a folder that can be written.",
        )
    root = Path(data_dir)
    if idx.missing_files(root, name):
        print(f"Downloading {name} (about {_DOWNLOAD_MIB[name]} MiB) to {root}", flush=True)
        try:
            idx.publish(idx.folder(root, name), lambda folder: _fetch(name, folder))
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise WorkerError(
                ErrorKind.DATA_MISSING,
                f"{name} could not be downloaded to {root}: {reason}",
                "Check the network and the folder, or use --data generated.",
            ) from error
    return root


def _fetch(name: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        type_of[name](scratch, download=True)
        for path in idx.folder(Path(scratch), name).iterdir():
            if path.name in idx.FILES:
                path.rename(target / path.name)


def _cut(part: VisionSet, samples: int | None, option: str) -> None:
    if samples is None:
        return
    if samples > len(part):
        raise WorkerError(
            ErrorKind.DATA_MISSING,
            f"{option} {samples} is more than the set has: {len(part)}.",
            f"Use {option} {len(part)} or fewer.",
        )
    part.data, part.targets = part.data[:samples], part.targets[:samples]


def _not_found(name: str, root: Path) -> WorkerError:
    if not root.is_dir():
        message = f"There is no folder {root}."
    else:
        missing = idx.missing_files(root, name)
        more = f" and {len(missing) - 1} more files" if len(missing) > 1 else ""
        message = f"{root} does not hold {name}: looked for {missing[0]} (or .gz){more}."
    return WorkerError(
        ErrorKind.DATA_MISSING,
        message,
        f"Name the folder that has {name}/raw in it. {_OTHER_SOURCES}",
    )


def _damaged(error: idx.DamagedError) -> WorkerError:
    return WorkerError(
        ErrorKind.DATA_MISSING, str(error), f"Remove the damaged file. {_OTHER_SOURCES}"
    )
