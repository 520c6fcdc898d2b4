"""What differs between two pictures of a row, so that nothing else is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

CHEAPER_THAN_A_SPAN = 30
"""So many cells of text cost less than the work that another span makes."""

Run = tuple[int, list[Segment], list[Segment]]


def changed_spans(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """The column spans in which two rows of the same width differ.

    Spans of one color with all that lies between them are one: a few cells more cost less than
    another span.
    """
    if old == new:
        return []
    spans: list[tuple[int, int]] = []
    for start, before, after in _differing_runs(old, new):
        low, high = _differing_cells(before, after)
        if low < high:
            spans.append((start + low, start + high))
    return _merged(spans, new)


def _differing_runs(old: Strip, new: Strip) -> Iterator[Run]:
    """Columns where the rows differ, with the pieces up to the next edge both rows share."""
    olds, news = iter(old), iter(new)
    start = old_end = new_end = 0
    before: list[Segment] = []
    after: list[Segment] = []
    for piece in olds:
        before.append(piece)
        old_end += _length(piece)
        while new_end < old_end:
            after.append(next(news))
            new_end += _length(after[-1])
        if new_end == old_end:
            if before != after:
                yield start, before, after
            start, before, after = old_end, [], []


def _differing_cells(before: list[Segment], after: list[Segment]) -> tuple[int, int]:
    """The first differing cell of two runs and the end of the last one."""
    end = sum(map(_length, after))
    olds, news = _cells(before), _cells(after)
    if len(olds) != end or len(news) != end:
        return 0, end  # Wide characters: not worth a closer look.
    low, high = 0, end
    while low < high and olds[low] == news[low]:
        low += 1
    while low < high and olds[high - 1] == news[high - 1]:
        high -= 1
    return low, high


def _cells(pieces: list[Segment]) -> list[tuple[str, Style | None]]:
    """Characters with their styles; none where a piece has wide ones."""
    if any(len(piece.text) != _length(piece) for piece in pieces):
        return []
    return [(character, piece.style) for piece in pieces for character in piece.text]


def _length(piece: Segment) -> int:
    return len(piece.text) if piece.text.isascii() else piece.cell_length


def _merged(spans: list[tuple[int, int]], row: Strip) -> list[tuple[int, int]]:
    if len(spans) < 2:
        return spans
    edges: list[tuple[int, int, Style | None]] = []
    column = 0
    for piece in row:
        edges.append((column, column + _length(piece), piece.style))
        column = edges[-1][1]
    merged = spans[:1]
    for start, end in spans[1:]:
        last_start, last_end = merged[-1]
        styles = {style for low, high, style in edges if high >= last_end and low <= start}
        if start - last_end <= CHEAPER_THAN_A_SPAN and len(styles) == 1:
            merged[-1] = (last_start, end)
        else:
            merged.append((start, end))
    return merged
