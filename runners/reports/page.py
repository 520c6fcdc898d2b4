"""A report as one HTML file with charts, light or dark as its reader prefers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template

from runners.reports.report import Report, Table
from runners.reports.svg import Chart, draw

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>$title</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 60%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #8886; }
th { vertical-align: bottom; }
.words { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .axis { stroke: #8886; }
svg .mark { stroke: currentColor; stroke-dasharray: 1 3; }
</style>
</head>
<body>
<h1>$title</h1>
$tables
<ul>
$remarks
</ul>
$charts
<h2>How the figures came about</h2>
<dl>
$conditions
</dl>
</body>
</html>
""")


def to_html(report: Report, charts: Sequence[Chart]) -> str:
    """The report as a page that needs nothing else; all text in it is escaped.

    Args:
        report: What to show.
        charts: Drawn below the tables.
    """
    drawn = "\n".join(f"<h2>{escape(chart.title)}</h2>\n{draw(chart)}" for chart in charts)
    return _PAGE.substitute(
        title=escape(report.title),
        tables="\n".join(map(_table, report.tables)),
        remarks="\n".join(f"<li>{escape(remark)}</li>" for remark in report.remarks),
        charts=drawn or "<p>No chart: nothing was finished.</p>",
        conditions="\n".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in report.conditions
        ),
    )


def _table(table: Table) -> str:
    caption = f"<h2>{escape(table.caption)}</h2>\n" if table.caption else ""
    rows = "\n".join(f"<tr>{_cells(table, 'td', row)}</tr>" for row in table.rows)
    return (
        f'{caption}<div class="wide"><table>\n<thead><tr>{_cells(table, "th", table.header)}</tr>'
        f"</thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _cells(table: Table, tag: str, texts: Sequence[str]) -> str:
    return "".join(
        f'<{tag} class="words">{escape(text)}</{tag}>'
        if table.is_words(place)
        else f"<{tag}>{escape(text)}</{tag}>"
        for place, text in enumerate(texts)
    )
