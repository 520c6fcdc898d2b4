"""Small kernel files: their text, or None where they cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

CHUNK_BYTES = 65_536


def read_text(path: Path | str) -> str | None:
    """The text of a file, bytes that are not UTF-8 replaced; None where it cannot be read."""
    content = _read(path, CHUNK_BYTES, whole=True)
    return None if content is None else content.decode(errors="replace")


def read_start(path: str, most_bytes: int) -> bytes:
    """The first bytes of a file, at most so many; none where it cannot be read."""
    return _read(path, most_bytes, whole=False) or b""


def read_int(path: Path | str) -> int | None:
    """The whole number a file holds; None where there is none, as with `max`."""
    text = read_text(path)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def read_numbers(path: Path | str) -> dict[str, int]:
    """The numbers of a file of `name number` lines, such as `cpu.stat`; colons are allowed."""
    numbers = {}
    for line in (read_text(path) or "").splitlines():
        fields = line.split(None, 2)
        if len(fields) >= 2 and fields[1].isdecimal():
            numbers[fields[0].rstrip(":")] = int(fields[1])
    return numbers


def read_link(path: str) -> str:
    """Where a symbolic link leads to; empty where there is no such link."""
    try:
        return os.readlink(path)  # noqa: PTH115 - a plain string is cheaper
    except OSError:
        return ""


def _read(path: Path | str, chunk_bytes: int, *, whole: bool) -> bytes | None:
    # The kernel's calls themselves: file objects of Python cost a fifth more on small files.
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        content = chunk = os.read(file, chunk_bytes)
        while whole and chunk:
            chunk = os.read(file, chunk_bytes)
            content += chunk
    except OSError:
        return None
    finally:
        os.close(file)
    return content
