"""What a step of the check found: checks with their outcome, numbers, text. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks.figures import quantile_interval


class Status(StrEnum):
    """How a check or a whole step ended.

    `skipped` cannot be done here and says why; `not-run` lacked the time, or what it stands on.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and on what a step runs.

    Attributes:
        device: The device to check, in torch's spelling.
        out: Folder for the results.
        cache: Folder for generated data, gone at the end.
    """

    device: str
    out: Path
    cache: Path

    @property
    def is_rehearsal(self) -> bool:
        """Whether this only tries the check: small, on the CPU, nothing demanded of times."""
        return self.device == "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at.

    Attributes:
        name: What, in words.
        status: How it ended.
        found: What was found, with units.
        wanted: What it had to be.
    """

    name: str
    status: Status
    found: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a step ended.

    Attributes:
        name: Name of the step.
        status: The worst of its checks, `failed` on an error.
        took_s: Wall time.
        checks: Its checks.
        numbers: Raw and derived numbers, as JSON values.
        text: Markdown for the summary.
        error: Why it ended early or did not run; None otherwise.
    """

    name: str
    status: Status
    took_s: float = 0.0
    checks: tuple[Check, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StepResult:
        """The result from what `to_json` gave."""
        checks = tuple(
            Check(**{**check, "status": Status(check["status"])}) for check in values["checks"]
        )
        return cls(**{**values, "status": Status(values["status"]), "checks": checks})


class Findings:
    """Gathers what a step finds, so that an error later on loses nothing.

    Attributes:
        checks: The checks so far.
        numbers: The numbers so far.
        text: Markdown for the summary.
    """

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.numbers: dict[str, Any] = {}
        self.text = ""

    def demand(self, name: str, is_met: bool, *, found: str, wanted: str) -> None:
        """Note a check that passed or failed."""
        status = Status.PASSED if is_met else Status.FAILED
        self.checks.append(Check(name=name, status=status, found=found, wanted=wanted))

    def skip(self, name: str, why: str, *, wanted: str = "") -> None:
        """Note a check that cannot be made here."""
        self.checks.append(Check(name=name, status=Status.SKIPPED, found=why, wanted=wanted))

    def result(self, name: str, took_s: float, error: str | None = None) -> StepResult:
        """The result of the step with all that was found."""
        return StepResult(
            name=name,
            status=Status.FAILED if error else _worst([check.status for check in self.checks]),
            took_s=took_s,
            checks=tuple(self.checks),
            numbers=self.numbers,
            text=self.text,
            error=error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How two ways to measure the same agree.

    Attributes:
        ratio: Median of ours over median of the reference.
        low: Lower end of the interval of the ratios by pair.
        high: Upper end of it.
        pairs: How many pairs there were.
        ours_s: Median of ours, in seconds.
        reference_s: Median of the reference, in seconds.
    """

    ratio: float
    low: float
    high: float
    pairs: int
    ours_s: float
    reference_s: float

    @classmethod
    def of(cls, ours_s: Sequence[float], reference_s: Sequence[float]) -> Agreement:
        """The agreement of values in seconds, paired by their order; none of them is zero."""
        ratios = [a / b for a, b in zip(ours_s, reference_s, strict=True)]
        low, high = quantile_interval(ratios, 0.5)
        ours, reference = statistics.median(ours_s), statistics.median(reference_s)
        return cls(
            ratio=ours / reference,
            low=low,
            high=high,
            pairs=len(ratios),
            ours_s=ours,
            reference_s=reference,
        )

    def is_within(self, share: float, *, or_s: float = 0.0) -> bool:
        """Whether the two differ by at most a share, or by at most so many seconds."""
        difference_s = abs(self.ours_s - self.reference_s)
        return difference_s <= max(share * self.reference_s, or_s)

    def __str__(self) -> str:
        return f"{self.ratio:.4f} ({self.low:.4f} to {self.high:.4f}, {self.pairs} pairs)"


def _worst(statuses: Sequence[Status]) -> Status:
    if Status.FAILED in statuses:
        return Status.FAILED
    if statuses and all(status is Status.SKIPPED for status in statuses):
        return Status.SKIPPED
    return Status.PASSED
