"""What a report is made of before it has a form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells under a header; all text in it is printable.

    Attributes:
        header: Column names; the first column names the row.
        rows: As many cells each as the header has.
        caption: What the table shows; empty for the main one.
        words: Columns that hold words, beside the first.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    words: tuple[int, ...] = ()

    def is_words(self, column: int) -> bool:
        """Whether a column holds words, which stand left."""
        return column == 0 or column in self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A comparison as text without a form.

    Attributes:
        title: What was compared, and how.
        tables: The main one first.
        remarks: What the figures say, do not say, and what went wrong, in sentences.
        conditions: How the figures came about: a name and its text.
    """

    title: str
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
