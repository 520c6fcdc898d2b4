"""Colors: the theme, and the styles by role that the panes draw with.

A color never stands alone: whatever it says, a word, a number or a mark says too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rich.color import Color
from rich.style import Style
from textual.color import Color as TextualColor
from textual.color import ColorParseError as TextualColorParseError
from textual.theme import Theme

RACETOP_THEME = Theme(
    name="racetop",
    primary="#5fafff",
    secondary="#8fd14f",
    accent="#ffb454",
    warning="#ffb454",
    error="#ff6b6b",
    success="#8fd14f",
    foreground="#d7dce4",
    background="#11141a",
    surface="#11141a",
    panel="#1d222b",
    dark=True,
    variables={
        "border": "#3a4250",
        "border-blurred": "#3a4250",
        "text-dim": "#7f8896",
        "memory": "#b39df3",
    },
)

THEMES = ("racetop", "ansi-dark", "textual-light", "ansi-light", "nord", "gruvbox", "monokai")
"""The themes that one key steps through; the palette offers all of Textual's."""


class Role(StrEnum):
    """What a piece of text is, for its color."""

    TEXT = "text"
    DIM = "dim"
    LABEL = "label"
    STRONG = "strong"
    KEY = "key"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    TRACK = "track"
    CPU = "cpu"
    GPU = "gpu"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Series:
    """How one job looks wherever it is drawn: its color, and a mark for those who see none.

    Attributes:
        variable: The theme variable of its color.
        mark: One cell wide.
    """

    variable: str
    mark: str


SERIES = (
    Series("primary", "●"),
    Series("secondary", "▲"),
    Series("accent", "■"),
    Series("memory", "◆"),
    Series("foreground", "▼"),
    Series("warning", "+"),
    Series("primary", "○"),
    Series("secondary", "△"),
    Series("accent", "□"),
    Series("memory", "◇"),
    Series("foreground", "▽"),
    Series("warning", "×"),
)


def series_of(job: int) -> Series:
    """The look of a job, by its place in the plan."""
    return SERIES[job % len(SERIES)]


class Palette:
    """Styles by role and by job, made once for a theme."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        background = _parse(variables.get("background", ""))

        def color(*names: str) -> Style:
            found = (_parse(variables.get(name, "")) for name in names)
            return Style(color=next((c for c in found if c), None), bgcolor=background)

        dim = (
            color("text-dim") if "text-dim" in variables else color("foreground") + Style(dim=True)
        )
        self._roles = {
            Role.TEXT: color("foreground"),
            Role.DIM: dim,
            Role.LABEL: dim,
            Role.STRONG: color("foreground") + Style(bold=True),
            Role.KEY: color("accent", "primary") + Style(bold=True),
            Role.GOOD: color("success"),
            Role.WARNING: color("warning") + Style(bold=True),
            Role.BAD: color("error") + Style(bold=True),
            Role.TRACK: color("border") if "text-dim" in variables else dim,
            Role.CPU: color(SERIES[0].variable),
            Role.GPU: color(SERIES[1].variable),
            Role.MEMORY: color(SERIES[3].variable, "accent"),
        }
        self._series = [color(series.variable, "accent") for series in SERIES]

    def __getitem__(self, role: Role) -> Style:
        return self._roles[role]

    def job(self, job: int) -> Style:
        """The style of a job's bars, marks and lines."""
        return self._series[job % len(self._series)]


def _parse(name: str) -> Color | None:
    """A theme's color for Rich; None leaves the terminal's own."""
    try:
        color = TextualColor.parse(name)
    except TextualColorParseError:
        return None
    return None if color.ansi == -1 else color.rich_color
