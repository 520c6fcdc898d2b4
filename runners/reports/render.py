"""Renders a comparison as a report in any form. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runners.reports.document import to_csv, to_json
from runners.reports.html import to_html
from runners.reports.names import Form, ReportName
from runners.reports.table import to_markdown, to_text
from runners.spec import Request
from runners.state import ComparisonState


def render(
    state: ComparisonState,
    form: Form,
    report: ReportName | None = None,  # noqa: ARG001
    *,
    machine: Mapping[str, Any] | None = None,
    request: Request | None = None,  # noqa: ARG001
    versions: Mapping[str, str] | None = None,  # noqa: ARG001
) -> str:
    """A comparison as text that ends with a line's end.

    CSV and JSON hold everything whatever the report.

    Args:
        state: The comparison, over or not.
        form: How to write it.
        report: Which one; None is the one that fits the comparison's shape.
        machine: The readings of the machine it ran on, as `racetop snapshot` gives them; None
            where unknown.
        request: What was asked for, to name the command line that repeats it; None where unknown.
        versions: Versions of racetop and Python by name where it ran; None: those that run now.
    """
    if form is Form.JSON:
        return json.dumps(to_json(state, machine), indent=2, allow_nan=False) + "\n"
    if form is Form.CSV:
        return to_csv(state)
    if form is Form.HTML:
        return to_html(state)
    return to_markdown(state) if form is Form.MARKDOWN else to_text(state)
