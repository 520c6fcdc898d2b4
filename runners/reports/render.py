"""Renders a comparison as a report in any form. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runners.reports.build import build
from runners.reports.charts import charts
from runners.reports.conditions import Origin
from runners.reports.document import to_json
from runners.reports.markdown import to_markdown
from runners.reports.names import Form, ReportName
from runners.reports.page import to_html
from runners.reports.rows import to_csv
from runners.reports.text import to_text
from runners.spec import Request
from runners.state import ComparisonState


def render(
    state: ComparisonState,
    form: Form,
    report: ReportName | None = None,
    *,
    machine: Mapping[str, Any] | None = None,
    request: Request | None = None,
    versions: Mapping[str, str] | None = None,
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
    origin = Origin(machine=machine, request=request, versions=versions)
    if form is Form.JSON:
        return json.dumps(to_json(state, origin), indent=2, allow_nan=False) + "\n"
    if form is Form.CSV:
        return to_csv(state)
    built = build(state, report, origin)
    if form is Form.HTML:
        return to_html(built, charts(state))
    return to_markdown(built) if form is Form.MARKDOWN else to_text(built)
