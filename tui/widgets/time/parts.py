"""What is known of each part of the pipeline, as the picture shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runners.devices import is_accelerator
from runners.diagnosis.plan import Role, places
from runners.diagnosis.records import Diagnosis, Figure, Part
from runners.spec import JobSpec
from runners.state import ComparisonState, RunState, RunStatus
from runners.workloads import Variant
from tui import format as fmt
from tui.finding import Finding
from tui.widgets.job_card import speed_samples_per_s

# A younger epoch still tells of its beginning more than of its pace.
_PACE_FROM_S = 0.5
_ROLES: Mapping[Part, Role] = {
    Part.LOADER: Role.LOADER,
    Part.TRANSFER: Role.HOST_CACHED,
    Part.COMPUTE: Role.CACHED,
}
NO_COPIES = "no copies on a CPU"
NOT_COPIED = "samples lie on the device"
MEASURED_BY = "d measures it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSeen:
    """One part of the pipeline.

    Attributes:
        part: Which.
        capacity: Samples a second it could do alone; None where that is not known.
        remark: The interval of that, or why it is not known.
        bytes_per_s: The same in bytes, of copies to the device.
        in_use: How much of the capacity the job as it is uses, 0 to 1; None where it is surely
            faster than that, so that something else slowed the run that tells of the part.
        is_narrow: Whether it limits.
        is_measured: Whether the run that tells of it goes on.
    """

    part: Part
    capacity: Figure | None = None
    remark: str = MEASURED_BY
    bytes_per_s: float | None = None
    in_use: float | None = None
    is_narrow: bool = False
    is_measured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Samples a second through all parts, and what that is of: `now`, `steady`, `cold`."""

    samples_per_s: float | None
    of: str


def flow_of(run: RunState, found: Diagnosis | None = None) -> Flow:
    """How fast a job goes: its epoch under way once that has a pace, else what it came to.

    Args:
        run: Its newest run.
        found: Its diagnosis, which has the median over several runs.
    """
    progress = run.progress
    if progress is not None and progress.elapsed_s >= _PACE_FROM_S and not run.status.is_over:
        return Flow(samples_per_s=progress.samples / progress.elapsed_s, of="now")
    if found is not None and found.samples_per_s is not None:
        return Flow(samples_per_s=found.samples_per_s.value, of="as it is")
    is_steady = len(run.epochs) > run.warm_up
    return Flow(samples_per_s=speed_samples_per_s(run), of="steady" if is_steady else "cold")


def parts_seen(spec: JobSpec | None, finding: Finding | None) -> tuple[PartSeen, ...]:
    """The parts in the order of the data.

    Args:
        spec: The job; None as long as none is known.
        finding: Its diagnosis; None where there is none.
    """
    found, runs = (finding.diagnosis, finding.runs) if finding else (None, None)
    known = dict(found.capacities) if found else {}
    flow = found.samples_per_s if found else None
    seen = []
    for part in Part:
        figure, probed = known.get(part), _runs_of(part, runs)
        is_measured = any(is_at_work(run) for run in probed)
        if figure is None:
            remark = _why_unknown(part, spec, finding, probed)
            seen.append(PartSeen(part=part, remark=remark, is_measured=is_measured))
            continue
        seen.append(
            PartSeen(
                part=part,
                capacity=figure,
                remark=_interval(figure),
                bytes_per_s=_bytes_per_s(figure, runs) if part is Part.TRANSFER else None,
                in_use=_in_use(flow, figure) if flow else None,
                is_narrow=found is not None and found.narrow is part,
                is_measured=is_measured,
            )
        )
    return tuple(seen)


def is_at_work(run: RunState) -> bool:
    """Whether a run has begun and is not over."""
    return run.status is not RunStatus.WAITING and not run.status.is_over


def _runs_of(part: Part, runs: ComparisonState | None) -> Sequence[RunState]:
    """The runs that tell of a part."""
    job = places(runs.plan).get(_ROLES[part]) if runs else None
    return () if runs is None or job is None else runs.runs_of(job)


def _in_use(flow: Figure, figure: Figure) -> float | None:
    least = flow.value if flow.low is None else flow.low
    most = figure.value if figure.high is None else figure.high
    return min(1.0, flow.value / figure.value) if figure.value and least <= most else None


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return "no interval yet"
    return f"{fmt.speed(figure.low)} to {fmt.speed(figure.high)}"


def _why_unknown(
    part: Part,
    spec: JobSpec | None,
    finding: Finding | None,
    probed: Sequence[RunState],
) -> str:
    if part is Part.TRANSFER and spec is not None:
        if not is_accelerator(spec.settings.device):
            return NO_COPIES
        if spec.settings.variant is not Variant.AS_WRITTEN:
            return NOT_COPIED
    if finding is None:
        return MEASURED_BY
    if any(run.status is RunStatus.FAILED for run in probed):
        return "its run failed"
    at_work = next(filter(is_at_work, probed), None)
    if at_work is not None:
        speed = flow_of(at_work).samples_per_s
        return "no figure yet" if speed is None else f"so far {fmt.speed(speed)}"
    is_waiting = finding.is_under_way and (finding.runs is None or not finding.runs.is_over)
    return "waits for its turn" if is_waiting else "not measured"


def _bytes_per_s(figure: Figure, runs: ComparisonState | None) -> float | None:
    """What the samples of a capacity weigh as they are copied."""
    for run in runs.runs.values() if runs else ():
        for epoch in run.epochs:
            if epoch.copied_bytes is not None and epoch.samples:
                return figure.value * epoch.copied_bytes / epoch.samples
    return None
