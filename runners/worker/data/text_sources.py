"""The ways to text: .txt files, or the stand-in."""

from __future__ import annotations

from pathlib import Path

from runners.worker.data import text, text_made
from runners.worker.data.found import Found
from runners.worker.data.keeping import GENERATED, Keeping
from runners.worker.data.problems import STAND_IN, missing

_MADE = "made.txt"


class TextSources:
    """The ways to the text of one workload.

    Args:
        length: Bytes of a window.
        keep: Where made files go.
    """

    def __init__(self, length: int, keep: Keeping) -> None:
        self._length = length
        self._keep = keep

    def real(self, root: Path) -> Found | None:
        """See `Sources`."""
        paths = text.files(root)
        return Found(paths[0].parent, *text.parts(paths, self._length)) if paths else None

    def generated(self, seed: int) -> Found:
        """See `Sources`."""

        def fill(folder: Path) -> None:
            (folder / _MADE).write_bytes(text_made.generate(seed, text_made.SIZE_BYTES))

        made_by = f"v{text_made.VERSION}-seed{seed}"
        root = self._keep.root(GENERATED, made_by, text.FOLDER, (_MADE,), fill)
        return Found(root, *text.parts([root / text.FOLDER / _MADE], self._length))

    def download(self, root: Path) -> None:
        """See `Sources`."""
        raise missing(
            "torchvision has no text to download.", f"Put .txt files into {root}. {STAND_IN}"
        )

    def looked_for(self, root: Path) -> str:
        """See `Sources`."""
        return f".txt files in {root / text.FOLDER} and in {root}"
