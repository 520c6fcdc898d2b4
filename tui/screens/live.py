"""The live screen: the machine, the race beside it, what it means, and who else is here.

It has three views: the machine alone with its history, the race, and where its time goes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen

from runners.spec import Plan
from runners.state import ComparisonState
from runners.text import printable
from sensors.gpu_readings import GpuState
from sensors.readings import Reading
from tui.finding import Finding
from tui.jobs import in_full, is_sweep
from tui.keys import IN_MACHINE_VIEW, IN_RACE_VIEW, IN_TIME_VIEW, REMEDIES, SIGNAL
from tui.race_panes import RacePanes
from tui.spans import SpanCompositor
from tui.widgets.cpu.pane import CpuPane
from tui.widgets.gpu.pane import GpuPane
from tui.widgets.history_pane import HistoryPane
from tui.widgets.key_bar import KeyBar
from tui.widgets.process_table import ProcessTable
from tui.widgets.rows import RowsWidget
from tui.widgets.top_line import TopLine
from tui.widgets.welcome import Welcome
from tui.wiring import Opening

if TYPE_CHECKING:
    from tui.screens.process_page import ProcessScreen
    from tui.time_panes import TimePanes

MANY_GPUS = 3
"""From so many on they get more of the width than the host."""
BORDER_ROWS = 2
MIN_MACHINE_ROWS = 6
OTHER_ROWS = 18
"""What the machine view leaves to history and processes."""
LEAST_OTHER_ROWS = 12
"""What it leaves them where a row for each GPU needs the rest."""
_WHAT_NEXT = "e writes the report into files here · r repeats it"


class View(StrEnum):
    """What fills the screen."""

    MACHINE = "machine"
    RACE = "race"
    TIME = "time"

    @property
    def next(self) -> View:
        """The one that follows, round and round."""
        views = list(View)
        return views[(views.index(self) + 1) % len(views)]


_KEYS = {View.MACHINE: IN_MACHINE_VIEW, View.RACE: IN_RACE_VIEW, View.TIME: IN_TIME_VIEW}


class LiveScreen(Screen[None]):
    """Everything at a glance; rows that do not fit are reached by scrolling."""

    AUTO_FOCUS = ""
    # How to come back from a maximized pane must stay in sight.
    ALLOW_IN_MAXIMIZED_VIEW = "#key-bar"
    BINDING_GROUP_TITLE = "where the time goes"
    BINDINGS: ClassVar[list[BindingType]] = list(REMEDIES)

    def __init__(self, opening: Opening, *, wall_clock: Callable[[], float]) -> None:
        super().__init__()
        self._compositor = SpanCompositor()
        self._opening = opening
        self._changing = asyncio.Lock()
        self._state: ComparisonState | None = None
        self._finding: Finding | None = None
        self._shown_at_s = 0.0
        self._told: set[tuple[int, str]] = set()
        self._page: ProcessScreen | None = None
        self._lost_gpus: list[str] = []
        self.top_line = TopLine(wall_clock=wall_clock)
        self.view = View.RACE
        self.key_bar = KeyBar(IN_RACE_VIEW)
        self._body = VerticalScroll(id="body", can_focus=False)
        self._machine = Horizontal(id="machine")
        self._machine_rows = 0
        self.gpus = GpuPane(id="gpu")
        self._cpu = CpuPane(id="cpu")
        self.history = HistoryPane(id="history")
        self.processes = ProcessTable(
            id="processes",
            wall_clock=wall_clock,
            read_only=opening.read_only,
            filter_text=opening.process_filter,
        )
        self._welcome = Welcome(opening.workload)
        self.race = RacePanes(hint=_WHAT_NEXT, welcome=self._welcome)
        self._time: TimePanes | None = None

    def compose(self) -> ComposeResult:
        """The panes, in the order the eye should find them."""
        yield self.top_line
        with self._body:
            with self._machine:
                yield self.gpus
                yield self._cpu
            yield self.race.jobs
            yield self.race.middle
            yield self.history
            yield self.processes
        yield self.key_bar

    @property
    def time(self) -> TimePanes:
        """The panes that tell where the time goes, made and placed when they are first wanted."""
        if self._time is None:
            # Here, so that the first frame does not wait for it.
            from tui.time_panes import TimePanes

            self._time = TimePanes(self._opening.workload)
            self._time.take(self._state, self._finding)
            self._body.mount(*self._time.panes, before=self.history)
        return self._time

    def show_view(self, view: View) -> None:
        """Fill the screen with the machine, the race, or where its time goes."""
        self.view = view
        self.minimize()
        for other in View:
            self.set_class(other is view, f"-{other}")
        # Beside the history, the panes need none of their own.
        self.gpus.show_history = self._cpu.show_history = view is View.RACE
        may_signal = not self._opening.read_only
        self.key_bar.show([key for key in _KEYS[view] if key is not SIGNAL or may_signal])
        self.call_after_refresh(self._fit_machine)
        # Until then the panes have no size to draw for.
        if view is View.TIME:
            self.call_after_refresh(self.time.draw)
        elif view is View.RACE:
            self.call_after_refresh(self._show_race)

    def show_processes(self) -> None:
        """Leave a view that has no room for them."""
        if self.view is View.TIME:
            self.show_view(View.MACHINE)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Digits try remedies only where those are in view; elsewhere they start presets."""
        return (
            self.view is View.TIME
            if action == "remedy"
            else super().check_action(action, parameters)
        )

    async def action_remedy(self, number: int) -> None:
        """Have a remedy tried."""
        await self.app.run_action(f"remedy({number})")

    def on_resize(self) -> None:
        """Share the rows anew."""
        self.call_after_refresh(self._fit_machine)

    def watch_maximized(self) -> None:
        """Share the rows anew: the size may have changed while one pane had all of them."""
        self.call_after_refresh(self._fit_machine)

    def _fit_machine(self) -> None:
        """Give the machine's panes the rows they can use, and leave the others theirs."""
        if self.maximized is not None:
            return
        styles = self._machine.styles
        self._machine_rows = self._rows_wanted()
        if self.view is not View.MACHINE or self.has_class("-tiny"):
            if styles.clear_rule("height"):
                self._machine.refresh(layout=True)
            return
        rows = self._body.size.height
        listed = min(self.gpus.rows_of_list + BORDER_ROWS, rows - LEAST_OTHER_ROWS)
        wanted = min(self._machine_rows + BORDER_ROWS, rows - OTHER_ROWS)
        styles.height = max(MIN_MACHINE_ROWS, listed, wanted)

    def _rows_wanted(self) -> int:
        return max(pane.preferred_rows(pane.size.width) for pane in (self.gpus, self._cpu))

    def _fit_grown_machine(self) -> None:
        """Share the rows anew once there is more to show: rows that go leave theirs empty."""
        if self.view is View.MACHINE and self._rows_wanted() > self._machine_rows:
            self._fit_machine()

    def add_reading(self, reading: Reading, *, redraw: bool) -> None:
        """Take a reading into the machine panes; `redraw` is False while paused.

        The page of a process goes on all the same.
        """
        panes = (self.gpus, self._cpu, self.history, self.processes)
        self.processes.mark(own_processes(self._state))
        self._lost_gpus = [gpu.uuid for gpu in reading.gpus if gpu.state is GpuState.LOST]
        count = self.gpus.count
        for pane in panes:
            pane.add(reading)
        if count != self.gpus.count:
            self._machine.set_class(self.gpus.count >= MANY_GPUS, "-many")
            self.call_after_refresh(self._fit_machine)
        if redraw:
            self._fit_grown_machine()
            for pane in panes:
                pane.redraw()
        if self._page is not None:
            self._page.add(reading)

    def pause(self, paused: bool) -> None:
        """Hold the history where it is, or let it go on."""
        self.history.pause(paused)

    def followed_pids(self) -> tuple[int, ...]:
        """Processes that readings must go on to list."""
        page = self._page  # Asked from the sampler's thread, while the page may be closed.
        pids = (self.processes.followed_pid, None if page is None else page.pid)
        return tuple(pid for pid in pids if pid is not None)

    def select_gpu(self, step: int) -> None:
        """Look at the next GPU, or the one before."""
        if step > 0:
            self.gpus.select_next()
        else:
            self.gpus.select_previous()

    @on(GpuPane.Selected)
    def _gpu_selected(self, message: GpuPane.Selected) -> None:
        self.history.select(message.uuid)

    @on(ProcessTable.SignalAsked)
    def _ask_signal(self, message: ProcessTable.SignalAsked) -> None:
        from tui.screens.send_signal import SignalScreen

        self.app.push_screen(SignalScreen(message.process, own=message.own))

    @on(ProcessTable.DetailsAsked)
    def _show_process(self, message: ProcessTable.DetailsAsked) -> None:
        from tui.screens.process_page import ProcessScreen

        if self._page is None:
            self._page = ProcessScreen(message.rows)
            self.app.push_screen(self._page, self._page_closed)

    def _page_closed(self, _result: None) -> None:
        self._page = None

    def show_waiting(self, view: View) -> None:
        """Say that a race, or a diagnosis, waits for the driver to name its GPUs."""
        self.show_view(view)
        what = "diagnosis" if view is View.TIME else "race"
        words = f"The {what} starts as soon as the NVIDIA driver has answered."
        if view is View.TIME:
            self.time.say(words)
        else:
            self._welcome.say(words)

    async def show_plan(self, plan: Plan) -> None:
        """Make room for a comparison's jobs."""
        async with self._changing:
            self.minimize()
            await self.race.show_plan(plan)
            self.set_class(is_sweep(plan), "-sweep")

    def show_state(
        self, state: ComparisonState, now_s: float, finding: Finding | None = None
    ) -> None:
        """Show a comparison as it stands at a monotonic time, and the diagnosis it belongs to."""
        self._state, self._finding = state, finding
        self.history.show_race(state)
        if self._time is not None:
            self._time.take(state, finding)
            if self.view is View.TIME:
                self._time.draw()
        self._shown_at_s = now_s
        # Out of sight its panes would cost the race they show; the end is there to be told of.
        if self.view is View.RACE or state.is_over:
            self.race.show(state, now_s, self._lost_gpus)
        self._tell_failures(state)

    def _show_race(self) -> None:
        if self._state is not None:
            self.race.show(self._state, self._shown_at_s, self._lost_gpus)

    def _tell_failures(self, state: ComparisonState) -> None:
        """A toast for each failure, once, with all that the card may have no room for."""
        for key, run in state.runs.items():
            if run.error is None:
                continue
            text = in_full(run.error)
            told = (id(state.plan), text)
            if told not in self._told:
                self._told.add(told)
                label = state.plan.jobs[key.job].label
                self.notify(
                    printable(text), title=f"{label} failed", severity="error", markup=False
                )

    def restyle(self) -> None:
        """Draw everything again, after a change of theme."""
        for pane in self.query(RowsWidget):
            pane.restyle()

    def scroll_page(self, direction: int) -> None:
        """Scroll the panes by a page; 1 is down, -1 is up."""
        page = max(1, self._body.size.height - 2)
        self._body.scroll_relative(y=direction * page, animate=False)


def own_processes(state: ComparisonState | None) -> Mapping[int, str]:
    """What our own processes are, by process id."""
    own = {os.getpid(): "racetop: this screen"}
    if state is None:
        return own
    for key, run in state.runs.items():
        if run.pid is not None and not run.status.is_over:
            own[run.pid] = f"racetop worker: {state.plan.jobs[key.job].label}"
    return own
