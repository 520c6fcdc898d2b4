"""A comparison as one HTML file: the table and a chart of the epoch times. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template

from runners.reports.table import HEADER, seconds, to_table
from runners.state import ComparisonState

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES = ("none", "6 3", "2 2", "8 3 2 3")
_WIDTH, _HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 40
_TICKS = 4

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #8886; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .axis { stroke: #8888; }
</style>
</head>
<body>
<h1>$title</h1>
<table>
<thead><tr>$header</tr></thead>
<tbody>
$rows
</tbody>
</table>
<ul>
$remarks
</ul>
<h2>Seconds per epoch</h2>
$chart
</body>
</html>
""")


def to_html(state: ComparisonState) -> str:
    """The comparison as a page that needs nothing else; all text in it is escaped."""
    table = to_table(state)
    return _PAGE.substitute(
        title=escape(table.title),
        header=_cells("th", HEADER),
        rows="\n".join(f"<tr>{_cells('td', row)}</tr>" for row in table.rows),
        remarks="\n".join(f"<li>{escape(remark)}</li>" for remark in table.remarks),
        chart=_chart(state),
    )


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def _chart(state: ComparisonState) -> str:
    """Epoch times against epoch numbers, a line for each run, a color and a dash for each job."""
    points = [(e.epoch, e.epoch_s) for run in state.runs.values() for e in run.epochs]
    if not points:
        return "<p>No epoch was finished.</p>"
    last = max(epoch for epoch, _ in points)
    top_s = max(epoch_s for _, epoch_s in points) or 1.0

    def x(epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (epoch - 1) / max(last - 1, 1)

    def y(epoch_s: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * epoch_s / top_s

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 20 * len(state.plan.jobs)}" role="img" '
        'aria-label="Seconds per epoch for each job">'
    ]
    for tick in range(_TICKS + 1):
        at_s = top_s * tick / _TICKS
        parts.append(_line(_LEFT, y(at_s), _WIDTH - _RIGHT, y(at_s)))
        parts.append(_text(_LEFT - 8, y(at_s) + 4, seconds(at_s), anchor="end"))
    below_axis = _HEIGHT - _BOTTOM + 18
    parts += [
        _text(x(epoch), below_axis, f"epoch {epoch}", anchor="middle")
        for epoch in sorted({1, (1 + last) // 2, last})
    ]
    for key, run in state.runs.items():
        places = [(x(epoch.epoch), y(epoch.epoch_s)) for epoch in run.epochs]
        parts += _series(places, key.job)
    for place, job in enumerate(state.plan.jobs):
        below = _HEIGHT + 20 * place + 8
        parts += _series([(_LEFT, below), (_LEFT + 32, below)], place)
        parts.append(_text(_LEFT + 44, below + 4, job.label))
    return "\n".join([*parts, "</svg>"])


def _series(places: Sequence[tuple[float, float]], job: int) -> list[str]:
    color, dash = _COLORS[job % len(_COLORS)], _DASHES[job % len(_DASHES)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    line = (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>'
    )
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in places]
    return [line, *dots]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="axis" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
