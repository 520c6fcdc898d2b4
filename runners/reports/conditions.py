"""How a comparison's figures came about: host, versions, settings, data, order, trials. Pure."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runners.reports.beginning import beginning
from runners.reports.command_line import command_line
from runners.reports.figures import UNKNOWN
from runners.reports.names import ReportName
from runners.reports.summaries import trials_done
from runners.spec import Order, Plan, Request, axis_text
from runners.state import ComparisonState
from runners.statistics import TRIALS_FOR_INTERVAL
from runners.text import counted, printable
from runners.workloads import Kind, Workload

_SETTINGS = (
    "variant", "batch_size", "epochs", "precision", "workers", "threads", "compile",
)  # fmt: skip
# Told where they are not as they are without being asked for.
_LOADER_SETTINGS = (("start_method", None), ("persistent_workers", False), ("pin_memory", None))
_FULL_PRECISION = "highest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a comparison's events do not tell of where it comes from.

    Attributes:
        machine: The machine's readings as `racetop snapshot` gives them; None where unknown.
        request: What was asked for; None where unknown.
        versions: Versions of racetop and Python where it ran; None: those that run now.
    """

    machine: Mapping[str, Any] | None = None
    request: Request | None = None
    versions: Mapping[str, str] | None = None


def conditions(
    state: ComparisonState, origin: Origin, report: ReportName | None = None
) -> tuple[tuple[str, str], ...]:
    """Names and texts, in the order of interest; unknown is `n/a`.

    Args:
        state: The comparison.
        origin: Where it comes from.
        report: The report that was asked for; None for the one that fits.
    """
    plan = state.plan
    command = command_line(origin.request) if origin.request else UNKNOWN
    if origin.request and report is not None:
        command += f" --report {report}"
    found = [
        ("host", _host(origin.machine)),
        ("devices", _devices(state)),
        ("versions", _words(_version(*item) for item in versions(state, origin).items())),
        *(("settings", _settings(plan, workload)) for workload in plan.workloads),
        ("command", command),
        ("data", _data(state)),
        ("order", _order(plan)),
        ("trials", _trials(state)),
        ("at start", beginning(state, origin.machine)),
        ("taken", taken_at(state) or UNKNOWN),
    ]
    notes = _words(note for run in state.runs.values() if run.device for note in run.device.notes)
    if notes != UNKNOWN:
        found.insert(2, ("notes", notes))
    return tuple((name, printable(text)) for name, text in found)


def versions(state: ComparisonState, origin: Origin) -> dict[str, str | None]:
    """Version by name: racetop, Python, and what the workers ran on."""
    known: dict[str, str | None] = dict(origin.versions or _own_versions())
    for run in state.runs.values():
        if run.device is not None:
            known.update(run.device.versions)
    return known


def taken_at(state: ComparisonState) -> str | None:
    """When the first worker came up, in ISO 8601 and UTC; None where no clock was told."""
    starts_s = [run.hello.wall_s for run in state.runs.values() if run.hello and run.hello.wall_s]
    if not starts_s:
        return None
    return datetime.fromtimestamp(min(starts_s), UTC).isoformat(timespec="seconds")


def _own_versions() -> dict[str, str | None]:
    try:
        own: str | None = version("racetop")
    except PackageNotFoundError:
        own = None
    return {"racetop": own, "python": platform.python_version()}


def _version(name: str, number: str | None) -> str:
    return f"{name} {number or UNKNOWN}"


def _host(machine: Mapping[str, Any] | None) -> str:
    """The machine in words; its keys are those of `racetop.snapshot/1`."""
    host = (machine or {}).get("host") or {}
    if not host:
        return UNKNOWN
    usable, total = host.get("cores_usable"), host.get("cores_total")
    cores = f"{usable or total:g} of {total} cores" if total else None
    driver = ((machine or {}).get("driver") or {}).get("driver_version")
    parts = [host.get("hostname"), host.get("cpu_name"), cores, host.get("system")]
    parts += [gpu.get("name") for gpu in (machine or {}).get("gpus") or ()]
    parts += [f"driver {driver}"] if driver else []
    return _words(str(part) for part in parts if part)


def _devices(state: ComparisonState) -> str:
    """Each device with its product name, threads and number format where that is not plain."""
    found: dict[str, None] = {}
    for key, run in state.runs.items():
        if run.device is not None:
            name = state.plan.jobs[key.job].settings.device
            tf32 = "" if run.device.matmul_precision == _FULL_PRECISION else ", TF32 allowed"
            threads = counted(run.device.threads, "thread")
            found[f"{name}: {run.device.device_name}, {threads}{tf32}"] = None
    return "; ".join(found) or UNKNOWN


def _settings(plan: Plan, workload: Workload) -> str:
    """What the jobs of a workload have in common, and what the project chose itself.

    The runs of a diagnosis are of one job, which is told of.
    """
    jobs = [job.settings for job in plan.jobs if job.workload is workload]
    jobs = [plan.diagnosed.settings] if plan.diagnosed else jobs
    parts = [
        axis_text(name, jobs[0])
        for name in _SETTINGS
        if len({getattr(settings, name) for settings in jobs}) == 1
    ]
    parts += [
        axis_text(name, jobs[0])
        for name, usual in _LOADER_SETTINGS
        if (values := {getattr(settings, name) for settings in jobs}) != {usual}
        and len(values) == 1
    ]
    parts += [] if workload.optimizer == "none" else [workload.loss, workload.optimizer]
    parts.append(f"seed {jobs[0].seed}")
    if jobs[0].weights is not None:
        parts.append(f"weights from {jobs[0].weights}")
    sizes = {settings.batch_size for settings in jobs}
    chosen = [
        choice
        for choice in workload.own_choices
        if choice != f"batch {workload.batch_size}" or workload.batch_size in sizes
    ]
    if chosen:
        parts.append(f"chosen here: {', '.join(chosen)}")
    return f"{workload.name}: {', '.join(parts)}"


def _data(state: ComparisonState) -> str:
    """Each data set with its source: generated ones are labelled so."""
    found: dict[str, None] = {}
    for run in state.runs.values():
        if run.data is not None:
            used = run.data
            counts = f"{used.train_samples:,} training and {used.test_samples:,} test samples"
            found[f"{used.name} ({used.source}), {counts}"] = None
    if any(workload.kind is Kind.MICRO for workload in state.plan.workloads):
        found["random numbers for the tasks without training"] = None
    return "; ".join(found) or UNKNOWN


def _order(plan: Plan) -> str:
    if len(plan.jobs) == 1:
        return "one job, alone on the machine"
    if plan.together:
        return "one comparison after the other"
    if plan.order is Order.TOGETHER:
        return "side by side: jobs share the machine, each on cores of its own"
    return "one at a time" + (", interleaved over the trials" if plan.trials > 1 else "")


def _trials(state: ComparisonState) -> str:
    """How many trials the figures rest on, which may be fewer than were asked for."""
    plan = state.plan
    fewest, most = trials_done(state)
    if most == 1:
        return "a single run of each job: no interval, so small differences may be chance"
    text = f"{fewest} to {most} of each job" if fewest < most else f"{most} of each job"
    if most < plan.trials:
        text += f", at most {plan.trials}" if plan.diagnosed else f", of {plan.trials} asked for"
    text += ", in fresh processes"
    if plan.within_pct is not None:
        text += f", fewer once known to {plan.within_pct:g} %"
    if fewest >= TRIALS_FOR_INTERVAL:
        return text
    few = f" with fewer than {TRIALS_FOR_INTERVAL}" if most >= TRIALS_FOR_INTERVAL else ""
    return f"{text}: no interval{few}, so small differences may be chance"


def _words(parts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(parts)) or UNKNOWN
