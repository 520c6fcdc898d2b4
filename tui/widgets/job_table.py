"""The jobs of a comparison with more than two of them, a row each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runners.spec import Order, Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.statistics import Ratio, cold_epoch_s, final_accuracy, steady_epoch_s
from tui import format as fmt
from tui.line import Line, cut
from tui.theme import Palette, Role, series_of
from tui.widgets.job_card import GPU_LOST, is_gpu_lost, speed_samples_per_s, status_line
from tui.widgets.rows import RowsWidget

COLUMNS = {"cold": 10, "steady": 10, "samples/s": 11, "accuracy": 10, "ratio": 8}
KEPT_FIRST = ("ratio", "steady", "samples/s", "accuracy", "cold")
MIN_STATUS_WIDTH = 24
ORDER_TEXT = {Order.TOGETHER: "side by side", Order.IN_TURN: "one at a time"}


class JobTable(RowsWidget):
    """Every job: state, cold and steady epoch, speed, accuracy, ratio to the first."""

    can_focus = True
    HELP = "All jobs. ratio: how many times as fast as the first one, steady epochs."

    def __init__(self, plan: Plan) -> None:
        super().__init__(id="job-table", classes="pane")
        self.entitle(f"{plan.workload.name} · {len(plan.jobs)} jobs · {ORDER_TEXT[plan.order]}")
        self._state = ComparisonState.of(plan)
        self._ratios: Mapping[str, float | None] = {}
        self._now_s = 0.0
        self._lost_gpus: Collection[str] = ()

    def show(self, state: ComparisonState, now_s: float, lost_gpus: Collection[str] = ()) -> None:
        """Show a comparison's state as of a monotonic time, and which GPUs fell off the bus."""
        self._state = state
        self._lost_gpus = lost_gpus
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
        columns = _columns_that_fit(width - label_width - MIN_STATUS_WIDTH)
        room = width - label_width - sum(COLUMNS[name] for name in columns)
        titles = "".join(f"{name:>{COLUMNS[name]}}" for name in columns)
        header = Line(palette).pad_to(label_width + room).add(titles, Role.DIM)
        rows = [
            self._row(job, palette, label_width, room, columns) for job in range(len(plan.jobs))
        ]
        return [header, *rows]

    def _row(
        self, job: int, palette: Palette, label_width: int, room: int, columns: Sequence[str]
    ) -> Line:
        run = current_run(self._state, job)
        spec = self._state.plan.jobs[job]
        style = palette.job(job)
        line = Line(palette).add(f"{series_of(job).mark} {spec.label}".ljust(label_width), style)
        if run.error is not None:
            return line.add("failed ", Role.BAD).add(run.error.message)
        if is_gpu_lost(run, self._lost_gpus):
            line.add(cut(GPU_LOST, room - 1), Role.BAD)
        else:
            line.join(status_line(run, spec, palette, style, room - 1, self._now_s))
        line.pad_to(label_width + room)
        ratio = self._ratios.get(spec.label)
        texts = {
            "cold": fmt.seconds(cold_epoch_s(run)),
            "steady": fmt.seconds(steady_epoch_s(run)),
            "samples/s": fmt.count(speed_samples_per_s(run)),
            "accuracy": fmt.accuracy(final_accuracy(run)),
            "ratio": f"{fmt.ratio(ratio)}×" if ratio else "",
        }
        for name in columns:
            role = Role.STRONG if name == "ratio" else Role.TEXT
            line.add(f"{texts[name]:>{COLUMNS[name]}}", role)
        return line


def _columns_that_fit(width: int) -> list[str]:
    """The columns for a width, in the order of the table; the least telling ones go first."""
    kept: list[str] = []
    for name in KEPT_FIRST:
        if COLUMNS[name] <= width - sum(COLUMNS[other] for other in kept):
            kept.append(name)
    return [name for name in COLUMNS if name in kept]


def current_trial(state: ComparisonState, job: int) -> str:
    """Which trial `current_run` shows; empty where there is but one."""
    if state.plan.trials == 1:
        return ""
    run = current_run(state, job)
    number = next(i for i, other in enumerate(state.runs_of(job), start=1) if other is run)
    return f"trial {number}/{state.plan.trials}"


def current_run(state: ComparisonState, job: int) -> RunState:
    """The run of a job to look at: the one under way, else the last that ended."""
    runs = state.runs_of(job)
    for run in runs:
        if not run.status.is_over and run.status is not RunStatus.WAITING:
            return run
    ended = [run for run in runs if run.status.is_over and run.started_mono_s is not None]
    return ended[-1] if ended else runs[0]
