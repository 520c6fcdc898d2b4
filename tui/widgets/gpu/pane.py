"""The GPUs: gauges, heat, power, clocks, and what holds the clocks down."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from sensors.gpu_readings import (
    ON_REQUEST,
    TOO_SOON,
    DriverReading,
    GpuReading,
    GpuState,
    NvmlState,
)
from sensors.readings import Problem, Reading
from tui.growth import GpuGrowth
from tui.history.gpu_looks import GpuLooks
from tui.history.series import History
from tui.line import Line
from tui.theme import Palette, Role
from tui.widgets.gpu.card import card_lines, card_rows
from tui.widgets.gpu.detail import detail_lines, rule
from tui.widgets.gpu.messages import absence, title, warnings
from tui.widgets.gpu.table import table_lines
from tui.widgets.graph import MAX_GRAPH_ROWS, MIN_ROWS, graph_lines
from tui.widgets.rows import RowsWidget

CARDS_UP_TO = 4
MIN_DETAIL_ROWS = 4
"""A detail of fewer rows, its title included, says too little."""
MIN_FULL_ROWS = 7
"""With fewer rows a card in four rows tells more than the start of the full one."""
ROOM_FOR_TWO_ROWS = 8
MIN_CARD_WIDTH = 50
"""Two cards stand beside each other where each has so many cells."""
CARD_GAP = 2
_COUNTING = Palette({})


class GpuPane(RowsWidget):
    """All GPUs of the machine: in full while there is room, then as cards, then as a table.

    Attributes:
        show_history: Whether a machine with one GPU gets its history here.
    """

    can_focus = True
    HELP = (
        "GPU readings from NVML. busy: share of the driver's window with any kernel running. "
        "limits: what holds the clocks down, with the seconds it held since racetop opened. "
        "Maximized, PgUp and PgDn scroll."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "previous GPU", show=False, id="gpu.previous"),
        Binding("down", "select(1)", "next GPU", show=False, id="gpu.next"),
        Binding("pageup", "page(-1)", "a page up", show=False, id="gpu.page_up"),
        Binding("pagedown", "page(1)", "a page down", show=False, id="gpu.page_down"),
    ]

    class Selected(Message):
        """Another GPU was selected."""

        def __init__(self, uuid: str) -> None:
            super().__init__()
            self.uuid = uuid

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.entitle("GPU")
        self.show_history = True
        self._driver = DriverReading(state=NvmlState.STARTING)
        self._gpus: tuple[GpuReading, ...] = ()
        self._growths: dict[str, GpuGrowth] = {}
        self._problems: tuple[Problem, ...] = ()
        self._busy = History()
        self._looks = GpuLooks()
        self._place = 0
        self._top = 0
        self._hidden_rows = 0
        self._video = False
        self._lacks_counters = False

    def add(self, reading: Reading) -> None:
        """Take a reading into the history; `redraw` shows it."""
        self._driver = reading.driver
        self._gpus = reading.gpus
        self._place = min(self._place, max(0, len(self._gpus) - 1))
        self._problems = tuple(p for p in reading.problems if p.source == "nvml")
        for gpu in self._gpus:
            self._growths.setdefault(gpu.uuid, GpuGrowth()).add(gpu)
            self._video = self._video or bool(gpu.encoder_pct or gpu.decoder_pct)
        is_now = self._looks.are_of(reading) and bool(self._gpus)
        self._busy.add(reading.taken_at_s, self._gpus[0].busy_pct if is_now else None)
        self.entitle(title(self._gpus))
        self._tell_missing_counters()
        starting = self._driver.state is NvmlState.STARTING
        self.set_class(not self._gpus and not starting, "-empty")

    @property
    def count(self) -> int:
        """How many GPUs there are."""
        return len(self._gpus)

    @property
    def selected(self) -> int | None:
        """NVML index of the selected GPU; None while there is none."""
        return self._gpus[self._place].index if self._gpus else None

    def select_next(self) -> None:
        """Select the GPU after this one, or the first after the last."""
        self._select(self._place + 1)

    def select_previous(self) -> None:
        """Select the GPU before this one, or the last before the first."""
        self._select(self._place - 1)

    def action_select(self, step: int) -> None:
        """Select another GPU; with only one, the key scrolls."""
        if len(self._gpus) < 2:
            self._scroll_rows(step)
        else:
            self._select(self._place + step)

    def action_page(self, direction: int) -> None:
        """Scroll by a page where this pane has the screen; else all panes scroll."""
        self._scroll_rows(direction * max(1, self.size.height - 1))

    def _scroll_rows(self, rows: int) -> None:
        if not self._is_maximized or not self._hidden_rows:
            raise SkipAction
        self._top = max(0, min(self._top + rows, self._hidden_rows))
        self.redraw()

    @property
    def _is_maximized(self) -> bool:
        return self.is_attached and self.screen.maximized is self

    def _select(self, place: int) -> None:
        if len(self._gpus) < 2:
            return
        self._place = place % len(self._gpus)
        self.post_message(self.Selected(self._gpus[self._place].uuid))
        self.redraw()

    @property
    def rows_of_list(self) -> int:
        """The rows in which every GPU has one of its own."""
        return len(self._gpus) + 1

    def preferred_rows(self, width: int) -> int:
        """The rows that show all there is: every GPU, and one of them in full."""
        if not self._gpus:
            return len(absence(self._driver, self._problems, _COUNTING, width))
        count = len(self._gpus)
        if count == 1:
            history = MAX_GRAPH_ROWS + 1 if self.show_history else 0
            return (
                len(self._warnings(_COUNTING, width, MIN_FULL_ROWS))
                + history
                + len(self._detail(0, _COUNTING, width, gauges=True))
            )
        listed = self._card_rows(width) if count <= CARDS_UP_TO else self.rows_of_list
        detail = self._detail(self._place, _COUNTING, width, gauges=False)
        return len(self._warnings(_COUNTING, width, listed)) + listed + 1 + len(detail)

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        lines = self._all_lines(palette, width, height)
        self._hidden_rows = max(0, len(lines) - height)
        self._top = min(self._top, self._hidden_rows) if self._is_maximized else 0
        return lines[self._top :]

    def _all_lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        if not self._gpus:
            return absence(self._driver, self._problems, palette, width)
        lines = self._warnings(palette, width, height)
        room = max(1, height - len(lines))
        if len(self._gpus) == 1:
            return lines + self._alone(palette, width, room)
        return lines + self._together(palette, width, room)

    def _count_rows(self, width: int) -> int:
        return max(1, self.preferred_rows(width))

    def _alone(self, palette: Palette, width: int, room: int) -> list[Line]:
        """The only GPU, with its history where that is wanted."""
        gpu = self._gpus[0]
        if room >= MIN_FULL_ROWS:
            full = self._detail(0, palette, width, gauges=True)
            if not self.show_history:
                return full
            if len(full) + MIN_ROWS <= room:
                return full + self._graph(palette, width, room - len(full))
            if self._is_maximized:
                return full
        lines = card_lines(gpu, self._growths[gpu.uuid], palette, width)
        if self.show_history:
            lines += self._graph(palette, width, room - len(lines))
        return lines

    def _graph(self, palette: Palette, width: int, room: int) -> list[Line]:
        return graph_lines(self._busy, palette, palette[Role.GPU], width, room, label="busy %")

    def _together(self, palette: Palette, width: int, room: int) -> list[Line]:
        """Several GPUs, in the fullest form that shows all of them."""
        if len(self._gpus) * MIN_FULL_ROWS <= room:
            full = self._all_in_full(palette, width)
            if len(full) <= room:
                return full
        detail = [
            rule(self._gpus[self._place], palette, width, mark="▸"),
            *self._detail(self._place, palette, width, gauges=False),
        ]
        needed = self._card_rows(width)
        if len(self._gpus) > CARDS_UP_TO:
            needed += len(detail)
        elif self.rows_of_list + MIN_DETAIL_ROWS <= room:
            needed += MIN_DETAIL_ROWS
        if needed <= room:
            lines = self._cards(palette, width)
        else:
            lines = table_lines(
                self._gpus,
                self._growths,
                palette,
                width,
                room,
                selected=self._place,
                video=self._video,
            )
        if len(lines) + MIN_DETAIL_ROWS <= room or self._is_maximized:
            lines += detail
        return lines

    def _all_in_full(self, palette: Palette, width: int) -> list[Line]:
        lines = []
        for place, gpu in enumerate(self._gpus):
            mark = "▸" if place == self._place else "─"
            lines.append(rule(gpu, palette, width, mark=mark))
            lines += self._detail(place, palette, width, gauges=True)
        return lines

    def _card_rows(self, width: int) -> int:
        columns = _card_columns(width)
        rows = [card_rows(gpu) for gpu in self._gpus]
        return sum(max(rows[at : at + columns]) for at in range(0, len(rows), columns))

    def _cards(self, palette: Palette, width: int) -> list[Line]:
        """All GPUs as cards, two beside each other where each keeps room for its figures."""
        columns = _card_columns(width)
        pitch = (width + CARD_GAP) // columns
        lines = []
        for start in range(0, len(self._gpus), columns):
            places = range(start, min(start + columns, len(self._gpus)))
            cards = [self._card(place, palette, pitch - CARD_GAP) for place in places]
            for pieces in zip_longest(*cards):
                line = Line(palette)
                for column, piece in enumerate(pieces):
                    if piece is not None:
                        line.pad_to(column * pitch).join(piece)
                lines.append(line)
        return lines

    def _card(self, place: int, palette: Palette, width: int) -> list[Line]:
        gpu, chosen = self._gpus[place], place == self._place
        digits = len(str(self._gpus[-1].index))
        label = f"{'▸' if chosen else ' '}{gpu.index:<{digits}} "
        role = Role.KEY if chosen else Role.DIM
        growth = self._growths[gpu.uuid]
        return card_lines(gpu, growth, palette, width, label=label, label_role=role)

    def _detail(self, place: int, palette: Palette, width: int, *, gauges: bool) -> list[Line]:
        gpu = self._gpus[place]
        return detail_lines(gpu, self._growths[gpu.uuid], palette, width, gauges=gauges)

    def _tell_missing_counters(self) -> None:
        """Say once that no card counts its inner activity, where that was asked for."""
        reasons = {
            gpu.unknown.get("sm_busy_pct", ON_REQUEST) if gpu.sm_busy_pct is None else ON_REQUEST
            for gpu in self._gpus
            if gpu.state is GpuState.OK
        }
        lacks = bool(reasons) and reasons.isdisjoint({ON_REQUEST, TOO_SOON})
        if lacks and not self._lacks_counters and self.is_attached:
            reason = ", ".join(sorted(reasons))
            self.notify(f"No GPU here tells its inner activity: {reason}.", severity="warning")
        self._lacks_counters = lacks

    def _warnings(self, palette: Palette, width: int, height: int) -> list[Line]:
        rows = 2 if height >= ROOM_FOR_TWO_ROWS else 1
        return warnings(self._problems, palette, width, rows)


def _card_columns(width: int) -> int:
    return 2 if width >= 2 * MIN_CARD_WIDTH + CARD_GAP else 1
