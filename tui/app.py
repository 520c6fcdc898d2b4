"""The application: the wires between the keys, the sampler, the race and the screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from runners.devices import best_accelerator
from sensors.gpu_readings import NvmlState
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.wanted import Wanted
from tui import signals
from tui.keys import KEYS, REMEDIES
from tui.messages import ReadingTaken
from tui.race import Race
from tui.racing import RacingApp
from tui.screens.confirm import Confirm
from tui.screens.live import View
from tui.theme import RACETOP_THEME, THEMES, Palette
from tui.widgets.history_pane import HistoryPane
from tui.widgets.process_table import ProcessTable
from tui.wiring import INTERVALS_S, MakeSampler, Opening

DRIVER_WAIT_S = 30.0
_PROFILING = (
    "Reading SM, occupancy, tensor and memory activity of GPUs that count it (Hopper and newer). "
    "Running a profiler beside it may disturb both; c ends it."
)


class RacetopApp(RacingApp):
    """One screen: the machine, and training jobs racing on it."""

    TITLE = "racetop"
    CSS_PATH = "app.tcss"
    BINDING_GROUP_TITLE = "racetop"
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)
    # Escape clears a filter, in a maximized table too; m shows all panes again.
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (70, "-narrow"), (100, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (18, "-short"), (34, "-medium"), (46, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        opening: Opening,
        *,
        make_sampler: MakeSampler = Sampler,
        make_race: Callable[[Callable[[], None]], Race],
        interval_s: float = 1.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(opening, make_race=make_race, wall_clock=wall_clock)
        self.register_theme(RACETOP_THEME)
        self.theme = RACETOP_THEME.name
        self._palette: Palette | None = None
        self._first_reading_s: float | None = None
        self._interval_s = interval_s
        self._paused = False
        self._profiles = False
        self._sampler = make_sampler(self._sampled, interval_s=interval_s, wanted=self._wanted)

    # Life

    def on_mount(self) -> None:
        """Start the sampler, and the race that was asked for."""
        signals.attend(self, self.action_repaint)
        self.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())
        self._sampler.start()
        if self._opening.start:
            self.call_after_refresh(self.begin, self.base)
        else:
            self.live.show_view(View.MACHINE)

    async def on_unmount(self) -> None:
        """Leave nothing behind."""
        self._sampler.stop()
        await self.race.end()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key's action, after Textual's own commands."""
        yield from super().get_system_commands(screen)
        for key in filter(lambda key: key.tooltip, (*KEYS, *REMEDIES)):
            yield SystemCommand(
                key.tooltip, f"Key: {self.get_key_display(key)}", self._runner(key.action)
            )

    def _runner(self, action: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, action)

        return run

    # Keys

    def action_pause(self) -> None:
        """Freeze or thaw the machine panes."""
        self._paused = not self._paused
        self.live.pause(self._paused)
        self._show_top_line()

    def action_interval(self, step: int) -> None:
        """Look at the machine more or less often."""
        index = INTERVALS_S.index(self._interval_s) + step
        self._interval_s = INTERVALS_S[min(max(index, 0), len(INTERVALS_S) - 1)]
        self._sampler.interval_s = self._interval_s
        self._show_top_line()

    def action_view(self) -> None:
        """Step on: the machine, the race, where its time goes."""
        self.live.show_view(self.live.view.next)
        if self.live.view is not View.MACHINE:
            self.prepare()

    def action_select_gpu(self, step: int) -> None:
        """Look at the next GPU, or the one before."""
        self.live.select_gpu(step)

    def action_choose_series(self) -> None:
        """Choose what the history shows."""
        if self.live.view is View.RACE:
            self.live.show_view(View.MACHINE)
        self.live.history.ask_series()

    def action_zoom(self, step: int) -> None:
        """Show more or less time in the history."""
        self.live.history.zoom(step)

    def action_filter(self) -> None:
        """Filter the processes."""
        self.live.show_processes()
        self.live.processes.action_filter()

    def action_all_processes(self) -> None:
        """List all processes of the host, or those that matter."""
        self.live.show_processes()
        self.live.processes.action_all()

    def action_signal(self) -> None:
        """Send the process at the cursor a signal."""
        self.live.show_processes()
        self.live.processes.action_signal()

    def action_profile(self) -> None:
        """Measure the GPUs' inner activity, or no longer."""
        if not self._profiles and self.reading is not None and not self.reading.gpus:
            self.notify("There is no GPU here whose counters could be read.")
            return
        self._profiles = not self._profiles
        self._sampler.read_now()
        self.notify(_PROFILING if self._profiles else "The GPUs' counters are no longer read.")

    def action_maximize(self) -> None:
        """Show the focused pane alone, or all panes again."""
        if self.live.maximized is not None:
            self.live.minimize()
        elif self.live.focused is None or not self.live.maximize(self.live.focused):
            self.notify("Move to a pane with Tab first; m then shows it alone.")

    def action_theme(self) -> None:
        """Step to the next theme."""
        index = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(index + 1) % len(THEMES)]

    def action_help(self) -> None:
        """Show or hide the help panel."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_page(self, direction: int) -> None:
        """Scroll the panes."""
        self.live.scroll_page(direction)

    def action_repaint(self) -> None:
        """Take a reading and draw the whole screen again."""
        self._sampler.read_now()
        self.refresh(repaint=True, layout=True)

    @work(group="quit")
    async def action_quit(self) -> None:  # type: ignore[override]
        """Leave; ask first while a race runs. Asked again while asking, leave at once."""
        question = Confirm("A race is running. Stop it and leave?")
        asked_already = isinstance(self.screen, Confirm)
        if asked_already or not self.race.is_running or await self.push_screen_wait(question):
            self.exit()

    # What comes from outside

    def _wanted(self) -> Wanted:
        return Wanted(
            own_pids=frozenset({os.getpid(), *self.race.pids(), *self.live.followed_pids()}),
            all_processes=self.live.processes.shows_all,
            gpu_profile=self._profiles or self.live.history.wants_gpu_profile,
        )

    def _sampled(self, reading: Reading) -> None:
        self.post_message(ReadingTaken(reading))

    @on(ReadingTaken)
    def _reading_taken(self, message: ReadingTaken) -> None:
        reading = self.reading = message.reading
        self.live.add_reading(reading, redraw=not self._paused)
        if not self._paused:
            self._show_top_line()
        self.observe(reading)
        self.show_race()
        if self._first_reading_s is None:
            self._first_reading_s = reading.taken_at_s
        waited_s = reading.taken_at_s - self._first_reading_s
        if reading.driver.state is NvmlState.STARTING and waited_s < DRIVER_WAIT_S:
            return
        self.know_accelerator(best_accelerator(reading))

    @on(HistoryPane.Paused)
    def _history_paused(self) -> None:
        self._paused = True
        self._show_top_line()

    @on(ProcessTable.AllWanted)
    @on(ProcessTable.DetailsAsked)
    def _processes_wanted(self) -> None:
        self._sampler.read_now()

    def _show_top_line(self) -> None:
        self.live.top_line.show(
            self.reading,
            interval_s=self._interval_s,
            paused=self._paused,
            race=self.race.label,
        )

    @property
    def palette(self) -> Palette:
        """The styles of the theme in use."""
        if self._palette is None:
            self._palette = Palette(self.theme_variables)
        return self._palette

    def _restyle(self) -> None:
        self._palette = None
        self.live.restyle()
