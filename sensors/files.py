"""Small kernel files: their text, or None where they cannot be read."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path | str) -> str | None:
    """The text of a file, bytes that are not UTF-8 replaced; None where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a fifth of Path's cost
            return file.readall().decode(errors="replace")
    except OSError:
        return None


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
        fields = line.split()
        if len(fields) >= 2 and fields[1].isdecimal():
            numbers[fields[0].rstrip(":")] = int(fields[1])
    return numbers
