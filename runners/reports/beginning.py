"""What else kept the machine busy as a comparison began. Pure.

The keys of a machine are those of `racetop.snapshot/1`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runners.reports.figures import UNKNOWN
from runners.state import ComparisonState

# Jobs use all cores, and the slowest thread holds up the others: half a core is much, but on a
# large machine some such noise is usual.
_NOTABLE_CORES = 0.5
_NOTABLE_SHARE = 0.05
_NOTABLE_GPU_PCT = 5.0
_HARMLESS = "information"


def beginning(state: ComparisonState, machine: Mapping[str, Any] | None) -> str:
    """How busy the CPU and the GPUs of the jobs were, and what held a GPU's clocks down."""
    if not machine or state.plan.together:
        return UNKNOWN
    parts = []
    found = _busy_cores(machine.get("host") or {})
    if found is not None:
        parts.append(f"{found[0]:.1f} of {found[1]:g} cores busy")
    for device, gpu in _gpus(state, machine):
        if gpu.get("busy_pct") is not None:
            parts.append(f"{device} {gpu['busy_pct']:.0f} % busy")
        if gpu.get("temperature_c") is not None:
            parts.append(f"{device} at {gpu['temperature_c']:.0f} °C")
        parts += [f"{device} held down: {text}" for text in _limits(gpu)]
    return ", ".join(parts) or UNKNOWN


def disturbances(state: ComparisonState, machine: Mapping[str, Any] | None) -> list[str]:
    """Sentences about what may have slowed the jobs from the start."""
    if not machine or state.plan.together:
        return []
    lines = []
    found = _busy_cores(machine.get("host") or {})
    if found is not None and found[0] >= max(_NOTABLE_CORES, _NOTABLE_SHARE * found[1]):
        lines.append(
            f"As the first job began, {found[0]:.1f} of {found[1]:g} cores were busy already: "
            "what kept them so may have slowed the jobs."
        )
    for device, gpu in _gpus(state, machine):
        if (gpu.get("busy_pct") or 0.0) >= _NOTABLE_GPU_PCT:
            lines.append(
                f"As the first job began, {device} was {gpu['busy_pct']:.0f} % busy already: "
                "what kept it so may have slowed the jobs."
            )
        lines += [
            f"As the first job began, the clocks of {device} were held down: {text}."
            for text in _limits(gpu)
        ]
    return lines


def _busy_cores(host: Mapping[str, Any]) -> tuple[float, float] | None:
    """Cores' worth of time in use, of how many usable ones; None where unknown."""
    cores = host.get("cores_usable") or host.get("cores_total")
    if not cores:
        return None
    each, usable = host.get("core_busy_pct") or (), host.get("usable_core_ids") or ()
    busy: float | None = None
    if host.get("cores_limit") == "cgroup":
        busy = host.get("group_busy_cores")
    elif usable and max(usable) < len(each):
        busy = sum(each[core] for core in usable) / 100
    elif host.get("cores_limit") is None and host.get("cpu_busy_pct") is not None:
        busy = host["cpu_busy_pct"] / 100 * cores
    return None if busy is None else (busy, cores)


def _gpus(
    state: ComparisonState, machine: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The GPUs that jobs ran on, by the name that the jobs give them."""
    names = {
        run.device.device_uuid: state.plan.jobs[key.job].settings.device
        for key, run in state.runs.items()
        if run.device is not None and run.device.device_uuid is not None
    }
    for gpu in machine.get("gpus") or ():
        if gpu.get("uuid") in names:
            yield names[gpu["uuid"]], gpu


def _limits(gpu: Mapping[str, Any]) -> list[str]:
    limits = gpu.get("clock_limits") or ()
    return [limit["text"] for limit in limits if limit["severity"] != _HARMLESS]
