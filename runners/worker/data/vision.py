"""Data sets as torchvision lays them out, reads them and downloads them."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from torchvision import datasets
from torchvision.datasets.utils import check_integrity

from runners.worker.data import idx
from runners.worker.data.images import Transform, VisionSet
from runners.worker.data.keeping import UNPACKED, Keeping, fingerprint, publish
from runners.worker.data.problems import STAND_IN, DamagedError, missing

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CIFAR_PACKED = "cifar-10-python.tar.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionLayout:
    """Where torchvision keeps a set below a root, and how it is unpacked and checked.

    Attributes:
        reader: torchvision's class.
        folder: Where its files are.
        files: Their names.
        packed: Files of its packed form, below the root.
        unpack: Unpacks these, given the root, into a folder.
        open: Opens the training part (True) or the test part (False) below a root; raises
            `DamagedError` where a file is not whole.
        download_mib: What a download fetches.
    """

    reader: Callable[..., VisionSet]
    folder: str
    files: tuple[str, ...]
    packed: tuple[str, ...]
    unpack: Callable[[Path, Path], None]
    open: Callable[[Path, bool, Transform], VisionSet]
    download_mib: int

    def missing_files(self, root: Path) -> list[str]:
        """The files that are not there, in full; empty when all are."""
        paths = [root / self.folder / file for file in self.files]
        return [str(path) for path in paths if not path.is_file()]

    def find(self, root: Path, keep: Keeping) -> Path | None:
        """The root to read the set from: this one, or where its packed form was unpacked.

        Raises:
            DamagedError: The packed form cannot be unpacked.
        """
        if not self.missing_files(root):
            return root
        packed = [root / file for file in self.packed]
        if not all(path.is_file() for path in packed):
            return None
        return keep.root(
            UNPACKED,
            fingerprint(packed),
            self.folder,
            self.files,
            lambda folder: self.unpack(root, folder),
        )

    def download(self, name: str, root: Path) -> None:
        """Fetch the set by torchvision's own means.

        Raises:
            WorkerError: That did not work.
        """
        print(f"Downloading {name} (about {self.download_mib} MiB) to {root}", flush=True)
        try:
            publish(root / self.folder, self._fetch)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise missing(
                f"{name} could not be downloaded to {root}: {reason}",
                f"Check the network and the folder. {STAND_IN}",
            ) from error

    def _fetch(self, target: Path) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            self.reader(scratch, download=True)
            for path in (Path(scratch) / self.folder).iterdir():
                if path.name in self.files:
                    path.rename(target / path.name)


def _open_idx(
    reader: Callable[..., VisionSet], folder: str, root: Path, is_train: bool, transform: Transform
) -> VisionSet:
    files = IDX_FILES[:2] if is_train else IDX_FILES[2:]
    images, labels = (root / folder / file for file in files)
    counts = idx.shape(images)[0], idx.shape(labels)[0]
    if counts[0] != counts[1]:
        raise DamagedError(f"{labels} has {counts[1]} labels for {counts[0]} images.")
    return reader(str(root), train=is_train, transform=transform)


def _unpack_idx(folder: str, root: Path, target: Path) -> None:
    for file in IDX_FILES:
        packed = root / folder / f"{file}.gz"
        try:
            with gzip.open(packed) as stream, (target / file).open("wb") as unpacked:
                shutil.copyfileobj(stream, unpacked)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedError(f"{packed} cannot be unpacked: {error}.") from error


def _idx_layout(reader: Callable[..., VisionSet], name: str, download_mib: int) -> VisionLayout:
    folder = f"{name}/raw"
    return VisionLayout(
        reader=reader,
        folder=folder,
        files=IDX_FILES,
        packed=tuple(f"{folder}/{file}.gz" for file in IDX_FILES),
        unpack=partial(_unpack_idx, folder),
        open=partial(_open_idx, reader, folder),
        download_mib=download_mib,
    )


def _cifar_sums() -> dict[str, str]:
    """Torchvision's MD5 sum of each file of CIFAR-10; what it has not checked it does not read."""
    listed = (*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list)
    meta = datasets.CIFAR10.meta
    return {**dict(listed), meta["filename"]: meta["md5"]}


def _open_cifar(root: Path, is_train: bool, transform: Transform) -> VisionSet:
    try:
        opened: VisionSet = datasets.CIFAR10(str(root), train=is_train, transform=transform)
    except RuntimeError as error:
        for file, md5 in _cifar_sums().items():
            path = root / datasets.CIFAR10.base_folder / file
            if not check_integrity(path, md5):
                raise DamagedError(f"{path} is damaged: its MD5 sum should be {md5}.") from error
        raise
    return opened


def _unpack_cifar(root: Path, target: Path) -> None:
    packed = root / _CIFAR_PACKED
    try:
        with tarfile.open(packed) as archive:
            for file in _cifar_sums():
                stream = archive.extractfile(f"{datasets.CIFAR10.base_folder}/{file}")
                if stream is None:
                    raise DamagedError(f"{packed} does not hold {file}.")
                with stream, (target / file).open("wb") as unpacked:
                    shutil.copyfileobj(stream, unpacked)
    except (EOFError, KeyError, tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedError(f"{packed} cannot be unpacked: {error}.") from error


LAYOUTS: Mapping[str, VisionLayout] = MappingProxyType(
    {
        "MNIST": _idx_layout(datasets.MNIST, "MNIST", 11),
        "FashionMNIST": _idx_layout(datasets.FashionMNIST, "FashionMNIST", 30),
        "CIFAR10": VisionLayout(
            reader=datasets.CIFAR10,
            folder=datasets.CIFAR10.base_folder,
            files=tuple(_cifar_sums()),
            packed=(_CIFAR_PACKED,),
            unpack=_unpack_cifar,
            open=_open_cifar,
            download_mib=163,
        ),
    }
)
