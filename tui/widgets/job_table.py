"""The jobs of a comparison with more than two of them, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runners.spec import Order, Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import Ratio, cold_epoch_s, final_accuracy, steady_epoch_s
from runners.text import printable
from tui import format as fmt
from tui.line import Line
from tui.theme import Palette, Role, series_of
from tui.widgets.job_card import speed_samples_per_s, status_line
from tui.widgets.rows import RowsWidget

ORDER_TEXT = {Order.TOGETHER: "side by side", Order.IN_TURN: "one at a time"}


class JobTable(RowsWidget):
    """Every job: state, cold and steady epoch, speed, accuracy, ratio to the first."""

    can_focus = True
    HELP = "All jobs. ratio: how many times as fast as the first one, steady epochs."

    def __init__(self, plan: Plan) -> None:
        super().__init__(id="job-table", classes="pane")
        self.border_title = (
            f"{plan.workload.name} · {len(plan.jobs)} jobs · {ORDER_TEXT[plan.order]}"
        )
        self._state = ComparisonState.of(plan)
        self._ratios: Mapping[str, float | None] = {}
        self._now_s = 0.0

    def show(self, state: ComparisonState, now_s: float) -> None:
        """Show a comparison's state as of a monotonic time."""
        self._state = state
        self._now_s = now_s
        self.redraw()

    def show_ratios(self, ratios: Sequence[Ratio]) -> None:
        """Take the ratios to the first job; `show` draws them."""
        self._ratios = {ratio.job: ratio.value for ratio in ratios}

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        plan = self._state.plan
        label_width = max(len(job.label) for job in plan.jobs) + 3
        fixed = label_width + 10 + 10 + 11 + 10 + 8
        room = max(12, width - fixed)
        header = (
            Line(palette)
            .add(" " * (label_width + room), Role.DIM)
            .add(
                f"{'cold':>10}{'steady':>10}{'samples/s':>11}{'accuracy':>10}{'ratio':>8}", Role.DIM
            )
        )
        return [
            header,
            *(
                self._row(job, palette, label_width, room, self._ratios.get(spec.label))
                for job, spec in enumerate(plan.jobs)
            ),
        ]

    def _row(
        self, job: int, palette: Palette, label_width: int, room: int, ratio: float | None
    ) -> Line:
        run = current_run(self._state, job)
        spec = self._state.plan.jobs[job]
        style = palette.job(job)
        line = Line(palette).add(f"{series_of(job).mark} {spec.label}".ljust(label_width), style)
        if run.error is not None:
            return line.add("failed ", Role.BAD).add(printable(run.error.message))
        status = status_line(run, spec, palette, style, room - 1, self._now_s)
        line.join(status).pad_to(label_width + room)
        line.add(f"{fmt.seconds(cold_epoch_s(run)):>10}")
        line.add(f"{fmt.seconds(steady_epoch_s(run)):>10}")
        line.add(f"{fmt.count(speed_samples_per_s(run)):>11}")
        line.add(f"{fmt.accuracy(final_accuracy(run)):>10}")
        return line.add(f"{fmt.ratio(ratio)}×".rjust(8) if ratio else "", Role.STRONG)


def current_run(state: ComparisonState, job: int) -> RunState:
    """The run of a job to look at: the one under way, else the last that ended."""
    runs = state.runs_of(job)
    for run in runs:
        if not run.status.is_over and run.status is not RunStatus.WAITING:
            return run
    ended = [run for run in runs if run.status.is_over and run.started_mono_s is not None]
    return ended[-1] if ended else runs[0]
