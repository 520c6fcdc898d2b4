"""What limits the training, on what that rests, and what to change."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from runners.diagnosis.records import Diagnosis, Remedy, Tried
from tui import format as fmt
from tui.finding import outcome_in_words
from tui.line import Line, wrap
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

NOT_FROM_HERE = "cannot be tried from here"
NOT_TRIED = "not tried yet"
TRYING = "trying …"
_MARK_CELLS = 2


class DiagnosisPane(RowsWidget):
    """The verdict in a sentence, its evidence, and remedies with their gains.

    Args:
        can_try: Whether keys apply the remedies; else the command lines that do are told.
    """

    can_focus = True
    HELP = (
        "What limits the training; what to change, by how much that should speed it up, and, once "
        "it was tried, by how much it did, with its 95 % interval; then what all that rests on."
    )

    def __init__(self, *, can_try: bool = True, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("diagnosis")
        self._can_try = can_try
        self._found: Diagnosis | None = None
        self._tried: Sequence[Tried] = ()
        self._trying: Remedy | None = None
        self._intro = ""
        self._shown: object = None

    def show(
        self,
        found: Diagnosis | None,
        *,
        tried: Sequence[Tried] = (),
        trying: Remedy | None = None,
        intro: str = "",
        stage: str = "",
    ) -> None:
        """Show what is known.

        Args:
            found: The diagnosis; None before the runs tell anything.
            tried: What became of the remedies that were applied.
            trying: The remedy being tried.
            intro: What stands here as long as nothing is known.
            stage: How far it is, in a few words.
        """
        bottleneck = str(found.bottleneck) if found else ""
        self.entitle(" · ".join(filter(None, ("diagnosis", bottleneck, stage))))
        shown = (found, tried, trying, intro)
        if shown == self._shown:
            return
        self._shown = shown
        self._found, self._tried, self._trying, self._intro = shown
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`; what to do comes first, evidence last, as far as rows go."""
        found = self._found
        if found is None:
            return [Line(palette).add(row, Role.TEXT) for row in wrap(self._intro, width)]
        lines = [Line(palette).add(row, Role.STRONG) for row in wrap(found.sentence, width)]
        lines += self._remedy_lines(found.remedies, palette, width)
        evidence = _marked("· ", found.evidence, palette, width)
        if found.remedies and len(lines) + len(evidence) < height:
            lines.append(Line(palette).add("what that rests on", Role.LABEL))
        room = max(0, height - len(lines))
        if len(evidence) > room:
            evidence = _shortened(evidence, room, palette)
        return [*lines, *evidence]

    def _remedy_lines(self, remedies: Sequence[Remedy], palette: Palette, width: int) -> list[Line]:
        """Each remedy behind its key, its gains below."""
        lines = []
        for number, remedy in enumerate(remedies, 1):
            mark = str(number) if self._can_try else "·"
            role = Role.KEY if self._can_try and remedy.changes else Role.DIM
            for place, row in enumerate(wrap(remedy.what, width - _MARK_CELLS)):
                text = "" if place else mark
                lines.append(Line(palette).add(text.ljust(_MARK_CELLS), role).add(row))
            lines += self._gain_lines(remedy, palette, width)
            if not self._can_try:
                rows = wrap(remedy.command or "", width - _MARK_CELLS)
                lines += [Line(palette).pad_to(_MARK_CELLS).add(row, Role.DIM) for row in rows]
        return lines

    def _gain_lines(self, remedy: Remedy, palette: Palette, width: int) -> list[Line]:
        """What a remedy should gain, and beside it, or below where it is long, what it gained."""
        line = Line(palette).pad_to(_MARK_CELLS).add(_predicted(remedy))
        if not self._can_try:
            return [line]
        words, role = self._outcome(remedy)
        if line.width + 3 + cell_len(words) <= width:
            return [line.add(" · ", Role.DIM).add(words, role)]
        rows = wrap(words, width - _MARK_CELLS)
        return [line, *(Line(palette).pad_to(_MARK_CELLS).add(row, role) for row in rows)]

    def _outcome(self, remedy: Remedy) -> tuple[str, Role]:
        if not remedy.changes:
            return NOT_FROM_HERE, Role.DIM
        if remedy == self._trying:
            return TRYING, Role.KEY
        tried = next((one for one in self._tried if one.remedy.what == remedy.what), None)
        if tried is None:
            return NOT_TRIED, Role.DIM
        gain = tried.gain
        if gain is None or gain.value is None or gain.is_undecided:
            return outcome_in_words(tried), Role.WARNING
        return outcome_in_words(tried), Role.GOOD if gain.value > 1 else Role.BAD


def _predicted(remedy: Remedy) -> str:
    if remedy.predicted is None:
        return "gain not known"
    at_most = "at most " if remedy.is_bound else ""
    return f"predicted {at_most}{fmt.ratio(remedy.predicted)}×"


def _marked(mark: str, texts: Sequence[str], palette: Palette, width: int) -> list[Line]:
    """Each text behind a mark, on as many rows as it needs."""
    return [
        Line(palette).add(" " * len(mark) if place else mark, Role.DIM).add(row)
        for text in texts
        for place, row in enumerate(wrap(text, width - len(mark)))
    ]


def _shortened(lines: list[Line], room: int, palette: Palette) -> list[Line]:
    """The first rows, and that there are more."""
    if room == 0:
        return []
    left = len(lines) - room + 1
    more = f"  … {left} more rows of evidence: Tab to this pane, then m"
    return [*lines[: room - 1], Line(palette).add(more, Role.DIM)]
