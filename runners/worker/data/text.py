"""Bytes of text, cut into windows of a fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from runners.worker.data.problems import STAND_IN, missing

FOLDER = "text"
_TEST_SHARE = 10


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Windows of text one after another, each with the bytes that follow its bytes.

    Args:
        text: The bytes, without a dimension more.
        length: Bytes of a window.
    """

    def __init__(self, text: Tensor, length: int) -> None:
        self._text = text
        self._length = length

    def __len__(self) -> int:
        return (len(self._text) - 1) // self._length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        start = index * self._length
        chunk = self._text[start : start + self._length + 1].to(torch.int64)
        return chunk[:-1], chunk[1:]

    def cut(self, samples: int) -> None:
        """Keep the first ones only."""
        self._text = self._text[: samples * self._length + 1]

    def all(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """All windows and the bytes that follow theirs, windows x length; views of one copy."""
        text, end = self._text.to(device), len(self) * self._length
        return text[:end].view(-1, self._length), text[1 : end + 1].view(-1, self._length)


def files(root: Path) -> list[Path]:
    """The .txt files of a folder's folder `text`, else of the folder itself, by name."""
    for folder in (root / FOLDER, root):
        if folder.is_dir():
            found = [path for path in sorted(folder.iterdir()) if _is_text(path)]
            if found:
                return found
    return []


def parts(paths: Sequence[Path], length: int) -> tuple[Windows, Windows]:
    """Windows for training and, the last tenth of them, for testing.

    Raises:
        WorkerError: A file cannot be read, or there are fewer than two windows.
    """
    try:
        raw = b"".join(path.read_bytes() for path in paths)
    except OSError as error:
        raise missing(
            f"{error.filename} cannot be read: {error.strerror}.", f"Make it readable. {STAND_IN}"
        ) from error
    windows = (len(raw) - 1) // length
    if windows < 2:
        raise missing(
            f"The .txt files of {paths[0].parent} hold {len(raw)} bytes, and two windows take "
            f"{2 * length + 1}.",
            f"Put more text there. {STAND_IN}",
        )
    text = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
    cut = (windows - max(1, windows // _TEST_SHARE)) * length
    return Windows(text[: cut + 1], length), Windows(text[cut:], length)


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == ".txt" and not path.name.startswith(".") and path.is_file()
