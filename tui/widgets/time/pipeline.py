"""The pipeline as a picture: loader, transfer, compute, what each can do, what flows."""

from __future__ import annotations

from collections.abc import Sequence

from runners.spec import JobSpec
from runners.state import RunState
from tui import format as fmt
from tui.finding import Finding
from tui.line import Field, Line
from tui.theme import Palette, Role
from tui.widgets.job_card import phase_lines
from tui.widgets.rows import RowsWidget
from tui.widgets.time.parts import Flow, PartSeen, flow_of, parts_seen

PICTURE_FROM = 100
"""Cells from which on the parts stand beside each other; below they have a row each."""
_ARROW_CELLS = 14
_NAME_CELLS = 21
_PHASE_ROWS = 2
_NARROW = "◀ narrow"
_MEASURED = "▸ measuring"
_EDGES = {False: "┌─┐│└┘", True: "┏━┓┃┗┛"}


class PipelinePane(RowsWidget):
    """Three parts with the capacity of each, the narrow one lit, and the samples that flow."""

    can_focus = True
    HELP = (
        "The way of the data. Each part tells what it could do alone; the number between them is "
        "what the training does. in use: that as a share of what the part could do."
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("pipeline")
        self._run = RunState()
        self._flow = flow_of(self._run)
        self._parts = parts_seen(None, None)

    def show(
        self,
        title: str,
        spec: JobSpec | None,
        run: RunState,
        finding: Finding | None = None,
    ) -> None:
        """Show a job.

        Args:
            title: Which job, in words.
            spec: The job; None as long as none is known.
            run: Its newest run.
            finding: Its diagnosis, as far as it is known.
        """
        self.entitle(title)
        self._run = run
        self._flow = flow_of(run, finding.diagnosis if finding else None)
        self._parts = parts_seen(spec, finding)
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        draw = _picture if width >= PICTURE_FROM else _rows
        return draw(self._parts, self._flow, palette, width) + _phases(self._run, palette, width)


def _picture(parts: Sequence[PartSeen], flow: Flow, palette: Palette, width: int) -> list[Line]:
    """The parts as boxes, side by side."""
    cells, left = divmod(width - _ARROW_CELLS * (len(parts) - 1), len(parts))
    rows = [Line(palette) for _ in range(5)]
    for place, part in enumerate(parts):
        if place:
            for line, piece in zip(rows, _arrow(flow, palette), strict=True):
                line.join(piece)
        for line, piece in zip(rows, _box(part, palette, cells + (place < left)), strict=True):
            line.join(piece)
    return rows


def _arrow(flow: Flow, palette: Palette) -> list[Line]:
    room = _ARROW_CELLS
    is_known = flow.samples_per_s is not None
    speed = f"{fmt.speed(flow.samples_per_s)}/s" if is_known else ""
    return [
        Line(palette).pad_to(room),
        Line(palette).add(speed.center(room), Role.STRONG),
        Line(palette).add(f" {'━' * (room - 3)}▶ ", Role.GOOD if is_known else Role.TRACK),
        Line(palette).add((flow.of if is_known else "").center(room), Role.DIM),
        Line(palette).pad_to(room),
    ]


def _box(part: PartSeen, palette: Palette, cells: int) -> list[Line]:
    edge = Role.WARNING if part.is_narrow else Role.TRACK
    left_top, flat, right_top, side, left_low, right_low = tuple(_EDGES[part.is_narrow])
    top = Line(palette).add(f"{left_top}{flat} ", edge)
    top.add(part.part.value.upper(), Role.WARNING if part.is_narrow else Role.LABEL)
    top.add(f" {_NARROW}" if part.is_narrow else "", Role.WARNING)
    top.add(f" {_MEASURED}" if part.is_measured else "", Role.KEY)
    top.add(" ").add(flat * (cells - top.width - 1) + right_top, edge)
    lines = [top]
    room = cells - 4
    for inner in (
        _capacity(part, palette),
        _remark(part, palette, room),
        _use(part, palette, room),
    ):
        line = Line(palette).add(f"{side} ", edge).join(inner)
        lines.append(line.pad_to(cells - 1).add(side, edge))
    return [*lines, Line(palette).add(left_low + flat * (cells - 2) + right_low, edge)]


def _capacity(part: PartSeen, palette: Palette) -> Line:
    line = Line(palette)
    if part.capacity is None:
        return line.add(fmt.UNKNOWN, Role.DIM)
    return line.add(fmt.speed(part.capacity.value), Role.STRONG).add(" samples/s", Role.LABEL)


def _remark(part: PartSeen, palette: Palette, width: int) -> Line:
    fields: list[Field] = [((part.remark, Role.DIM),)]
    if part.bytes_per_s is not None:
        fields.insert(0, ((fmt.rate(part.bytes_per_s).strip(), Role.TEXT),))
    return Line(palette).add_fields(fields, width)


def _use(part: PartSeen, palette: Palette, width: int) -> Line:
    line = Line(palette)
    if part.in_use is None:
        return line
    style = Role.WARNING if part.is_narrow else Role.CPU
    return line.bar(part.in_use, width - 13, style).add(f" {100 * part.in_use:3.0f} % in use")


def _rows(parts: Sequence[PartSeen], flow: Flow, palette: Palette, width: int) -> list[Line]:
    """The parts below each other, a row each, where boxes have no room."""
    lines = []
    for part in parts:
        role = Role.WARNING if part.is_narrow else Role.LABEL
        line = Line(palette).add(f"{part.part.value} ", role)
        line.add(_MEASURED if part.is_measured else "", Role.KEY)
        line.add(_NARROW if part.is_narrow and not part.is_measured else "", Role.WARNING)
        line.pad_to(_NAME_CELLS)
        fields: list[Field] = [((f"{fmt.UNKNOWN:>9}  ", Role.DIM),)]
        if part.capacity is not None:
            fields = [((f"{fmt.speed(part.capacity.value):>9}", Role.STRONG), ("/s", Role.LABEL))]
        if part.in_use is not None:
            fields.append(((f"{100 * part.in_use:3.0f} % in use", Role.TEXT),))
        if part.bytes_per_s is not None:
            fields.append(((fmt.rate(part.bytes_per_s).strip(), Role.TEXT),))
        fields.append(((part.remark, Role.DIM),))
        lines.append(line.join(Line(palette).add_fields(fields, width - line.width)))
    flows = Line(palette).add("flow".ljust(_NAME_CELLS), Role.LABEL)
    speed = fmt.speed(flow.samples_per_s)
    fields = [((f"{speed:>9}", Role.STRONG), ("/s", Role.LABEL)), ((flow.of, Role.DIM),)]
    if flow.samples_per_s is None:
        fields = [((f"{fmt.UNKNOWN:>9}", Role.DIM),)]
    return [*lines, flows.join(Line(palette).add_fields(fields, width - flows.width))]


def _phases(run: RunState, palette: Palette, width: int) -> list[Line]:
    """Where the time of the newest epoch goes; always two rows, so that nothing jumps."""
    words = "Where the time of an epoch goes is drawn here as soon as one is under way."
    lines = phase_lines(run, palette, width) or [Line(palette).add(words, Role.DIM)]
    return [*lines, *[Line(palette)] * (_PHASE_ROWS - len(lines))]
