"""Exports of the history as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runners.history.errors import HistoryError
from runners.text import printable


def write_export(path: Path, document: Mapping[str, Any]) -> None:
    """Write what `History.export` gives into a file, whole or not at all.

    Raises:
        HistoryError: It cannot be written; a file that was there is as it was.
    """
    text = export_text(document)
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe takes what comes.
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text)
    except OSError as error:
        raise HistoryError(f"{_name(path)} cannot be written: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_export(path: Path) -> object:
    """What a file holds for `History.import_`.

    Raises:
        HistoryError: It cannot be read, or is no JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"{_name(path)} cannot be read: {error.strerror}") from error
    except ValueError:
        text = ""
    return from_text(text, str(path))


def export_text(document: Mapping[str, Any]) -> str:
    """An export as text that ends with a line's end."""
    return json.dumps(document, allow_nan=False) + "\n"


def from_text(text: str, name: str) -> object:
    """What a text of that name holds.

    Raises:
        HistoryError: It is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"'{printable(name)}' is no export of racetop's: no JSON"
        raise HistoryError(message) from error


def _name(path: Path) -> str:
    return f"'{printable(str(path))}'"
