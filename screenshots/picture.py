"""From a running application to an SVG that looks the same everywhere, and to a PNG."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from textual.app import App

CELL_WIDTH = 12.2
LINE_HEIGHT = 24.4
_BASELINE = 18.5
_BRAILLE = range(0x2800, 0x2900)
# Bit, column and row of each dot in a braille cell.
_DOTS = (
    (0x01, 0, 0),
    (0x02, 0, 1),
    (0x04, 0, 2),
    (0x40, 0, 3),
    (0x08, 1, 0),
    (0x10, 1, 1),
    (0x20, 1, 2),
    (0x80, 1, 3),
)
_TEXT = re.compile(
    r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)
CONVERTERS = (
    ("rsvg-convert", "{svg}", "--output", "{png}"),
    ("cairosvg", "{svg}", "--output", "{png}"),
    ("inkscape", "{svg}", "--export-filename={png}"),
)


def svg_of(app: App[None]) -> str:
    """The application's screen as an SVG.

    Braille cells become circles, since few fonts have them at the width of the other
    characters, and blanks at the edge of a text are kept.
    """
    svg = app.export_screenshot(title="racetop")
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    return _TEXT.sub(_dotted, svg)


def png_from(svg: Path) -> Path | None:
    """Convert a picture with the first converter there is; None where there is none."""
    png = svg.with_suffix(".png")
    for program, *arguments in CONVERTERS:
        if shutil.which(program):
            filled = [argument.format(svg=svg, png=png) for argument in arguments]
            subprocess.run([program, *filled], check=True, capture_output=True)
            return png
    return None


def _dotted(match: re.Match[str]) -> str:
    style, x, y, rest, escaped = match.groups()
    text = escaped.replace("&#160;", " ")
    if not any(ord(character) in _BRAILLE for character in text):
        return match[0]
    circles = "".join(
        f'<circle cx="{float(x) + CELL_WIDTH * (cell + 0.27 + 0.46 * column):.1f}" '
        f'cy="{float(y) - _BASELINE + LINE_HEIGHT * (0.125 + 0.25 * row):.1f}" r="1.9"/>'
        for cell, character in enumerate(text)
        if ord(character) in _BRAILLE
        for bit, column, row in _DOTS
        if ord(character) - _BRAILLE.start & bit
    )
    plain = "".join("&#160;" if ord(c) in _BRAILLE or c == " " else c for c in text)
    group = f'<g class="{style}">{circles}</g>'
    if not plain.replace("&#160;", ""):
        return group
    return f'{group}<text class="{style}" x="{x}" y="{y}"{rest}>{plain}</text>'
