"""Writes the race on screen into files: Markdown, HTML, CSV, JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runners.reports.names import Form
from runners.reports.render import render
from runners.spec import Request
from runners.state import ComparisonState
from runners.text import printable

_SUFFIXES = {".json": Form.JSON, ".csv": Form.CSV, ".md": Form.MARKDOWN, ".html": Form.HTML}


def export_comparison(
    state: ComparisonState,
    machine: Mapping[str, Any] | None,
    *,
    folder: Path,
    request: Request | None = None,
    versions: Mapping[str, str] | None = None,
    wall_clock: Callable[[], float] = time.time,
) -> tuple[Path, ...]:
    """Write a comparison as it stands, with the report that fits it.

    Args:
        state: The comparison, over or not.
        machine: The machine's readings as it began, as JSON values; None where unknown.
        folder: Where to write.
        request: What was asked for, to name the command line that repeats it.
        versions: Versions of racetop and Python by name where it ran; None: those that run now.
        wall_clock: Names the files, so that none is overwritten.

    Returns:
        The files written.

    Raises:
        OSError: The folder cannot be written to.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(wall_clock()))
    stem = folder / f"racetop-{state.plan.workloads[0].name}-{stamp}"
    written = partial(render, state, machine=machine, request=request, versions=versions)
    paths = []
    for suffix, form in _SUFFIXES.items():
        path = stem.with_suffix(suffix)
        path.write_text(written(form), encoding="utf-8", errors="replace")
        paths.append(path)
    return tuple(paths)


def in_words(paths: tuple[Path, ...]) -> str:
    """Which files were written, on one line: they differ in their endings only."""
    endings = " ".join(path.suffix for path in paths)
    return printable(f"Wrote {paths[0].stem} ({endings}) in {paths[0].parent}")
