"""The cache folder of what was made, unpacked or decoded."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from runners.worker.data.problems import missing


class Keeping:
    """Keeps files in the cache folder, or else for this run only.

    Args:
        cache_dir: The cache folder; None where there is none.
        stack: Ends what is kept for this run only.
        warnings: Where a sentence goes about what could not be kept.
    """

    def __init__(self, cache_dir: str | None, stack: ExitStack, warnings: list[str]) -> None:
        self._cache = Path(cache_dir) if cache_dir else None
        self._stack = stack
        self._warnings = warnings

    def root(
        self, key: str, folder: str, files: Iterable[str], fill: Callable[[Path], None]
    ) -> Path:
        """A root with the files in `folder` below it; `fill` makes those not kept before.

        Raises:
            WorkerError: They can be written nowhere.
        """
        if self._cache is None:
            return self._temporary(folder, fill, "there is no cache folder")
        root = self._cache / key
        if all((root / folder / file).is_file() for file in files):
            return root
        try:
            publish(root / folder, fill)
        except OSError as error:
            return self._temporary(
                folder, fill, f"{self._cache} cannot be written: {error.strerror}"
            )
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
