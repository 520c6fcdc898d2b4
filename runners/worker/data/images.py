"""Images in memory and in folders, read item by item as torchvision reads them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms
from torchvision.transforms.functional import pil_to_tensor

from runners.worker.data import idx
from runners.worker.data.keeping import DECODED, Keeping, fingerprint
from runners.worker.data.problems import STAND_IN, DamagedError, missing
from runners.worker.errors import WorkerError
from runners.worker.lifeline import start_loader_process

Transform = Callable[[Any], Any]
_SUFFIXES = (".jpg", ".jpeg", ".png")
_PIXELS = "images.idx"
_DECODED_AT_A_TIME = 500
_FEW = 2_000


class VisionSet(Protocol):
    """What torchvision's sets of small images are, as far as we use them.

    Attributes:
        data: All images, 0 to 255: samples x height x width, then x 3 where they have color.
        targets: Their class numbers.
    """

    data: Any
    targets: Any

    def __len__(self) -> int:
        """Samples."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One image, scaled by the transforms, and its class number."""


class ColorImages(Dataset[tuple[Tensor, int]]):
    """Color images in memory, each made an image and scaled when read, as torchvision does it.

    Args:
        images: samples x height x width x 3, unsigned bytes.
        targets: Their class numbers.
        transform: Applied to each image when it is read.
    """

    def __init__(self, images: Tensor, targets: list[int], transform: Transform) -> None:
        self.data = images.numpy()
        self.targets = targets
        self._transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(Image.fromarray(self.data[index])), self.targets[index]


class FolderImages(Dataset[tuple[Tensor, int]]):
    """Color images in a folder for each class, decoded each time one is read.

    They are in turn one of each class, so that the first ones are a fair part of them.

    Args:
        folder: Has a folder for each class, these have .jpg, .jpeg or .png files.
        side: Height and width images are resized to.
        classes: How many classes there have to be.
        transform: Applied to each image after that.

    Raises:
        WorkerError: There are more or fewer classes, or one is empty.
    """

    def __init__(self, folder: Path, side: int, classes: int, transform: Transform) -> None:
        self.classes = _class_folders(folder)
        if len(self.classes) != classes:
            raise _unfit(f"{folder} has {len(self.classes)} class folders, not {classes}.")
        self._resize = transforms.Resize((side, side))
        self._side = side
        self._transform = transform
        self._samples = _in_turn(_files_by_class(folder, self.classes))

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, target = self._samples[index]
        return self._transform(self._resize(_decode(path))), target

    def cut(self, samples: int) -> None:
        """Keep the first ones only."""
        self._samples = self._samples[:samples]

    def decoded(self, keep: Keeping, processes: int) -> ColorImages:
        """All of them in memory, decoded now by so many processes, or kept from before.

        Raises:
            DamagedError: One of them cannot be decoded.
        """
        name = f"{fingerprint(path for path, _ in self._samples)}-{self._side}"
        root = keep.root(DECODED, name, ".", (_PIXELS,), lambda made: self._decode(made, processes))
        targets = [target for _, target in self._samples]
        return ColorImages(idx.read(root / _PIXELS), targets, self._transform)

    def _decode(self, made: Path, processes: int) -> None:
        pixels = copy.copy(self)
        pixels._transform = pil_to_tensor
        is_worth_it = len(self) > _FEW and processes > 1
        loader = DataLoader(
            pixels,
            batch_size=_DECODED_AT_A_TIME,
            num_workers=processes if is_worth_it else 0,
            worker_init_fn=start_loader_process,
        )
        images = torch.cat([images for images, _ in loader])
        idx.write(made / _PIXELS, images.permute(0, 2, 3, 1))


def _class_folders(folder: Path) -> list[str]:
    """The class folders by name, without those that systems and programs hide."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__"))
    )


def _files_by_class(folder: Path, classes: list[str]) -> list[list[str]]:
    files: list[list[str]] = [[] for _ in classes]
    numbers = {name: number for number, name in enumerate(classes)}
    listed = datasets.folder.make_dataset(
        str(folder), numbers, is_valid_file=_is_image, allow_empty=True
    )
    for path, number in listed:
        files[number].append(path)
    for name, found in zip(classes, files, strict=True):
        if not found:
            raise _unfit(f"{folder / name} holds no {', '.join(_SUFFIXES)} file.")
    return files


def _in_turn(files: list[list[str]]) -> list[tuple[str, int]]:
    rounds = zip_longest(*files)
    return [(path, number) for one in rounds for number, path in enumerate(one) if path]


def _decode(path: str) -> Image.Image:
    try:
        image: Image.Image = datasets.folder.pil_loader(path)
    except (OSError, SyntaxError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DamagedError(
            f"{path} cannot be read as an image: {reason or type(error).__name__}."
        ) from error
    return image


def _is_image(path: str) -> bool:
    name = Path(path).name.lower()
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def _unfit(message: str) -> WorkerError:
    return missing(message, f"Give each class a folder of its own, in train and test. {STAND_IN}")
