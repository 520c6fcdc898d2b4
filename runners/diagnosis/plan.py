"""The runs of a diagnosis: the job as it is, and without one part each. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from runners.devices import is_accelerator
from runners.spec import JobSpec, Order, Plan, UsageError
from runners.state import ComparisonState
from runners.statistics import TRIALS_FOR_INTERVAL
from runners.workloads import WHOLE_LOOP, JobSettings, Kind, Probe, Variant
from runners.workloads.catalogue import CATALOGUE

MOST_TRIALS = 7
"""So often a run is repeated while what it decides is open."""
MORE_SAMPLES = 2
"""How many times the batch the run has whose steps tell what each costs whatever its size."""
_NOTE = (
    "brief runs of a diagnosis: the job as it is and without one part each; a run is repeated "
    "beyond {trials} trials only while the verdict hangs on it"
)


class Role(StrEnum):
    """What a run of a diagnosis is for."""

    AS_IT_IS = "as it is"
    LOADER = "loader alone"
    CACHED = "ideal"
    HOST_CACHED = "batches in host memory"
    UNREAD = "loss left on the device"
    TWICE = "twice the batch"


_PROBES = {
    Role.AS_IT_IS: Probe.UNTESTED,
    Role.CACHED: Probe.CACHED,
    Role.LOADER: Probe.LOADER,
    Role.HOST_CACHED: Probe.HOST_CACHED,
    Role.UNREAD: Probe.UNREAD,
    Role.TWICE: Probe.CACHED,
}


def refuse_what_has_no_input(settings: JobSettings) -> None:
    """Let through only jobs whose input can be left out.

    Raises:
        UsageError: There is no pipeline; the message says what to diagnose instead.
    """
    workload = CATALOGUE[settings.workload]
    if workload.kind is Kind.MICRO:
        raise UsageError(
            f"{workload.name} makes its own input and trains nothing: there is no pipeline to "
            "diagnose; name a workload that trains"
        )
    if workload.kind is Kind.ONE_BATCH:
        raise UsageError(
            f"{workload.name} trains on one batch again and again: there is no input to diagnose; "
            "name a workload that has epochs"
        )
    if settings.variant is Variant.IDEAL:
        raise UsageError(
            "the ideal variant has all its batches on the device already: there is no input to "
            f"diagnose; use --variant {workload.variants[0]}"
        )


def diagnosis_plan(
    whole: JobSpec, brief: JobSettings, *, trials: int = MOST_TRIALS, notes: tuple[str, ...] = ()
) -> Plan:
    """The plan of a diagnosis.

    Args:
        whole: The job, with its cores and threads.
        brief: Its settings cut to a length; samples that make whole batches twice as large.
        trials: Repeats of each run, at most.
        notes: What the reader of the figures has to know besides.

    Raises:
        UsageError: See `refuse_what_has_no_input`.
    """
    refuse_what_has_no_input(whole.settings)
    brief, first = replace(brief, layers=False), str(brief.variant).replace("-", " ")
    jobs = []
    for role in (Role.AS_IT_IS, *_roles(brief)):
        times = MORE_SAMPLES if role is Role.TWICE else 1
        settings = replace(brief, probe=_PROBES[role], batch_size=times * brief.batch_size)
        label = first if role is Role.AS_IT_IS else str(role)
        jobs.append(JobSpec(label=label, settings=settings))
    return Plan(
        order=Order.IN_TURN,
        trials=trials,
        jobs=tuple(jobs),
        notes=(_NOTE.format(trials=TRIALS_FOR_INTERVAL), *notes),
        diagnosed=whole,
    )


def is_diagnosis(plan: Plan) -> bool:
    """Whether a plan's runs tell a job's time apart."""
    return plan.diagnosed is not None


def places(plan: Plan) -> dict[Role, int]:
    """Where the run of each role stands among the jobs of a diagnosis' plan."""
    own = plan.jobs[0].settings
    found = {Role.AS_IT_IS: 0}
    for place, job in enumerate(plan.jobs):
        for role, probe in _PROBES.items():
            is_larger = job.settings.batch_size > own.batch_size
            if job.settings.probe is probe and is_larger is (role is Role.TWICE):
                found[role] = place
    return found


def whole_samples(state: ComparisonState) -> int | None:
    """Samples of a whole epoch of the job that is diagnosed; None as long as nothing tells."""
    whole = state.plan.diagnosed
    if whole is not None and whole.settings.train_samples is not None:
        return whole.settings.train_samples
    counts = (run.data.set_samples for run in state.runs.values() if run.data is not None)
    return next((count for count in counts if count is not None), None)


def loader_processes(settings: JobSettings) -> int:
    """How many processes feed a job while it runs: only the plain loader starts any."""
    is_fed = (
        settings.probe in (*WHOLE_LOOP, Probe.LOADER) and settings.variant is Variant.AS_WRITTEN
    )
    return settings.workers if is_fed else 0


def _roles(settings: JobSettings) -> tuple[Role, ...]:
    """The runs that can tell something of a job: a CPU copies nothing and waits for no figure."""
    if not is_accelerator(settings.device):
        return (Role.CACHED, Role.LOADER, Role.TWICE)
    if settings.variant is Variant.AS_WRITTEN:
        return (Role.CACHED, Role.LOADER, Role.HOST_CACHED, Role.UNREAD, Role.TWICE)
    # The tuned loop keeps its samples, and the figures of an epoch, on the device.
    return (Role.CACHED, Role.LOADER, Role.TWICE)
