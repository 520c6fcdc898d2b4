"""The ways to a set of images: torchvision's layout, a folder for each class, the stand-in."""

from __future__ import annotations

from pathlib import Path

import torch

from runners.worker.data import idx, images_made
from runners.worker.data.found import Found
from runners.worker.data.images import ColorImages, FolderImages, Transform
from runners.worker.data.keeping import GENERATED, Keeping
from runners.worker.data.problems import STAND_IN, missing
from runners.worker.data.vision import IDX_FILES, LAYOUTS
from runners.workloads import Workload

_FOLDER_SETS = ("CIFAR10",)
_PARTS = ("train", "test")


class ImageSources:
    """The ways to the images of one workload.

    Args:
        workload: What the images are for.
        transform: Scales an image when it is read.
        keep: Where unpacked and made files go.
    """

    def __init__(self, workload: Workload, transform: Transform, keep: Keeping) -> None:
        self._workload = workload
        self._layout = LAYOUTS[workload.data]
        self._transform = transform
        self._keep = keep

    def real(self, root: Path) -> Found | None:
        """See `Sources`."""
        found = self._layout.find(root, self._keep)
        if found is not None:
            return self._opened(found)
        for folder in self._folders(root):
            if any((folder / part).is_dir() for part in _PARTS):
                return self._opened_folder(folder)
        return None

    def generated(self, seed: int) -> Found:
        """See `Sources`."""
        name = self._workload.data
        made_by = f"v{images_made.VERSION}-seed{seed}"
        is_gray = images_made.FORMS[name].channels == 1
        # torchvision's own reader checks the sums of CIFAR-10, which no stand-in can have.
        folder = self._layout.folder if is_gray else name
        root = self._keep.root(
            GENERATED, made_by, folder, IDX_FILES, lambda made: _make(name, seed, made)
        )
        if is_gray:
            return self._opened(root)
        train, test, train_labels, test_labels = (
            idx.read(root / folder / file) for file in (*IDX_FILES[::2], *IDX_FILES[1::2])
        )
        return Found(
            root,
            ColorImages(train, train_labels.tolist(), self._transform),
            ColorImages(test, test_labels.tolist(), self._transform),
        )

    def download(self, root: Path) -> None:
        """See `Sources`."""
        if self._layout.find(root, self._keep) is None:
            self._layout.download(self._workload.data, root)

    def looked_for(self, root: Path) -> str:
        """See `Sources`."""
        absent = self._layout.missing_files(root)
        more = f" and {len(absent) - 1} more files" if len(absent) > 1 else ""
        packed = root / self._layout.packed[0]
        folders = [f"image folders in {folder / 'train'}" for folder in self._folders(root)]
        return ", ".join([f"{absent[0]}{more}", f"packed {packed}", *folders])

    def _opened(self, root: Path) -> Found:
        train, test = (self._layout.open(root, part, self._transform) for part in (True, False))
        return Found(root, train, test)

    def _folders(self, root: Path) -> list[Path]:
        name = self._workload.data
        return [root, root / name] if name in _FOLDER_SETS else []

    def _opened_folder(self, root: Path) -> Found:
        for part in _PARTS:
            if not (root / part).is_dir():
                raise missing(
                    f"There is no folder {root / part}.",
                    f"An image folder has both, train and test. {STAND_IN}",
                )
        side, classes = self._workload.input_shape[-1], self._workload.classes
        train, test = (FolderImages(root / part, side, classes, self._transform) for part in _PARTS)
        if train.classes != test.classes:
            odd = sorted(set(train.classes) ^ set(test.classes))
            raise missing(
                f"{root} has other classes in train than in test: {', '.join(odd)}.",
                f"Give both the same class folders. {STAND_IN}",
            )
        return Found(root, train, test)


def _make(name: str, seed: int, folder: Path) -> None:
    form = images_made.FORMS[name]
    cut = form.train_samples
    images, labels = images_made.generate(name, seed, cut + form.test_samples)
    parts = (images[:cut], labels[:cut], images[cut:], labels[cut:])
    for file, part in zip(IDX_FILES, parts, strict=True):
        idx.write(folder / file, part.to(torch.uint8))
