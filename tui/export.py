"""Writes the race on screen into files: JSON, Markdown, HTML."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from runners.reports.document import to_json
from runners.reports.html import to_html
from runners.reports.table import to_markdown
from runners.state import ComparisonState
from sensors.readings import Reading
from sensors.snapshot import snapshot


def export_comparison(
    state: ComparisonState,
    reading: Reading | None,
    *,
    folder: Path,
    wall_clock: Callable[[], float] = time.time,
) -> tuple[Path, ...]:
    """Write a comparison as it stands.

    Args:
        state: The comparison, over or not.
        reading: The machine's newest reading, if there is one.
        folder: Where to write.
        wall_clock: Names the files, so that none is overwritten.

    Returns:
        The files written.

    Raises:
        OSError: The folder cannot be written to.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(wall_clock()))
    stem = folder / f"racetop-{state.plan.workloads[0].name}-{stamp}"
    document = to_json(state, snapshot(reading) if reading else None)
    texts = {
        ".json": json.dumps(document, indent=2) + "\n",
        ".md": to_markdown(state),
        ".html": to_html(state),
    }
    paths = []
    for suffix, text in texts.items():
        path = stem.with_suffix(suffix)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return tuple(paths)
