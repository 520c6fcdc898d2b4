"""The cache folder of what was made, unpacked or decoded; what is used least makes room."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from runners.worker.data.problems import missing

GENERATED, UNPACKED, DECODED = _KINDS = ("generated", "unpacked", "decoded")
"""The folders of the cache folder; what lies elsewhere, such as downloads, is never removed."""
# About twenty sets the size of CIFAR-10.
_MOST_BYTES = 4 * 1024**3
# Another process may be reading what it looked up just now.
_IN_USE_S = 3600.0


class Keeping:
    """Keeps files in the cache folder, or else for this run only.

    The time of change of each folder kept is that of its last use. What is added to a full cache
    folder takes the place of what was used longest ago.

    Args:
        cache_dir: The cache folder; None where there is none.
        stack: Ends what is kept for this run only.
        warnings: Where a sentence goes about what could not be kept.
        most_bytes: What all that is kept may take.
    """

    def __init__(
        self,
        cache_dir: str | None,
        stack: ExitStack,
        warnings: list[str],
        *,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._cache = Path(cache_dir) if cache_dir else None
        self._stack = stack
        self._warnings = warnings
        self._most_bytes = most_bytes

    def root(
        self, kind: str, name: str, folder: str, files: Iterable[str], fill: Callable[[Path], None]
    ) -> Path:
        """A root with the files in `folder` below it; `fill` makes those not kept before.

        Args:
            kind: `GENERATED`, `UNPACKED` or `DECODED`.
            name: Of the root, among those of its kind.
            folder: Where the files are, below the root.
            files: Their names.
            fill: Makes them in a folder.

        Raises:
            WorkerError: They can be written nowhere.
        """
        if self._cache is None:
            return self._temporary(folder, fill, "there is no cache folder")
        root = self._cache / kind / name
        # Before the look at its files: from now on nobody removes it.
        with suppress(OSError):
            os.utime(root)
        if all((root / folder / file).is_file() for file in files):
            return root
        try:
            publish(root / folder, fill)
        except OSError as error:
            return self._temporary(
                folder, fill, f"{self._cache} cannot be written: {error.strerror}"
            )
        with suppress(OSError):  # another process may be making room as well
            _make_room(self._cache, self._most_bytes)
        return root

    def _temporary(self, folder: str, fill: Callable[[Path], None], why: str) -> Path:
        warning = f"The data is not kept for the next run: {why}."
        if warning not in self._warnings:
            self._warnings.append(warning)
        try:
            root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="racetop-")))
            publish(root / folder, fill)
        except OSError as error:
            raise missing(
                f"The data could be written neither to the cache folder nor to "
                f"{tempfile.gettempdir()}: {error.strerror}.",
                "Free some disk space, or set XDG_CACHE_HOME to a folder that has some.",
            ) from error
        return root


def _make_room(cache: Path, most_bytes: int) -> None:
    """Remove what was used longest ago, nothing of the last hour, until the rest is no more."""
    used = sorted(
        (root.stat().st_mtime, root) for kind in _KINDS for root in cache.glob(f"{kind}/*")
    )
    kept_bytes = {root: sum(p.stat().st_size for p in root.rglob("*")) for _, root in used}
    surplus = sum(kept_bytes.values()) - most_bytes
    for used_s, root in used:
        if surplus <= 0 or used_s > time.time() - _IN_USE_S:
            return
        shutil.rmtree(root, ignore_errors=True)
        surplus -= kept_bytes[root]


def publish(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder so that nobody ever sees a file of it half written.

    Two processes may do this at once for the same content: each file is moved into place whole.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target) as made:
        fill(Path(made))
        for path in sorted(Path(made).iterdir()):
            path.replace(target / path.name)


def fingerprint(paths: Iterable[Path | str]) -> str:
    """A name for files as they are now; other names, sizes or times give another one."""
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        mark = Path(path).stat()
        digest.update(f"{path}\0{mark.st_size}\0{mark.st_mtime_ns}\n".encode())
    return digest.hexdigest()
