"""What the loops need of a source of batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class Batches(Protocol):
    """One pass over samples, batch by batch; each `iter()` is a new pass."""

    def __len__(self) -> int:
        """Batches in a pass."""

    def __iter__(self) -> Iterator[Any]:
        """The batches: images and class numbers."""
