"""The reports there are, and the forms they come in."""

from __future__ import annotations

from enum import StrEnum


class ReportName(StrEnum):
    """A report, by its name on the command line."""

    JOBS = "jobs"
    """A row for each job, and where its steps go; fits everything."""
    METRICS = "metrics"
    """A row for each measure, from training over inference to set-up, a column for each job."""
    CALLS = "calls"
    """Process and wall seconds of each call of each run."""
    SUMMARY = "summary"
    """Device, epochs, total training time, accuracy."""
    BATCHES = "batches"
    """Epoch time, relative speed and memory by batch size."""
    LADDER = "ladder"
    """Times and speed-up by workload, or by another axis."""


class Form(StrEnum):
    """How a report is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    CSV = "csv"
    JSON = "json"
