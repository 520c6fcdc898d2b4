"""A comparison of the past, as the race view shows a finished one; a diagnosis as its view does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from runners.diagnosis.plan import is_diagnosis
from runners.history.side_by_side import side_by_side
from runners.history.store import Saved
from runners.reports.command_line import command_line
from runners.spec import Request
from runners.state import ComparisonState
from runners.text import printable
from tui import charts
from tui.commands.history_list import description
from tui.export import export_comparison, in_words
from tui.finding import Finding
from tui.race_panes import RacePanes
from tui.screens.history_keys import OPEN_KEYS, SCROLLING
from tui.spans import SpanCompositor
from tui.time_panes import TimePanes
from tui.widgets.key_bar import KeyBar
from tui.widgets.rows import RowsWidget

HEADING_ROWS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What there is to show.

    Attributes:
        heading: What it is, a line for each comparison.
        state: The comparison.
        machine: The machine's readings, as JSON values; None where unknown or of several.
        versions: Versions of racetop and Python by name.
        request: What was asked for; None where there is nothing to repeat.
    """

    heading: str
    state: ComparisonState
    machine: Mapping[str, Any] | None
    versions: Mapping[str, str]
    request: Request | None = None


def shown_alone(saved: Saved) -> Shown:
    """One comparison, with the command line that repeats it."""
    heading = description(saved.entry)
    if saved.request is not None:
        heading += f"\n{printable(command_line(saved.request))}"
    return Shown(
        heading=heading,
        state=saved.state,
        machine=saved.machine,
        versions=saved.versions,
        request=saved.request,
    )


def shown_together(comparisons: Sequence[Saved]) -> Shown:
    """Several comparisons side by side, the jobs of each labelled with its number."""
    beside = side_by_side(comparisons)
    # Without axes all panes tell jobs apart by their labels, which say of which comparison
    # and host they are.
    plan = replace(beside.state.plan, axes=())
    return Shown(
        heading=_heading([description(saved.entry) for saved in comparisons]),
        state=replace(beside.state, plan=plan),
        machine=beside.machine,
        versions=beside.versions,
    )


def _heading(told: Sequence[str]) -> str:
    """A line for each comparison, or for the first and how many more there are."""
    if len(told) > HEADING_ROWS:
        more = len(told) - HEADING_ROWS + 1
        told = [*told[: HEADING_ROWS - 1], f"and {more} more"]
    return "\n".join(told)


class PastRace(ModalScreen[Request | None]):
    """Shows it; answers with the request to repeat, if that was asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [*OPEN_KEYS, *SCROLLING]
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    PastRace {
        background: $background;
        & > #past-heading {
            height: auto;
            max-height: 4;
            padding: 0 1;
            color: $text-muted;
        }
    }
    """

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._compositor = SpanCompositor()
        self._shown = shown
        hint = "e writes the report into files here"
        self._panes = RacePanes(hint=hint + (" · r repeats it" if shown.request else ""))
        self._time = TimePanes(can_try=False)
        self._is_diagnosis = is_diagnosis(shown.state.plan)
        self._body = VerticalScroll(id="body", can_focus=False)

    def compose(self) -> ComposeResult:
        """The same panes as in the race view, below what was compared; and the epochs."""
        yield Static(Content(self._shown.heading), id="past-heading")
        with self._body:
            if self._is_diagnosis:
                yield from self._time.panes
            else:
                yield self._panes.jobs
                yield self._panes.middle
                yield self._time.epochs
        useless = set() if self._shown.request is not None else {"repeat"}
        useless |= {"chart"} if self._is_diagnosis else set()
        keys = [key for key in OPEN_KEYS if key.action not in useless]
        yield KeyBar(keys, acts_on="screen", first=("escape,q,enter",))

    async def on_mount(self) -> None:
        """Fill the panes."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())
        state, finding = self._shown.state, None
        if self._is_diagnosis:
            finding = Finding.of(state)
        else:
            await self._panes.show_plan(state.plan)
            self._panes.show(state, time.monotonic())
            self._load_charts()
        self._time.take(state, finding)
        self.call_after_refresh(self._time.draw)

    @work
    async def _load_charts(self) -> None:
        await asyncio.to_thread(charts.load)
        self._panes.chart.redraw()

    def _restyle(self) -> None:
        for pane in self.query(RowsWidget):
            pane.restyle()

    def action_chart(self) -> None:
        """Show the next kind of figures in the chart."""
        self._panes.chart.next_kind()

    @work(exclusive=True)
    async def action_export(self) -> None:
        """Write the report into files."""
        shown = self._shown

        def export() -> tuple[Path, ...]:
            return export_comparison(
                shown.state,
                shown.machine,
                folder=Path.cwd(),
                request=shown.request,
                versions=shown.versions,
            )

        try:
            paths = await asyncio.to_thread(export)
        except OSError as error:
            self.notify(printable(f"Not exported: {error}"), severity="error", markup=False)
        else:
            words = in_words(paths)
            self.notify(words, markup=False)
            self._panes.tell(words)

    def action_repeat(self) -> None:
        """Race again with the same settings."""
        if self._shown.request is None:
            self.notify("No one race repeats this; those that were asked for alone can be.")
        else:
            self.dismiss(self._shown.request)

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        """Scroll the panes by rows."""
        self._body.scroll_relative(y=rows, animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll the panes by a page."""
        self.action_scroll(direction * max(1, self._body.size.height - 2))
