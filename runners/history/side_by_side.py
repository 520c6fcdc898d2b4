"""Several comparisons as one, so that every report can set them side by side. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from runners.history.saved import Saved
from runners.spec import JobSpec, Order, Plan, RunKey, differing
from runners.state import ComparisonState, RunState, RunStatus
from runners.text import counted, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Several comparisons as one.

    Attributes:
        state: All their jobs and runs.
        machine: The machine's readings of the first; None where they are of several machines.
        versions: Versions of racetop and Python by name; several with a slash between.
    """

    state: ComparisonState
    machine: Mapping[str, Any] | None
    versions: Mapping[str, str]


def side_by_side(comparisons: Sequence[Saved]) -> SideBySide:
    """One comparison of all jobs of these, in their order, each labelled with its number.

    The first job of a workload is the baseline of all others on it. Notes tell what else differs
    than the axes: hosts, data, numbers of samples, versions, time.

    Args:
        comparisons: At least one.
    """
    trials = max(each.plan.trials for each in comparisons)
    jobs: list[JobSpec] = []
    runs: dict[RunKey, RunState] = {}
    together: list[int] = []
    for each in comparisons:
        for place, spec in enumerate(each.plan.jobs):
            for trial in range(trials):
                run = each.state.runs.get(RunKey(job=place, trial=trial)) or _never(each, spec)
                runs[RunKey(job=len(jobs), trial=trial)] = run
            is_alone = each.plan.order is Order.IN_TURN or not place
            together.append(len(jobs) if is_alone else together[-1])
            jobs.append(replace(spec, label=_label(each, spec, comparisons)))
    orders = {each.plan.order for each in comparisons}
    plan = Plan(
        order=Order.TOGETHER if Order.TOGETHER in orders else Order.IN_TURN,
        trials=trials,
        jobs=tuple(jobs),
        axes=differing([job.settings for job in jobs]),
        notes=tuple(_notes(comparisons)),
        together=tuple(together) if len(comparisons) > 1 else (),
    )
    names = dict.fromkeys(name for each in comparisons for name in each.versions)
    is_one_host = len(set(map(_host, comparisons))) == 1
    return SideBySide(
        state=ComparisonState(plan=plan, runs=MappingProxyType(runs)),
        machine=comparisons[0].machine if is_one_host else None,
        versions={
            name: _all(each.versions.get(name, "") for each in comparisons) for name in names
        },
    )


def _never(saved: Saved, spec: JobSpec) -> RunState:
    """A trial that a comparison with fewer of them does not have."""
    why = f"comparison {saved.entry.id} has {counted(saved.plan.trials, 'trial')}"
    return RunState(status=RunStatus.SPARED, spared=why, warm_up=spec.workload.warm_up)


def _label(saved: Saved, spec: JobSpec, comparisons: Sequence[Saved]) -> str:
    are_many_hosts = len(set(map(_host, comparisons))) > 1
    parts = [f"#{saved.entry.id}{'@' + _short(saved.entry.host) if are_many_hosts else ''}"]
    workloads = {job.settings.workload for each in comparisons for job in each.plan.jobs}
    if len(workloads) > 1 and spec.settings.workload not in spec.label.split():
        parts.append(spec.settings.workload)
    return " ".join([*parts, spec.label])


def _short(host: str) -> str:
    """A host's name without its domain."""
    name, _, domain = host.partition(".")
    return host if name.isdecimal() or not domain else name


def _notes(comparisons: Sequence[Saved]) -> Iterable[str]:
    if len(comparisons) > 1:
        yield "taken one comparison after the other, not interleaved: the machine may have changed"
    for what, tell in _MAY_DIFFER:
        told = [tell(each) for each in comparisons]
        if len(set(told) - {""}) > 1:
            each_one = ", ".join(
                f"#{saved.entry.id} {text or 'n/a'}"
                for saved, text in zip(comparisons, told, strict=True)
            )
            yield f"{what} differ: {each_one}"
    for saved in comparisons:
        for note in saved.plan.notes:
            yield f"#{saved.entry.id}: {note}"


def _host(saved: Saved) -> str:
    """A host's name may be another's as well."""
    return f"{saved.entry.host}{' (another host)' if saved.entry.is_foreign else ''}"


def _data(saved: Saved) -> str:
    found = (run.data for run in saved.state.runs.values() if run.data is not None)
    return _all(f"{data.name} ({data.source})" for data in found)


def _samples(saved: Saved) -> str:
    found = (run.data for run in saved.state.runs.values() if run.data is not None)
    return _all(f"{data.train_samples:,}" for data in found)


def _torch(saved: Saved) -> str:
    found = (run.device for run in saved.state.runs.values() if run.device is not None)
    return _all(device.versions.get("torch", "") for device in found)


def _order(saved: Saved) -> str:
    together = saved.plan.order is Order.TOGETHER
    return "" if len(saved.plan.jobs) == 1 else "side by side" if together else "one at a time"


def _all(texts: Iterable[str]) -> str:
    """What was found, each once."""
    return printable("/".join(text for text in dict.fromkeys(texts) if text))


_MAY_DIFFER: Sequence[tuple[str, Callable[[Saved], str]]] = (
    ("hosts", _host),
    ("data sets", _data),
    ("numbers of training samples", _samples),
    ("versions of torch", _torch),
    ("orders of the jobs", _order),
)
