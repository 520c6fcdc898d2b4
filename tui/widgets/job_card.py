"""One job of the race: how far, how fast, how well, and where its time goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.style import Style

from runners.events import Phases, Stage
from runners.machine.slowed import Slowed, slowed
from runners.spec import JobSpec
from runners.state import RunState, RunStatus
from runners.statistics import cold_epoch_s, final_accuracy, samples_per_s, steady_epoch_s
from runners.text import counted
from tui import format as fmt
from tui.line import Field, Line, wrap
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
    ("host_to_device_s", "copy", "▞"),
    ("forward_s", "fwd", "▒"),
    ("backward_s", "bwd", "▓"),
    ("optimizer_s", "opt", "■"),
)
GPU_LOST = "its GPU is lost: press x, then reset it or reboot"
SILENT_AFTER_S = 15.0
SILENT_TEST_AFTER_S = 120.0
_PHASE_ROLE = {
    "data": Role.KEY,
    "copy": Role.BAD,
    "fwd": Role.CPU,
    "bwd": Role.MEMORY,
    "opt": Role.TEXT,
    "rest": Role.DIM,
}

STATUS_ROLE = {
    RunStatus.DONE: Role.GOOD,
    RunStatus.FAILED: Role.BAD,
    RunStatus.STOPPED: Role.WARNING,
    RunStatus.SPARED: Role.WARNING,
}


class JobCard(RowsWidget):
    """A job's newest run in five rows."""

    can_focus = True
    HELP = "One job. cold: the first epoch or call; steady: the median of the later ones."

    def __init__(self, job: int, spec: JobSpec) -> None:
        super().__init__(classes="pane job-card")
        self._job = job
        self._spec = spec
        self._run = RunState()
        self._now_s = 0.0
        self._is_gpu_lost = False
        self.entitle(f"{series_of(job).mark} {' · '.join(_title_parts(spec))}")

    def show(
        self,
        run: RunState,
        now_s: float,
        *,
        trial: str = "",
        lost_gpus: Collection[str] = (),
    ) -> None:
        """Show a run's state.

        Args:
            run: The run.
            now_s: As of when, monotonic clock in seconds.
            trial: Which one of several it is.
            lost_gpus: The GPUs that fell off the bus, by identity.
        """
        self._run = run
        self._is_gpu_lost = is_gpu_lost(run, lost_gpus)
        self._now_s = now_s
        if trial != self.border_subtitle:
            self.border_subtitle = trial
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        run, style = self._run, palette.job(self._job)
        first = status_line(run, self._spec, palette, style, width, self._now_s)
        if run.error is not None:
            done = [_time_line(run, palette, width)] if run.epochs else []
            return [first, *done, *_error_lines(run, palette, width)]
        lines = [first, _time_line(run, palette, width)]
        if self._is_gpu_lost:
            lines[1:1] = [Line(palette).add(row, Role.BAD) for row in wrap(GPU_LOST, width)]
        lines.append(_quality_line(run, self._spec, palette, width))
        unit = self._spec.workload.unit
        lines += phase_lines(run, palette, width, unit=unit)
        told = [f"{unit} {epoch}: {found.in_words()}" for epoch, found in slowed_epochs(run)[-1:]]
        below = [Line(palette).add(row, Role.WARNING) for text in told for row in wrap(text, width)]
        return lines + below if len(lines) + len(below) <= height else lines


def is_gpu_lost(run: RunState, lost_gpus: Collection[str]) -> bool:
    """Whether a run goes on, or seems to, on a GPU that fell off the bus."""
    return not run.status.is_over and run.device is not None and run.device.device_uuid in lost_gpus


def slowed_epochs(run: RunState) -> list[tuple[int, Slowed]]:
    """The epochs that heat or power slowed, by number, with what did."""
    return [
        (epoch.epoch, found)
        for epoch in run.epochs
        if (machine := run.machine.get(epoch.epoch)) and (found := slowed(machine, epoch.epoch_s))
    ]


def _title_parts(spec: JobSpec) -> Iterator[str]:
    """What tells a job from others, then what else a reader wants to know of it."""
    yield spec.label
    settings = spec.settings
    for name in (settings.variant.value, f"batch {settings.batch_size}"):
        if name not in spec.label:
            yield name


def status_line(
    run: RunState, spec: JobSpec, palette: Palette, style: Style, width: int, now_s: float
) -> Line:
    """State, progress and time left in one row."""
    line = Line(palette)
    epochs, unit = spec.settings.epochs, spec.workload.unit
    if run.status in (RunStatus.TRAINING, RunStatus.EVALUATING):
        share = share_done(run, epochs)
        number = min(len(run.epochs) + (run.current is not None), epochs)
        silent_s = is_silent_s(run, now_s)
        tail, role = f"{fmt.clock(time_left_s(run, epochs))} left", Role.DIM
        text = f"{unit} {number}/{epochs} "
        if run.status is RunStatus.EVALUATING and unit == "epoch":
            text = f"test {number}/{epochs}  "
        if silent_s is not None:
            tail, role = f"no step for {fmt.clock(silent_s)}", Role.WARNING
        room = max(10, len(tail) + 1)
        line.add(text, Role.STRONG).bar(share, width - len(text) - 6 - room, style)
        return line.add(" ").add(fmt.pct(100 * share)).add(f"{tail:>{room}}", role)
    return _still_line(run, line, counted_of(run, epochs, unit), width, _took_s(run, now_s))


def is_silent_s(run: RunState, now_s: float) -> float | None:
    """Seconds without a sign of progress, once they are more than a job usually takes."""
    silent_s = now_s - (run.progress_mono_s or now_s)
    is_testing = run.status is RunStatus.EVALUATING
    return silent_s if silent_s > (SILENT_TEST_AFTER_S if is_testing else SILENT_AFTER_S) else None


def counted_of(run: RunState, epochs: int, unit: str) -> str:
    """How many epochs, or calls, are done: `3/10 epochs`."""
    return f"{len(run.epochs)}/{counted(epochs, unit)}"


def _still_line(run: RunState, line: Line, done: str, width: int, took_s: float | None) -> Line:
    if run.status is RunStatus.STARTING:
        stage = STAGE_TEXT[run.stage] if run.stage else "starting"
        return line.add(stage, Role.STRONG).add(f" … {fmt.clock(took_s)}", Role.DIM)
    line.add(run.status.value, STATUS_ROLE.get(run.status, Role.TEXT))
    if run.status is RunStatus.WAITING:
        return line.add(" for its turn", Role.DIM)
    if run.spared:
        return line.add(f": {run.spared}", Role.DIM)
    fields: list[Field] = [((done, Role.TEXT),)]
    if took_s is not None:
        fields.append(((f"in {fmt.clock(took_s)}", Role.DIM),))
    return line.add_fields(fields, width)


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


def speed_samples_per_s(run: RunState) -> float | None:
    """Training speed: of the epochs finished, else of the one under way."""
    if run.epochs or run.progress is None or run.progress.elapsed_s <= 0:
        return samples_per_s(run)
    return run.progress.samples / run.progress.elapsed_s


@dataclass(frozen=True, slots=True)
class Timed:
    """Where the time of an epoch goes: of the one under way, or of one that is over.

    Attributes:
        epoch: Its number.
        phases: Its phases, so far.
        took_s: How long it took, so far.
        is_over: Whether that is all of it.
    """

    epoch: int
    phases: Phases
    took_s: float
    is_over: bool


def newest_timed(run: RunState) -> Timed | None:
    """The epoch under way as soon as something is known of it, else the last one finished."""
    progress = run.progress
    if progress is not None and progress.elapsed_s > 0 and progress.phases.total_s() is not None:
        return Timed(progress.epoch, progress.phases, progress.elapsed_s, is_over=False)
    if not run.epochs:
        return None
    epoch = run.epochs[-1]
    return Timed(epoch.epoch, epoch.phases, epoch.epoch_s, is_over=True)


def phase_lines(run: RunState, palette: Palette, width: int, *, unit: str = "epoch") -> list[Line]:
    """The phases of the newest epoch: a bar, and its legend in percent."""
    timed = newest_timed(run)
    if timed is None:
        return []
    shares = phase_shares(timed.phases, timed.took_s)
    if not shares:
        return [Line(palette).add("phases were not timed", Role.DIM)]
    bar = Line(palette)
    cells = _apportion([max(0.0, share) for _, _, share in shares], width)
    for (name, glyph, _), count in zip(shares, cells, strict=True):
        bar.add(glyph * count, palette[_PHASE_ROLE[name]])
    legend = _legend(shares, palette, width)
    words = f"{unit} {timed.epoch}" if timed.is_over else f"{unit} {timed.epoch} so far"
    if legend.width + 2 + len(words) <= width:
        legend.pad_to(width - len(words)).add(words, Role.DIM)
    return [bar, legend]


def _legend(shares: Sequence[tuple[str, str, float]], palette: Palette, width: int) -> Line:
    """Names with percents, whole; where room is short the smallest are left out."""
    texts = {name: f" {round(100 * share):2d}%" for name, _, share in shares}
    kept: set[str] = set()
    for name, _, _ in sorted(shares, key=lambda part: -abs(part[2])):
        if sum(len(other) + len(texts[other]) + 2 for other in (*kept, name)) - 2 <= width:
            kept.add(name)
    legend = Line(palette)
    for name in filter(kept.__contains__, texts):
        legend.add("  " if legend.width else "").add(name, palette[_PHASE_ROLE[name]])
        legend.add(texts[name])
    return legend


def phase_shares(phases: Phases, epoch_s: float) -> list[tuple[str, str, float]]:
    """Name, glyph and share of the epoch for each phase; the rest is the residual.

    The rest is below zero where the host waited while the device worked.
    """
    if epoch_s <= 0:
        return []
    known = [
        (name, glyph, value / epoch_s)
        for field, name, glyph in PHASES
        if (value := getattr(phases, field)) is not None and value > 0
    ]
    if not known:
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


def _time_line(run: RunState, palette: Palette, width: int) -> Line:
    """Figures in the order in which a narrow card keeps them."""
    steady_s, cold_s = steady_epoch_s(run), cold_epoch_s(run)
    speed = fmt.speed(speed_samples_per_s(run))
    fields: list[Field] = [
        ((fmt.seconds(steady_s), Role.STRONG), (" steady", Role.LABEL)),
        ((speed, Role.STRONG), (" samples/s", Role.LABEL)),
        ((fmt.seconds(cold_s), Role.TEXT), (" cold", Role.LABEL)),
    ]
    return Line(palette).add_fields(fields, width)


def _quality_line(run: RunState, spec: JobSpec, palette: Palette, width: int) -> Line:
    loss = run.epochs[-1].train_loss if run.epochs else None
    if run.progress and run.progress.train_loss is not None:
        loss = run.progress.train_loss
    cores, unit = len(spec.settings.cores), spec.workload.unit
    fields: list[Field] = []
    if warm := slowed_epochs(run):
        number, found = warm[-1]
        which = f"{unit} {number}" if len(warm) == 1 else counted(len(warm), unit)
        fields.append(((f"{which} slowed by {found.by}", Role.WARNING),))
    fields += [
        (("accuracy ", Role.LABEL), (fmt.accuracy(final_accuracy(run)), Role.TEXT)),
        (("loss ", Role.LABEL), (fmt.loss(loss), Role.TEXT)),
        ((fmt.memory(run.peak_memory_bytes), Role.TEXT), (" peak", Role.LABEL)),
    ]
    if cores:
        fields.append(((counted(cores, "core"), Role.TEXT),))
    return Line(palette).add_fields(fields, width)


def _error_lines(run: RunState, palette: Palette, width: int) -> list[Line]:
    if run.error is None:
        return []
    lines = [Line(palette).add(r, Role.BAD) for r in wrap(run.error.message, width)]
    remedy = run.error.remedy or ""
    return lines + [Line(palette).add(r, Role.TEXT) for r in wrap(remedy, width)]


def share_done(run: RunState, epochs: int) -> float:
    """How much of a run is done, 0 to 1."""
    part = run.progress.step / run.progress.steps if run.progress and run.progress.steps else 0.0
    return min(1.0, (len(run.epochs) + part) / epochs)


def _took_s(run: RunState, now_s: float) -> float | None:
    if run.started_mono_s is None:
        return None
    return (run.ended_mono_s or now_s) - run.started_mono_s
