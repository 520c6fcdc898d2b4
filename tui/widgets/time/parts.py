"""What is known of each part of the pipeline, as the picture shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runners.devices import is_accelerator
from runners.diagnosis.plan import Role, places
from runners.diagnosis.records import Diagnosis, Figure, Part
from runners.spec import JobSpec
from runners.state import ComparisonState, RunState, RunStatus
from runners.workloads import Variant
from tui import format as fmt
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
        in_use: How much of the capacity the job as it is uses, 0 to 1.
        is_narrow: Whether it limits.
    """

    part: Part
    capacity: Figure | None = None
    remark: str = MEASURED_BY
    bytes_per_s: float | None = None
    in_use: float | None = None
    is_narrow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Samples a second through all parts, and of when that is: `now`, `steady`."""

    samples_per_s: float | None
    when: str


def flow_of(run: RunState) -> Flow:
    """How fast a run goes: the epoch under way once it has a pace, else what it came to."""
    progress = run.progress
    if progress is not None and progress.elapsed_s >= _PACE_FROM_S and not run.status.is_over:
        return Flow(samples_per_s=progress.samples / progress.elapsed_s, when="now")
    is_steady = len(run.epochs) > run.warm_up
    return Flow(samples_per_s=speed_samples_per_s(run), when="steady" if is_steady else "cold")


def parts_seen(
    spec: JobSpec | None, found: Diagnosis | None, runs: ComparisonState | None
) -> tuple[PartSeen, ...]:
    """The parts in the order of the data.

    Args:
        spec: The job; None as long as none is known.
        found: Its diagnosis; None where there is none.
        runs: The runs of the diagnosis, under way or over; None where there are none.
    """
    known = dict(found.capacities) if found else {}
    flow = found.samples_per_s if found else None
    seen = []
    for part in Part:
        figure = known.get(part)
        if figure is None:
            seen.append(PartSeen(part=part, remark=_why_unknown(part, spec, runs)))
            continue
        seen.append(
            PartSeen(
                part=part,
                capacity=figure,
                remark=_interval(figure),
                bytes_per_s=_bytes_per_s(figure, runs) if part is Part.TRANSFER else None,
                in_use=min(1.0, flow.value / figure.value) if flow and figure.value else None,
                is_narrow=found is not None and found.narrow is part,
            )
        )
    return tuple(seen)


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return "no interval yet"
    return f"{fmt.speed(figure.low)} to {fmt.speed(figure.high)}"


def _why_unknown(part: Part, spec: JobSpec | None, runs: ComparisonState | None) -> str:
    if part is Part.TRANSFER and spec is not None:
        if not is_accelerator(spec.settings.device):
            return NO_COPIES
        if spec.settings.variant is not Variant.AS_WRITTEN:
            return NOT_COPIED
    if runs is None:
        return MEASURED_BY
    job = places(runs.plan).get(_ROLES[part])
    probed = () if job is None else runs.runs_of(job)
    if any(run.status is RunStatus.FAILED for run in probed):
        return "its run failed"
    under_way = [run for run in probed if run.status is not RunStatus.WAITING]
    if under_way and not under_way[-1].status.is_over:
        speed = flow_of(under_way[-1]).samples_per_s
        return "measuring …" if speed is None else f"measuring: {fmt.speed(speed)}"
    return "not measured" if not probed or runs.is_over else "waits for its turn"


def _bytes_per_s(figure: Figure, runs: ComparisonState | None) -> float | None:
    """What the samples of a capacity weigh as they are copied."""
    for run in runs.runs.values() if runs else ():
        for epoch in run.epochs:
            if epoch.copied_bytes is not None and epoch.samples:
                return figure.value * epoch.copied_bytes / epoch.samples
    return None
