"""Diagnoses for programs: JSON of schema `racetop.diagnosis/1`. Pure.

docs/diagnosis.md tells what each key means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runners.diagnosis.records import Diagnosed, Diagnosis, Figure, Part, Remedy, Tried
from runners.reports import run_document
from runners.reports.conditions import Origin, taken_at, versions
from runners.reports.document import finite
from runners.statistics import Ratio

SCHEMA = "racetop.diagnosis/1"


def to_json(
    found: Sequence[Diagnosed],
    *,
    command: str,
    trial_s: float,
    machine: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The diagnoses as JSON values; what is unknown is null.

    Args:
        found: One for each job, in the order asked for.
        command: The command line that repeats it.
        trial_s: About how long a steady epoch of a run was to take, in seconds.
        machine: The machine's readings as `racetop snapshot` gives them; None where unknown.
    """
    states = [one.state for one in found if one.state is not None]
    runs = [run for state in states for run in state.runs.values()]
    origin = Origin(machine=machine)
    known = versions(states[0], origin) if states else {}
    for state in states[1:]:
        known |= versions(state, origin)
    document = {
        "schema": SCHEMA,
        "workload": found[0].job.workload.name,
        "command": command,
        "trial_s": trial_s,
        "taken_at": min((at for state in states if (at := taken_at(state))), default=None),
        "data": next((data for run in runs if (data := run_document.data_of(run))), None),
        "jobs": [_job(one) for one in found],
        "machine": machine,
        "versions": known,
    }
    return {key: finite(value) for key, value in document.items()}


def _job(one: Diagnosed) -> dict[str, Any]:
    settings = one.job.settings
    state, found = one.state, one.diagnosis
    runs = state.runs.items() if state else ()
    return {
        "label": one.job.label,
        "device": settings.device,
        "variant": str(settings.variant),
        "batch_size": settings.batch_size,
        "precision": str(settings.precision),
        "workers": settings.workers,
        "settings": settings.to_wire(),
        "samples_per_s": _figure(found.samples_per_s) if found else None,
        "diagnosis": _diagnosis(found) if found else None,
        "tried": [_tried(tried) for tried in one.tried],
        "runs": [run_document.run_of(state, key, run) for key, run in runs] if state else [],
    }


def _diagnosis(found: Diagnosis) -> dict[str, Any]:
    shares, capacities, gain = found.shares, dict(found.capacities), found.predicted_gain
    return {
        "class": str(found.bottleneck),
        "sentence": found.sentence,
        "stall_share": _figure(shares.stall),
        "transfer_share": _figure(shares.transfer),
        "sync_share": _figure(shares.sync),
        "launch_ratio": _figure(shares.launch_ratio),
        "contended_share": _figure(shares.contended),
        "throttled_share": _figure(shares.throttled),
        "predicted_gain": gain.value if gain else None,
        "predicted_gain_low": gain.low if gain else None,
        "predicted_gain_high": gain.high if gain else None,
        "input_samples_per_s": _value(capacities.get(Part.LOADER)),
        "transfer_samples_per_s": _value(capacities.get(Part.TRANSFER)),
        "compute_samples_per_s": _value(capacities.get(Part.COMPUTE)),
        "narrow": str(found.narrow) if found.narrow else None,
        "evidence": list(found.evidence),
        "remedies": [_remedy(remedy) for remedy in found.remedies],
        "is_complete": found.is_complete,
    }


def _figure(figure: Figure | None) -> dict[str, float | None] | None:
    if figure is None:
        return None
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def _value(figure: Figure | None) -> float | None:
    return figure.value if figure else None


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "what": remedy.what,
        "changes": dict(remedy.changes),
        "predicted": remedy.predicted,
        "is_bound": remedy.is_bound,
        "command": remedy.command,
    }


def _tried(tried: Tried) -> dict[str, Any]:
    return {
        "what": tried.remedy.what,
        "predicted": tried.remedy.predicted,
        "is_bound": tried.remedy.is_bound,
        "gain": _gain(tried.gain),
        "problem": tried.problem,
    }


def _gain(gain: Ratio | None) -> dict[str, Any] | None:
    if gain is None:
        return None
    return {"value": gain.value, "low": gain.low, "high": gain.high, "label": gain.label}
