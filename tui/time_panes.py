"""The panes that tell where the time of one job goes, and what goes into which."""

from __future__ import annotations

from collections.abc import Iterator

from textual.containers import Horizontal
from textual.widget import Widget

from runners.spec import JobSpec, Plan
from runners.state import ComparisonState, RunState, RunStatus
from runners.text import counted
from tui.finding import Finding
from tui.jobs import current_run, current_trial, failures
from tui.widgets.time.diagnosis import DiagnosisPane
from tui.widgets.time.epochs import EpochsPane
from tui.widgets.time.pipeline import PipelinePane
from tui.widgets.time.runs import RunsPane

_INTRO = (
    "d finds out which part limits {job}: it trains briefly as it is, and with one part left out "
    "at a time. Then 1, 2 and 3 try what should help, and measure what it gains."
)
_FIRST_LOOK = "A first look at the speed, by which the runs of the diagnosis are cut to a length."
_NOTHING = "The runs ended before they told anything."
_AGAIN = "d starts again"


class TimePanes:
    """Makes the panes of one screen, which places them, and keeps them up to date.

    Args:
        workload: What would be diagnosed as long as nothing was raced.
        can_try: Whether keys diagnose and try remedies: not of the past.

    Attributes:
        pipeline: The parts and what each can do.
        middle: The diagnosis, and the runs it is made from.
        epochs: A row for each epoch of a job.
    """

    def __init__(self, workload: str = "", *, can_try: bool = True) -> None:
        self._workload = workload
        self._can_try = can_try
        self._words = ""
        self.pipeline = PipelinePane(id="pipeline")
        self._diagnosis = DiagnosisPane(can_try=can_try, id="diagnosis")
        self._runs = RunsPane(id="runs")
        self.middle = Horizontal(self._diagnosis, self._runs, id="time-middle")
        self.epochs = EpochsPane(self.take_next_job, id="epochs")
        self._state: ComparisonState | None = None
        self._finding: Finding | None = None
        self._chosen: int | None = None

    @property
    def panes(self) -> tuple[Widget, ...]:
        """All of them, in the order the eye should find them."""
        return self.pipeline, self.middle, self.epochs

    @property
    def job(self) -> JobSpec | None:
        """The job of the race that is looked at; None without a race."""
        return None if self._state is None else self._state.plan.jobs[self._job(self._state.plan)]

    def take_next_job(self, step: int) -> None:
        """Look at another job of the race."""
        if self._state is not None:
            jobs = len(self._state.plan.jobs)
            self._chosen = (self._job(self._state.plan) + step) % jobs
            self.draw()

    def take(self, state: ComparisonState | None, finding: Finding | None) -> None:
        """Take the race as it stands, and its diagnosis; `draw` shows them."""
        if self._state is None or state is None or self._state.plan != state.plan:
            self._chosen = None
        self._state, self._finding, self._words = state, finding, ""

    def say(self, words: str) -> None:
        """Say something where the diagnosis will stand, until there is a race."""
        self._words = words
        self.draw()

    def draw(self) -> None:
        """Show what was taken."""
        self._draw_pipeline()
        self._draw_diagnosis()
        self._runs.show(self._state)
        state = self._state
        if state is None:
            self.epochs.show("", RunState(), unit="epoch", on_cpu=False, jobs=0)
            return
        job = self._job(state.plan)
        spec = state.plan.jobs[job]
        self.epochs.show(
            " · ".join(filter(None, (spec.label, current_trial(state, job)))),
            current_run(state, job),
            unit=spec.workload.unit,
            on_cpu=spec.settings.device == "cpu",
            jobs=len(state.plan.jobs),
        )

    def _draw_pipeline(self) -> None:
        finding, state = self._finding, self._state
        if finding is not None:
            # Before there are runs of the diagnosis, the race is the first look at the speed.
            looked_at = finding.runs or state
            run = RunState() if looked_at is None else current_run(looked_at, 0)
            self.pipeline.show(_title(finding.job), finding.job, run, finding)
        elif state is not None:
            job = self._job(state.plan)
            spec = state.plan.jobs[job]
            title = " · ".join(filter(None, (_title(spec), current_trial(state, job))))
            self.pipeline.show(title, spec, current_run(state, job))
        else:
            self.pipeline.show(f"pipeline · {self._workload}", None, RunState())

    def _draw_diagnosis(self) -> None:
        finding = self._finding
        if finding is None:
            job = self.job
            name = self._workload if job is None else f"{job.label} · {job.workload.name}"
            self._diagnosis.show(None, intro=self._words or _INTRO.format(job=name))
            return
        self._diagnosis.show(
            finding.diagnosis,
            tried=finding.tried,
            trying=finding.trying,
            intro=self._intro(finding),
            stage=self._stage(finding),
        )

    def _intro(self, finding: Finding) -> str:
        """What stands in for a verdict as long as there is none."""
        if self._is_under_way(finding):
            return _FIRST_LOOK
        again = (f"{_AGAIN}.",) if self._can_try else ()
        return " ".join((_NOTHING, *again, *(failures(self._state) if self._state else ())))

    def _stage(self, finding: Finding) -> str:
        """How far the diagnosis is, in a few words."""
        if self._is_under_way(finding):
            return "under way · x stops"
        runs = finding.runs.runs.values() if finding.runs else ()
        if all(run.status is not RunStatus.STOPPED for run in runs):
            return ""
        return f"stopped early · {_AGAIN}" if self._can_try else "stopped early"

    def _is_under_way(self, finding: Finding) -> bool:
        """Whether runs go on, be they of a diagnosis of the history that goes on."""
        is_open = finding.runs is not None and not finding.runs.is_over
        return finding.is_under_way or (self._can_try and is_open)

    def _job(self, plan: Plan) -> int:
        """The job to look at: the chosen one, else the first on the device of the last."""
        if self._chosen is not None:
            return self._chosen
        device = plan.jobs[-1].settings.device
        return next(n for n, job in enumerate(plan.jobs) if job.settings.device == device)


def _title(spec: JobSpec) -> str:
    """Which job it is, and what its speed depends on."""
    return " · ".join(("pipeline", *_settings_of(spec)))


def _settings_of(spec: JobSpec) -> Iterator[str]:
    settings = spec.settings
    yield spec.label
    texts = [spec.workload.name, str(settings.variant), f"batch {settings.batch_size}"]
    for text in [*texts, counted(settings.workers, "worker")]:
        if text not in spec.label:
            yield text
