"""Small data sets in the layouts that are read."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import tarfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision import datasets

from runners.worker.data import idx, images_made
from runners.worker.data.images_made import Form
from runners.worker.data.vision import IDX_FILES, LAYOUTS

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def small_stand_ins(monkeypatch: pytest.MonkeyPatch, *, train: int, test: int) -> None:
    """Let stand-ins of images have so few samples."""
    small = {
        name: Form(form.channels, form.side, train, test)
        for name, form in images_made.FORMS.items()
    }
    monkeypatch.setattr(images_made, "FORMS", small)


def make_set(root: Path, name: str, *, train: int = 600, test: int = 200, seed: int = 0) -> Path:
    """A learnable set of MNIST's kind with few samples under a root; returns the root."""
    images, labels = images_made.generate(name, seed, train + test)
    parts = (images[:train], labels[:train], images[train:], labels[train:])
    folder = root / LAYOUTS[name].folder
    folder.mkdir(parents=True)
    for file, part in zip(IDX_FILES, parts, strict=True):
        idx.write(folder / file, part.to(torch.uint8))
    return root


def pack(root: Path, name: str) -> None:
    """Replace the files of a set of MNIST's kind by their .gz form."""
    for file in IDX_FILES:
        path = root / LAYOUTS[name].folder / file
        path.with_name(f"{file}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        path.unlink()


def color_images(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy images, samples x 32 x 32 x 3, of a color for each class; classes take turns."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(samples) % len(CLASSES)
    colors = torch.randint(156, (len(CLASSES), 1, 1, 3), generator=random)
    noise = torch.randint(100, (samples, 32, 32, 3), generator=random)
    return (colors[labels] + noise).to(torch.uint8), labels


def make_cifar(root: Path, monkeypatch: pytest.MonkeyPatch, *, samples: int = 8) -> Path:
    """CIFAR-10 as torchvision keeps it, with so few samples a file; returns its folder.

    torchvision reads no file whose sum is not the one it knows, so it is told these sums.
    """
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = [file for file, _ in (*datasets.CIFAR10.train_list, *datasets.CIFAR10.test_list)]
    images, labels = color_images(samples * len(names))
    rows = images.permute(0, 3, 1, 2).flatten(1).numpy()
    sums = {}
    for number, name in enumerate(names):
        part = slice(number * samples, (number + 1) * samples)
        sums[name] = _pickle(folder / name, {"data": rows[part], "labels": labels[part].tolist()})
    meta = datasets.CIFAR10.meta
    meta_sum = _pickle(folder / meta["filename"], {"label_names": list(CLASSES)})
    for parts in ("train_list", "test_list"):
        listed = [[file, sums[file]] for file, _ in getattr(datasets.CIFAR10, parts)]
        monkeypatch.setattr(datasets.CIFAR10, parts, listed)
    monkeypatch.setattr(datasets.CIFAR10, "meta", {**meta, "md5": meta_sum})
    return folder


def pack_cifar(root: Path) -> Path:
    """Replace the files of CIFAR-10 by their .tar.gz form; returns that file."""
    folder = root / "cifar-10-batches-py"
    packed = root / "cifar-10-python.tar.gz"
    with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
        archive.add(folder, folder.name)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return packed


def make_image_folder(
    root: Path, *, train: int = 3, test: int = 2, side: int = 32, suffix: str = "png"
) -> Path:
    """An image folder with so many images a class; returns the root."""
    count = len(CLASSES) * (train + test)
    left = iter(color_images(count)[0])
    for part, samples in (("train", train), ("test", test)):
        for name in CLASSES:
            (root / part / name).mkdir(parents=True)
        for number in range(samples):
            for name in CLASSES:
                image = Image.fromarray(next(left).numpy()).resize((side, side))
                image.save(root / part / name / f"{number:04}.{suffix}")
    return root


def _pickle(path: Path, content: dict[str, object]) -> str:
    path.write_bytes(pickle.dumps(content))
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
