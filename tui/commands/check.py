"""One thing that `racetop doctor` looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        name: What was looked at.
        ok: Whether it works; None where that is neither good nor bad.
        found: What was found.
        remedy: What to do where it does not work.
    """

    name: str
    ok: bool | None
    found: str
    remedy: str | None = None
