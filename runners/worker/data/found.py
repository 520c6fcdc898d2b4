"""What a place to look for data answers with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runners.worker.data.images import FolderImages, VisionSet
from runners.worker.data.text import Windows

Part = VisionSet | FolderImages | Windows


@dataclass(frozen=True, slots=True)
class Found:
    """Both parts of a set, and the folder they were read from."""

    root: Path
    train: Part
    test: Part


class Sources(Protocol):
    """The ways to one workload's data."""

    def real(self, root: Path) -> Found | None:
        """The real set at or below a root; None where nothing of it is there.

        Raises:
            WorkerError: It is there and damaged, or does not fit the workload.
        """

    def generated(self, seed: int) -> Found:
        """The stand-in."""

    def download(self, root: Path) -> None:
        """Fetch the real set to where `real` finds it, unless it is there.

        Raises:
            WorkerError: That cannot be done or did not work.
        """

    def looked_for(self, root: Path) -> str:
        """What `real` looks for under a root, in words."""
