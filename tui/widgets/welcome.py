"""What the race view shows before there is a race."""

from __future__ import annotations

from runners.presets import PRESETS
from tui.line import Line, cut, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

_NAME_WIDTH = 18
_MIN_ANSWER_WIDTH = 20


class Welcome(RowsWidget):
    """The keys that start a race, and what each preset answers."""

    def __init__(self, workload: str) -> None:
        super().__init__(id="welcome", classes="pane")
        self.entitle("race")
        self._intro = (
            f"r races {workload}: the CPU against the best accelerator of this machine, or, "
            "without one, as-written against tuned. n asks for anything else."
        )

    def say(self, text: str) -> None:
        """Say something else above the presets."""
        self._intro = text
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        lines = [Line(palette).add(row, Role.TEXT) for row in wrap(self._intro, width)]
        for number, preset in enumerate(PRESETS, start=1):
            line = Line(palette).add(f"{number} ", Role.KEY)
            if width < 2 + _NAME_WIDTH + _MIN_ANSWER_WIDTH:
                lines.append(line.add(preset.name, Role.TEXT))
                continue
            line.add(preset.name.ljust(_NAME_WIDTH), Role.TEXT)
            lines.append(line.add(cut(preset.answers, width - line.width), Role.DIM))
        return lines
