"""Small image sets in torchvision's layout."""

from __future__ import annotations

import gzip
from pathlib import Path

import torch

from runners.worker import generator, idx


def make_set(root: Path, name: str, *, train: int = 600, test: int = 200, seed: int = 0) -> Path:
    """A learnable set with few samples under a root; returns the root."""
    images, labels = generator.generate(name, seed, train + test)
    parts = (images[:train], labels[:train], images[train:], labels[train:])
    folder = idx.folder(root, name)
    folder.mkdir(parents=True)
    for file, part in zip(idx.FILES, parts, strict=True):
        idx.write(folder / file, part.to(torch.uint8))
    return root


def pack(root: Path, name: str) -> None:
    """Replace the files of a set by their .gz form."""
    for file in idx.FILES:
        path = idx.folder(root, name) / file
        path.with_name(f"{file}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        path.unlink()
