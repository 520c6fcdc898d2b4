"""Trainings with causes planted in them, as figures: runs are over at once and take no time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runners.comparison import Comparison
from runners.diagnosis.diagnose import diagnose
from runners.diagnosis.diagnosing import Diagnosing, try_remedy
from runners.diagnosis.plan import loader_processes
from runners.diagnosis.records import Diagnosis, Remedy, Tried
from runners.events import DataReady, EpochFinished, ErrorKind, Event, JobDone, JobFailed, Phases
from runners.machine.figures import EpochMachine
from runners.process_events import EpochObserved, WorkerExited, WorkerStarted
from runners.spec import Plan
from runners.state import ComparisonState
from runners.workloads import WHOLE_LOOP, JobSettings, Probe, Variant
from tests.fakes.training import settings

STEADY = (1.0, 1.0, 1.02)
"""How the runs of a job differ on a quiet machine, as factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a training's time is made of, in seconds on a quiet machine.

    Attributes:
        item_s: One loader process makes a sample.
        batch_s: The tuned loop cuts a batch out of its samples.
        copy_s: A sample is copied to an accelerator.
        sample_s: The step computes, for each sample.
        step_s: The step costs besides, whatever its size.
        read_s: A step's figures are read from an accelerator.
        start_s: Loader processes start.
        crowding: So many times as long everything takes where loader processes and steps share
            the cores.
        core_wait: Share of the time without a core, of all runs.
        own_core_wait: The same, of runs in which loader processes and steps share the cores.
        cores_busy: Cores that the job uses.
        machine: What is seen of the machine in each epoch; None for nothing.
        trials: How the runs of a job differ, as factors, which start over after the last; each job
            begins at another of them.
        drift: How the machine's speed differs from trial to trial, of all jobs alike, likewise.
        in_set: Training samples of the whole set.
        fails: The probe whose runs fail.
    """

    item_s: float = 0.0
    batch_s: float = 0.0
    copy_s: float = 0.0
    sample_s: float = 1e-5
    step_s: float = 0.0
    read_s: float = 0.0
    start_s: float = 0.0
    crowding: float = 1.0
    core_wait: float = 0.0
    own_core_wait: float = 0.0
    cores_busy: float = 1.0
    machine: EpochMachine | None = None
    trials: Sequence[float] = STEADY
    drift: Sequence[float] = (1.0,)
    in_set: int = 60_000
    fails: Probe | None = None

    def epoch(self, job: JobSettings, number: int, factor: float) -> EpochFinished:
        """One epoch of a job."""
        samples = min(job.train_samples or self.in_set, self.in_set)
        steps, workers = -(-samples // job.batch_size), loader_processes(job)
        is_crowded = workers > 0 and job.probe in WHOLE_LOOP
        factor *= self.crowding if is_crowded else 1.0
        is_plain = job.variant is Variant.AS_WRITTEN
        batch_s = self.item_s * job.batch_size if is_plain else self.batch_s
        has_input = job.probe in (*WHOLE_LOOP, Probe.LOADER)
        is_started = workers > 0 and not (job.persistent_workers and number > 1)
        epoch_s, first_s, wait_s = _pipeline(
            steps,
            workers,
            factor * batch_s if has_input else 0.0,
            factor * self._step_s(job),
            factor * self.start_s if is_started else 0.0,
        )
        copies = self._copies(job)
        wait = factor * max(self.core_wait, self.own_core_wait / self.crowding * is_crowded)
        return EpochFinished(
            epoch=number,
            started_mono_s=0.0,
            epoch_s=epoch_s,
            process_s=self.cores_busy * epoch_s,
            samples=samples,
            steps=steps,
            phases=Phases(
                data_wait_s=wait_s,
                host_to_device_s=factor * self.copy_s * samples if copies else 0.0,
            ),
            first_wait_s=first_s,
            copied_bytes=4 * samples if copies else None,
            core_wait_s=epoch_s * wait,
        )

    def _copies(self, job: JobSettings) -> bool:
        is_plain = job.variant is Variant.AS_WRITTEN
        return job.device != "cpu" and is_plain and job.probe in (*WHOLE_LOOP, Probe.HOST_CACHED)

    def _step_s(self, job: JobSettings) -> float:
        if job.probe is Probe.LOADER:
            return 0.0
        is_read = job.variant is Variant.AS_WRITTEN and job.probe is not Probe.UNREAD
        sample_s = self.sample_s + (self.copy_s if self._copies(job) else 0.0)
        reads = job.device != "cpu" and is_read
        return self.step_s + sample_s * job.batch_size + (self.read_s if reads else 0.0)


def _pipeline(
    steps: int, workers: int, batch_s: float, step_s: float, start_s: float
) -> tuple[float, float, float]:
    """Seconds of an epoch, of its wait for the first batch, and of all its waits.

    Loader processes take turns, and each has two batches at most that nobody took yet, as
    torch's `DataLoader` does it.
    """
    if not workers:
        return steps * (batch_s + step_s), batch_s, steps * batch_s
    now_s = wait_s = first_s = 0.0
    ready_s: list[float] = []
    taken_s: list[float] = []
    for step in range(steps):
        from_s = ready_s[step - workers] if step >= workers else start_s
        asked_s = taken_s[step - 2 * workers] if step >= 2 * workers else 0.0
        ready_s.append(max(from_s, asked_s) + batch_s)
        waited_s = max(0.0, ready_s[step] - now_s)
        first_s = first_s if step else waited_s
        wait_s += waited_s
        now_s += waited_s
        taken_s.append(now_s)
        now_s += step_s
    return now_s, first_s, wait_s


@dataclass
class Bench:
    """Runs plans of a training with a planted cause.

    Attributes:
        cause: What is planted.
        plans: What was run.
        stops_at: The plan, counted from 1, that is stopped: while its only run is under way, or
            right after the first of several.
    """

    cause: Cause
    plans: list[Plan] = field(default_factory=list)
    stops_at: int | None = None
    _runs: dict[JobSettings, int] = field(default_factory=dict)

    async def run_plan(self, plan: Plan) -> ComparisonState:
        """Run a plan to its end, or to the stop."""
        self.plans.append(plan)
        comparison = Comparison(plan, lambda *_: None, run_worker=self._run_worker)
        if len(self.plans) == self.stops_at:

            async def run_once(job: JobSettings, on_event: Callable[[Event], None]) -> None:
                if len(comparison.state.runs) == 1:
                    on_event(JobDone(interrupted=True, dropped_events=0))
                else:
                    await self._run_worker(job, on_event)
                comparison.stop()

            comparison = Comparison(plan, lambda *_: None, run_worker=run_once)
        return await comparison.run()

    async def diagnosed(self, job: JobSettings, **options: Any) -> ComparisonState:
        """The runs of a job's diagnosis."""
        return await Diagnosing(job, run_plan=self.run_plan, **options).run()

    async def tried(self, runs: ComparisonState, remedy: Remedy) -> Tried:
        """What becomes of a remedy."""
        return await try_remedy(runs, remedy, run_plan=self.run_plan)

    async def _run_worker(self, job: JobSettings, on_event: Callable[[Event], None]) -> None:
        number = self._runs[job] = self._runs.get(job, -1) + 1
        trials, drift = self.cause.trials, self.cause.drift
        first = list(self._runs).index(job)
        factor = trials[(first + number) % len(trials)] * drift[number % len(drift)]
        for event in self._events(job, factor):
            on_event(event)

    def _events(self, job: JobSettings, factor: float) -> list[Event]:
        cause = self.cause
        beginning: list[Event] = [WorkerStarted(pid=1, mono_s=0.0)]
        left = WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=1.0)
        if (job.train_samples or 0) > cause.in_set:
            text = f"--train-samples {job.train_samples} is more than the set has."
            remedy = f"Use --train-samples {cause.in_set} or fewer."
            failed = JobFailed(error=ErrorKind.DATA_MISSING, message=text, remedy=remedy)
            return [*beginning, failed, left]
        if job.probe is not None and job.probe is cause.fails:
            failed = JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="It does not fit.")
            return [*beginning, failed, left]
        epochs: list[Event] = []
        for number in range(1, job.epochs + 1):
            epochs.append(cause.epoch(job, number, factor))
            if cause.machine is not None:
                epochs.append(EpochObserved(epoch=number, machine=cause.machine))
        samples = job.train_samples or cause.in_set
        return [
            *beginning,
            DataReady(
                source="real",
                name="FashionMNIST",
                path="-",
                train_samples=samples,
                test_samples=100,
                set_samples=cause.in_set,
            ),
            *epochs,
            JobDone(interrupted=False, dropped_events=0),
            left,
        ]


def on_gpu(**changes: Any) -> JobSettings:
    """A job on a GPU, on a machine of eight cores."""
    return _job(**({"device": "cuda:0", "threads": 1} | changes))


def on_cpu(**changes: Any) -> JobSettings:
    """A job on eight cores."""
    return _job(**({"device": "cpu", "threads": 8} | changes))


def _job(**changes: Any) -> JobSettings:
    values: dict[str, Any] = {"workload": "fashion-cnn", "epochs": 10, "cores": tuple(range(8))}
    return settings(**(values | changes))


async def found_of(cause: Cause, job: JobSettings, **options: Any) -> Diagnosis:
    """The diagnosis of a job with a planted cause."""
    found = diagnose(await Bench(cause).diagnosed(job, **options))
    assert found is not None
    return found
