"""One job of the race: how far, how fast, how well, and where its time goes."""

from __future__ import annotations

from rich.style import Style
from runners.statistics import cold_epoch_s, steady_epoch_s

from runners.events import EpochFinished, Phases, Stage
from runners.spec import JobSpec
from runners.state import RunState, RunStatus
from runners.text import printable
from tui import format as fmt
from tui.line import Line, wrap
from tui.theme import Palette, Role, series_of
from tui.widgets.rows import RowsWidget

STAGE_TEXT = {
    Stage.IMPORT: "importing torch",
    Stage.DEVICE_INIT: "waking the device",
    Stage.DATA_LOAD: "loading the data set",
    Stage.PREPROCESS: "preparing the data",
    Stage.MODEL_BUILD: "building the model",
    Stage.COMPILE: "compiling",
}
PHASES = (
    ("data_wait_s", "data", "█"),
    ("host_to_device_s", "copy", "▓"),
    ("forward_s", "fwd", "▒"),
    ("backward_s", "bwd", "█"),
    ("optimizer_s", "opt", "▓"),
)
_PHASE_ROLE = {
    "data": Role.KEY,
    "copy": Role.BAD,
    "fwd": Role.BUSY,
    "bwd": Role.MEMORY,
    "opt": Role.TEXT,
    "rest": Role.DIM,
}


class JobCard(RowsWidget):
    """A job's newest run in five rows."""

    can_focus = True
    HELP = "One job. cold: the first epoch; steady: the median of the later ones."

    def __init__(self, job: int, spec: JobSpec) -> None:
        super().__init__(classes="pane job-card")
        self._job = job
        self._spec = spec
        self._run = RunState()
        self._now_s = 0.0
        settings = spec.settings
        series = series_of(job)
        self.border_title = (
            f"{series.mark} {settings.device} · {settings.workload} · {settings.variant}"
            f" · batch {settings.batch_size}"
        )

    def show(self, run: RunState, now_s: float) -> None:
        """Show a run's state as of a monotonic time."""
        self._run = run
        self._now_s = now_s
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del height
        run, style = self._run, palette.job(self._job)
        first = status_line(run, self._spec, palette, style, width, self._now_s)
        if run.error is not None:
            return [first, *_error_lines(run, palette, width)]
        lines = [first, _time_line(run, palette), _quality_line(run, self._spec, palette)]
        return lines + phase_lines(run.epochs[-1] if run.epochs else None, palette, width)


def status_line(
    run: RunState, spec: JobSpec, palette: Palette, style: Style, width: int, now_s: float
) -> Line:
    """State, progress and time left in one row."""
    line = Line(palette)
    epochs = spec.settings.epochs
    if run.status in (RunStatus.TRAINING, RunStatus.EVALUATING):
        share = _share_done(run, epochs)
        number = min(len(run.epochs) + (run.current is not None), epochs)
        text = f"epoch {number}/{epochs} "
        left = f"{fmt.clock(time_left_s(run, epochs))} left"
        if run.status is RunStatus.EVALUATING:
            text = f"test {number}/{epochs}  "
        tail = 6 + max(10, len(left) + 1)
        line.add(text, Role.STRONG).bar(share, width - len(text) - tail, style)
        return line.add(" ").add(fmt.pct(100 * share)).add(f"{left:>{tail - 6}}", Role.DIM)
    took_s = _took_s(run, now_s)
    if run.status is RunStatus.STARTING:
        stage = STAGE_TEXT[run.stage] if run.stage else "starting"
        return line.add(stage, Role.STRONG).add(f" … {fmt.clock(took_s)}", Role.DIM)
    roles = {RunStatus.DONE: Role.GOOD, RunStatus.FAILED: Role.BAD}
    line.add(run.status.value, roles.get(run.status, Role.WARNING))
    if run.status is RunStatus.WAITING:
        return line.add(" for its turn", Role.DIM)
    text = f"  {len(run.epochs)}/{epochs} epochs"
    tail = f"  in {fmt.clock(took_s)}"
    line.add(text)
    if run.status is RunStatus.DONE:
        line.add(" ").bar(1.0, width - line.width - len(tail), style)
    return line.add(tail, Role.DIM)


def time_left_s(run: RunState, epochs: int) -> float | None:
    """Seconds of training left, from the last epoch's pace; None before there is one."""
    progress = run.progress
    if run.epochs:
        epoch_s = steady_epoch_s(run) or run.epochs[-1].epoch_s
        evaluation_s = run.evaluations[-1].eval_s if run.evaluations else 0.0
        done = len(run.epochs) + (progress.step / progress.steps if progress else 0.0)
        return max(0.0, (epochs - done) * (epoch_s + evaluation_s))
    if progress is None or not progress.step:
        return None
    return progress.elapsed_s / progress.step * (progress.steps * epochs - progress.step)


def samples_per_s(run: RunState) -> float | None:
    """Training speed: of the steady epochs, else of what there is so far."""
    steady_s = steady_epoch_s(run)
    if steady_s and run.epochs:
        return run.epochs[-1].samples / steady_s
    if run.epochs:
        return run.epochs[-1].samples / run.epochs[-1].epoch_s
    if run.progress and run.progress.elapsed_s > 0:
        return run.progress.samples / run.progress.elapsed_s
    return None


def phase_lines(epoch: EpochFinished | None, palette: Palette, width: int) -> list[Line]:
    """The phases of an epoch: a bar and its legend in percent."""
    if epoch is None:
        return []
    shares = phase_shares(epoch.phases, epoch.epoch_s)
    if not shares:
        return [Line(palette).add("phases were not timed", Role.DIM)]
    bar, legend = Line(palette), Line(palette)
    cells = _apportion([max(0.0, share) for _, _, share in shares], width)
    for (name, glyph, share), count in zip(shares, cells, strict=True):
        style = palette[_PHASE_ROLE[name]]
        bar.add(glyph * count, style)
        legend.add(name, style).add(f" {100 * share:.0f} %  ")
    return [bar, legend]


def phase_shares(phases: Phases, epoch_s: float) -> list[tuple[str, str, float]]:
    """Name, glyph and share of the epoch for each phase; the rest is the residual.

    The rest is below zero where the host waited while the device worked.
    """
    known = [
        (name, glyph, value / epoch_s)
        for field, name, glyph in PHASES
        if (value := getattr(phases, field)) is not None
    ]
    if not known or epoch_s <= 0:
        return []
    return [*known, ("rest", "░", 1.0 - sum(share for _, _, share in known))]


def _apportion(shares: list[float], width: int) -> list[int]:
    """Whole cells for each share; they add up to the width where the shares add up to 1."""
    total = sum(shares) or 1.0
    cells, used, target = [], 0, 0.0
    for share in shares:
        target += share / total * width
        cells.append(round(target) - used)
        used = round(target)
    return cells


def _time_line(run: RunState, palette: Palette) -> Line:
    steady_s, cold_s = steady_epoch_s(run), cold_epoch_s(run)
    line = Line(palette).add(fmt.seconds(steady_s), Role.STRONG).add(" steady", Role.LABEL)
    line.add(" · ", Role.DIM).add(fmt.seconds(cold_s)).add(" cold", Role.LABEL)
    line.add(" · ", Role.DIM)
    return line.add(fmt.count(samples_per_s(run)), Role.STRONG).add(" samples/s", Role.LABEL)


def _quality_line(run: RunState, spec: JobSpec, palette: Palette) -> Line:
    loss = run.epochs[-1].train_loss if run.epochs else None
    if run.progress and run.progress.train_loss is not None:
        loss = run.progress.train_loss
    accuracy = run.evaluations[-1].test_accuracy if run.evaluations else None
    line = Line(palette).add("loss ", Role.LABEL).add(fmt.loss(loss)).add(" · ", Role.DIM)
    line.add("accuracy ", Role.LABEL).add(fmt.accuracy(accuracy)).add(" · ", Role.DIM)
    cores = len(spec.settings.cores)
    if cores:
        line.add(f"{cores} core{'s' if cores > 1 else ''}").add(" · ", Role.DIM)
    return line.add(fmt.memory(run.peak_memory_bytes)).add(" peak", Role.LABEL)


def _error_lines(run: RunState, palette: Palette, width: int) -> list[Line]:
    if run.error is None:
        return []
    lines = [Line(palette).add(r, Role.BAD) for r in wrap(printable(run.error.message), width)]
    remedy = printable(run.error.remedy or "")
    return lines + [Line(palette).add(r, Role.TEXT) for r in wrap(remedy, width)]


def _share_done(run: RunState, epochs: int) -> float:
    part = run.progress.step / run.progress.steps if run.progress and run.progress.steps else 0.0
    return min(1.0, (len(run.epochs) + part) / epochs)


def _took_s(run: RunState, now_s: float) -> float | None:
    if run.started_mono_s is None:
        return None
    return (run.ended_mono_s or now_s) - run.started_mono_s
