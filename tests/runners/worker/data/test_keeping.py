"""What makes room in the cache folder, and what never does."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

from runners.worker.data.keeping import DECODED, GENERATED, Keeping

MOST_BYTES = 100_000
HALF = b"x" * 40_000
DAY_S = 86_400.0


def keep(cache: Path, name: str, content: bytes = HALF, *, kind: str = DECODED) -> Path:
    """The root of a file in the cache folder, made where it is not there."""
    with ExitStack() as stack:
        keeping = Keeping(str(cache), stack, [], most_bytes=MOST_BYTES)
        return keeping.root(
            kind, name, ".", ("file",), lambda folder: _write(folder / "file", content)
        )


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def last_used(root: Path, days_ago: float) -> None:
    then_s = time.time() - days_ago * DAY_S
    os.utime(root, (then_s, then_s))


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    oldest, older = keep(tmp_path, "a", kind=GENERATED), keep(tmp_path, "b")
    last_used(oldest, days_ago=3)
    last_used(older, days_ago=2)
    newest = keep(tmp_path, "c")

    assert not oldest.exists()
    assert older.exists()
    assert newest.exists()


def test_to_read_a_set_again_is_to_use_it(tmp_path: Path) -> None:
    first, second = keep(tmp_path, "a"), keep(tmp_path, "b")
    last_used(first, days_ago=3)
    last_used(second, days_ago=2)
    assert keep(tmp_path, "a") == first
    keep(tmp_path, "c")

    assert first.exists()
    assert not second.exists()


def test_what_was_used_within_the_hour_stays_however_full_the_cache_is(tmp_path: Path) -> None:
    roots = [keep(tmp_path, name) for name in "abcd"]

    assert all((root / "file").read_bytes() == HALF for root in roots)


def test_downloads_and_other_files_in_the_cache_folder_make_no_room(tmp_path: Path) -> None:
    download = tmp_path / "data" / "MNIST" / "file"
    download.parent.mkdir(parents=True)
    download.write_bytes(HALF * 3)
    last_used(download.parent, days_ago=9)
    old = keep(tmp_path, "a")
    last_used(old, days_ago=3)
    keep(tmp_path, "b")

    assert download.exists()
    assert old.exists()


def test_what_a_killed_process_left_half_made_makes_room(tmp_path: Path) -> None:
    left = tmp_path / DECODED / "a" / ".partial-x" / "file"
    left.parent.mkdir(parents=True)
    left.write_bytes(HALF * 3)
    last_used(tmp_path / DECODED / "a", days_ago=1)
    keep(tmp_path, "b")

    assert not left.exists()
