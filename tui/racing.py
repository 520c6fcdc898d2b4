"""What the keys about the race do: start one, stop it, show it, keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import App
from textual.screen import Screen

from runners.presets import PRESETS
from runners.spec import Order, Plan, Request, UsageError
from runners.state import ComparisonState
from runners.text import printable
from sensors.readings import Reading
from sensors.snapshot import snapshot
from tui import charts, requests
from tui.diagnosing import Diagnoses
from tui.messages import RaceChanged
from tui.race import Race
from tui.screens.live import LiveScreen, View
from tui.wiring import Opening

if TYPE_CHECKING:
    from runners.history.store import Recorder, Saved
    from tui.screens.history import Resumed

_MORE_IN_THE_TIME_VIEW = "g shows what that rests on · e writes the report into files here"


class RacingApp(App[None]):
    """The part of the application that is about the race.

    Attributes:
        race: The race, once there is one.
        live: The screen it is shown on.
        reading: The newest look at the machine.
    """

    def __init__(
        self,
        opening: Opening,
        *,
        make_race: Callable[[Callable[[], None]], Race],
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._opening = opening
        self._workload = opening.workload
        self._last: Request | None = None
        self._order: Order | None = None
        self._pending: Callable[[], object] | None = None
        self._is_tuning = False
        self._diagnoses = Diagnoses(lambda plan: self._run_part(plan, view=None))
        self._gpus_known = not opening.needs_gpus
        self._accelerator: str | None = None
        self._form_texts: dict[str, str] = {}
        self._told_problem: str | None = None
        self._was_busy = False
        self.reading: Reading | None = None
        self.race = make_race(self._race_moved)
        self.live = LiveScreen(opening, wall_clock=wall_clock)

    def get_default_screen(self) -> Screen[None]:
        """The live screen."""
        return self.live

    # Keys

    def action_race(self) -> None:
        """Start the race again, or the default one."""
        self.begin(self._again)

    def action_preset(self, number: int) -> None:
        """Start one of the presets."""
        preset = PRESETS[number - 1]
        self.begin(lambda: self._ordered(self._opening.preset(preset, self._accelerator)))

    def action_form(self) -> None:
        """Choose every setting of a race."""
        from tui.screens.job_form import JobForm

        form = JobForm(
            self._workload, self._form_texts, accelerator=self._accelerator, plan=self.race.plan
        )
        self.push_screen(form, self._form_filled)

    def action_stop(self) -> None:
        """Stop the race, or give up one that waits for the driver."""
        is_waiting, self._pending = self._pending is not None, None
        if self.race.is_running:
            self.race.stop()
            self.notify("Stopping; what is finished is kept.")
        elif not is_waiting:
            self.notify("No race is running; r starts one.")

    def action_variants(self) -> None:
        """Race the variants."""
        self.begin(lambda: requests.variants(self.base()))

    def action_batch(self) -> None:
        """Sweep the batch size."""
        self.begin(lambda: requests.batch_sweep(self.base()))

    def action_workers(self) -> None:
        """Sweep the loader workers."""
        self.begin(lambda: requests.workers_sweep(self.base(), self.race.cores))

    def action_tune(self) -> None:
        """Try settings briefly and keep those that win."""
        self._begin(self._tune)

    def action_diagnose(self) -> None:
        """Find out what limits the job that is looked at."""
        self.live.show_view(View.TIME)
        self._begin(lambda: self._investigate(self._diagnose), View.TIME)

    def action_remedy(self, number: int) -> None:
        """Apply a remedy of the diagnosis and measure what it gains."""
        self.live.show_view(View.TIME)
        try_it = partial(self._diagnoses.try_remedy, number)
        self._begin(lambda: self._investigate(try_it), View.TIME)

    def action_order(self) -> None:
        """Switch the order of the next races."""
        self._order = requests.other_order(self._order or self._again().order)
        words = "one at a time" if self._order is Order.IN_TURN else "side by side"
        self.notify(f"The next race runs its jobs {words}; r starts it.")

    def action_chart(self) -> None:
        """Show the next kind of figures in the chart."""
        if self.race.state is None:
            self.notify("There is no race to draw yet; r starts one.")
        elif self.live.view is View.RACE:
            self.live.race.chart.next_kind()
        else:
            self.live.show_view(View.RACE)

    @work(thread=True, group="export", exclusive=True)
    def action_export(self) -> None:
        """Write the race into files."""
        state = self.race.state
        if state is None:
            self.notify("There is no race to export yet; r starts one.", severity="warning")
            return
        # Here, so that the first frame does not wait for it.
        from tui.export import export_comparison, in_words

        try:
            paths = export_comparison(
                state, self.race.machine, folder=Path.cwd(), request=self.race.request
            )
        except OSError as error:
            self.notify(f"Not exported: {error}", severity="error", markup=False)
        else:
            words = in_words(paths)
            self.notify(words, markup=False)
            self.call_from_thread(self.live.race.tell, words)

    def action_history(self) -> None:
        """Show past comparisons."""
        from tui.screens.history import HistoryScreen

        history = HistoryScreen(self.race.past, is_racing=lambda: self._is_busy)
        self.push_screen(history, self._left_history)

    # Races

    def start_request(self, request: Request) -> None:
        """Start a race that was asked for elsewhere, such as one of the history again."""
        self.begin(lambda: request)

    def resume(self, saved: Saved, recorder: Recorder) -> None:
        """Go on with a race of the history where it stopped."""
        if self._is_busy:
            self._refuse()
            recorder.finish(saved.state)
        else:
            plan = self.race.resume(saved, recorder)
            view = View.RACE if plan.diagnosed is None else View.TIME
            self._show_start(plan, saved.request, view)

    def begin(self, make: Callable[[], Request]) -> None:
        """Start a race as soon as the devices are known, which they mostly are."""
        self._begin(lambda: self._start(make))

    def know_accelerator(self, accelerator: str | None) -> None:
        """Take in which accelerator there is, if any; a race that waited for that starts."""
        self._accelerator = accelerator
        self._gpus_known = True
        if self._pending is not None:
            self._begin(self._pending)

    def prepare(self) -> None:
        """Have workers ready for what `r` starts next."""
        if self._gpus_known:
            self.race.prepare(self._again())

    def base(self, workload: str | None = None) -> Request:
        """What was asked for when the screen was opened, over a workload."""
        request = self._opening.request(workload or self._workload, self._accelerator)
        return self._ordered(request)

    def observe(self, reading: Reading) -> None:
        """Have the race under way take in a look at the machine."""
        self.race.observe(reading)

    @on(RaceChanged)
    def show_race(self) -> None:
        """Show the race as it stands."""
        if self.race.state is not None:
            self._diagnoses.follow(self.race.state)
            self.live.show_state(self.race.state, self.race.clock(), self._diagnoses.finding)
        for fault in self.race.take_faults():
            self.notify(fault, title="The race ended by a fault of racetop", severity="error")
        self._tell_problem()
        if self._was_busy and not self._is_busy:
            self.prepare()
        self._was_busy = self._is_busy

    @property
    def _is_busy(self) -> bool:
        return self.race.is_running or self._is_tuning or self._diagnoses.is_under_way

    def _begin(self, start: Callable[[], object], view: View = View.RACE) -> None:
        self._pending = None
        if self._is_busy:
            self._refuse()
        elif not self._gpus_known:
            self._pending = start
            self.live.show_waiting(view)
        else:
            start()

    @work(group="tune")
    async def _tune(self) -> None:
        # Here, so that the first frame does not wait for it.
        from tui.tuning import tune

        request = requests.one_job(self.base())
        self._is_tuning = True
        try:
            settings = self.race.plan(request).jobs[0].settings
            words, found = await tune(request, settings, self._run_part)
        except UsageError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self._last = found or self._last
            self.live.race.tell(words)
        finally:
            self._is_tuning = False

    @work(group="diagnose")
    async def _investigate(self, find_out: Callable[[], Awaitable[str]]) -> None:
        """Diagnose or try a remedy; tell the outcome where the view that shows it is not."""
        try:
            words = await find_out()
        except UsageError as error:
            self.notify(str(error), severity="warning", markup=False)
            self.show_race()
            return
        self.show_race()
        self.live.race.tell(_MORE_IN_THE_TIME_VIEW)
        if words and (self.live.view is not View.TIME or self.screen is not self.live):
            self.notify(printable(words), title="diagnosis", markup=False)

    async def _diagnose(self) -> str:
        request = self._to_diagnose()
        return await self._diagnoses.diagnose(request, self.race.plan(request).jobs[0])

    def _to_diagnose(self) -> Request:
        """The job that is looked at, alone; before any race the usual one."""
        if self._diagnoses.request is not None:
            return self._diagnoses.request
        job = self.live.time.job
        if self.race.request is None or job is None:
            return requests.one_job(self.base())
        return requests.only(self.race.request, job.settings)

    async def _run_part(self, plan: Plan, view: View | None = View.RACE) -> ComparisonState:
        machine = snapshot(self.reading) if self.reading else None
        running = asyncio.ensure_future(self.race.run_plan(plan, machine))
        await asyncio.sleep(0)
        self._show_start(plan, None, view)
        return await running

    def _race_moved(self) -> None:
        self.post_message(RaceChanged())

    def _refuse(self) -> None:
        what = "diagnosis" if self._diagnoses.is_under_way else "race"
        self.notify(f"A {what} is running; x stops it.", severity="warning")

    def _start(self, make: Callable[[], Request]) -> None:
        machine = snapshot(self.reading) if self.reading else None
        try:
            request = make()
            plan = self.race.start(request, machine)
        except UsageError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._show_start(plan, request)

    def _show_start(
        self, plan: Plan, request: Request | None, view: View | None = View.RACE
    ) -> None:
        """Show a race that begins in a view; None leaves the one in sight, for a diagnosis."""
        self._last = request or self._last
        self._workload = ",".join(workload.name for workload in plan.workloads)
        self._told_problem = None
        self.live.race.warn("")
        if view is not None:
            self._diagnoses.forget()
            self.live.show_view(view)
        for note in request.notes if request else ():
            self.notify(f"{note[:1].upper()}{note[1:]}.", title="Not all is raced here")
        self._show_plan(plan)
        self._load_charts()

    def _left_history(self, chosen: Request | Resumed | None) -> None:
        if isinstance(chosen, Request):
            self.start_request(chosen)
        elif chosen is not None:
            self.resume(chosen.saved, chosen.recorder)

    def _form_filled(self, filled: tuple[str, dict[str, str], Request] | None) -> None:
        if filled is not None:
            self._workload, self._form_texts, request = filled
            self.start_request(request)

    def _tell_problem(self) -> None:
        """Say once why a race is not kept, and leave it said beside the result."""
        problem = self.race.problem
        if problem is not None and problem != self._told_problem:
            self._told_problem = problem
            self.notify(problem, title="This race is not kept", severity="warning", markup=False)
            self.live.race.warn(problem)

    @work(group="plan")
    async def _show_plan(self, plan: Plan) -> None:
        await self.live.show_plan(plan)
        self.show_race()

    @work(thread=True, group="charts", exclusive=True)
    def _load_charts(self) -> None:
        charts.load()

    def _again(self) -> Request:
        """The last race, in the order asked for since."""
        return self._ordered(self._last) if self._last else self.base()

    def _ordered(self, request: Request) -> Request:
        return replace(request, order=self._order or request.order)
