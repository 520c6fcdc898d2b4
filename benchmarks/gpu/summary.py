"""The results for people: a table for the terminal, and Markdown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.gpu.findings import Status, StepResult

REHEARSAL = (
    "REHEARSAL ON THE CPU: this tried the check itself; nothing was measured on a GPU, and no "
    "time below means anything."
)
_GIB = 2**30


def has_passed(results: Sequence[StepResult]) -> bool:
    """Whether everything was done, or cannot be done here, and nothing failed."""
    return all(result.status in (Status.PASSED, Status.SKIPPED) for result in results)


def to_text(results: Sequence[StepResult], *, is_rehearsal: bool) -> str:
    """A line for each step, each thing that failed or was skipped, and the steps' tables."""
    width = max(len(result.name) for result in results)
    lines = [REHEARSAL, ""] if is_rehearsal else []
    for result in results:
        status, took = result.status.upper(), f"{result.took_s:6.1f} s"
        lines.append(f"{status:<8} {result.name:<{width}} {took}  {_counted(result)}".rstrip())
        if result.error:
            lines.append(f"         {_line(result.error)}")
        lines += [
            f"         {check.status}: {check.name}: {_line(check.found)}"
            + (f" (wanted: {check.wanted})" if check.wanted else "")
            for check in result.checks
            if check.status is not Status.PASSED
        ]
    for result in results:
        if result.text:
            lines += ["", f"{result.name}:", result.text.strip()]
    lines += ["", "all checks passed" if has_passed(results) else "NOT all checks passed"]
    return "\n".join(lines)


def to_markdown(
    results: Sequence[StepResult], machine: Mapping[str, Any], *, when: str, is_rehearsal: bool
) -> str:
    """The whole result as a document."""
    lines = [f"# GPU check, {when}", ""]
    lines += [f"**{REHEARSAL}**", ""] if is_rehearsal else []
    lines += [
        _machine(machine),
        "",
        "| step | result | took | checks |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {result.name} | {result.status} | {result.took_s:.1f} s | {_counted(result)} |"
        for result in results
    ]
    for result in results:
        lines += ["", f"## {result.name}", ""]
        if result.error:
            lines += [f"{result.status}: {_cell(result.error)}", ""]
        if result.checks:
            lines += ["| check | result | found | wanted |", "| --- | --- | --- | --- |"]
            lines += [
                f"| {check.name} | {check.status} | {_cell(check.found)} | {check.wanted} |"
                for check in result.checks
            ]
        if result.text:
            lines += ["", result.text.strip()]
    return "\n".join(lines) + "\n"


def _counted(result: StepResult) -> str:
    counts = Counter(check.status for check in result.checks)
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def _machine(machine: Mapping[str, Any]) -> str:
    device, versions = machine.get("device", {}), machine.get("versions", {})
    memory = machine.get("memory_total_bytes")
    parts = [
        device.get("name"),
        f"driver {machine['driver']}" if machine.get("driver") else None,
        *(f"{name} {version}" for name, version in versions.items()),
        f"Python {machine['python']}" if "python" in machine else None,
        machine.get("cpu"),
        f"{machine['cores_usable']:g} cores" if machine.get("cores_usable") else None,
        f"{memory / _GIB:.0f} GiB memory" if memory else None,
    ]
    return ", ".join(part for part in parts if part) or "The machine is not known."


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
