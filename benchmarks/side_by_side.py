"""What monitors cost beside each other: values of all rounds, their table, the budgets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Budget, Figure, quantile

_P90 = 0.9
_HEADINGS = (
    "driver",
    "GPUs",
    "program",
    "CPU %",
    "PSS MiB",
    "to the terminal B/s",
    "key p50 ms",
    "key p90 ms",
    "NVML calls/s",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the simulated machine was like: the driver in words, and how many GPUs."""

    driver: str
    gpus: int


@dataclass(slots=True, kw_only=True)
class Values:
    """What was measured of one program in one scene; a value a window, or a key press.

    Attributes:
        cpu_pct: CPU of one core, of all its processes.
        pss_mib: Memory of all its processes.
        bytes_per_s: Bytes to the terminal.
        calls_per_s: NVML calls.
        key_ms: From a key to the changed screen.
        missed_keys: Presses that changed nothing in time.
    """

    cpu_pct: list[float] = field(default_factory=list)
    pss_mib: list[float] = field(default_factory=list)
    bytes_per_s: list[float] = field(default_factory=list)
    calls_per_s: list[float] = field(default_factory=list)
    key_ms: list[float] = field(default_factory=list)
    missed_keys: int = 0


Results = Mapping[Scene, Mapping[str, Values]]


def table(results: Results) -> str:
    """All programs beside each other as Markdown: median, and from least to most."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS)]
    for scene, programs in results.items():
        for name, values in programs.items():
            rows.append(
                (
                    scene.driver,
                    str(scene.gpus),
                    name,
                    _cell(values.cpu_pct, 2),
                    _cell(values.pss_mib, 1),
                    _cell(values.bytes_per_s, 0),
                    _cell(values.key_ms, 1, spread=False),
                    _cell(values.key_ms, 1, share=_P90, spread=False),
                    _cell(values.calls_per_s, 0),
                )
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def figures(results: Results, *, ours: str, free: str, real: str) -> Iterator[Figure]:
    """The figures that have a budget, as far as they were measured.

    Args:
        results: Everything measured.
        ours: The name of the program that has the budgets.
        free: The driver whose calls cost nothing, in words.
        real: The driver whose calls take as long as real ones.
    """

    def at(driver: str, gpus: int, name: str = ours) -> Values:
        return results.get(Scene(driver, gpus), {}).get(name) or Values()

    for gpus in (1, 8):
        theirs, mine = at(free, gpus, "nvitop"), at(free, gpus)
        words = f"{gpus} GPU{'s' if gpus > 1 else ''}, {free}"
        yield from _ratio(f"CPU against nvitop, {words}", mine.cpu_pct, theirs.cpu_pct, 1.0)
        theirs = at(free, gpus, "nvtop")
        name = f"to the terminal against nvtop, {words}"
        yield from _ratio(name, mine.bytes_per_s, theirs.bytes_per_s, 2.0)
    mine, theirs = at(real, 8), at(real, 8, "nvtop")
    yield from _figure(f"CPU of one core, 8 GPUs, {real}", mine.cpu_pct, " %", 8.6)
    yield from _ratio(f"CPU against nvtop, 8 GPUs, {real}", mine.cpu_pct, theirs.cpu_pct, 1.0)
    name = f"key to changed screen, p90, 8 GPUs, {real}"
    yield from _figure(name, mine.key_ms, " ms", 20.0, quantile=_P90)
    mine, theirs = at(free, 8), at(free, 8, "nvtop")
    name = "NVML calls against nvtop, 8 GPUs"
    yield from _ratio(name, mine.calls_per_s, theirs.calls_per_s, 1.0)
    most = at(free, 16)
    yield from _figure(f"CPU of one core, 16 GPUs, {free}", most.cpu_pct, " %", 2.0)
    yield from _ratio("CPU at 16 GPUs against 8", most.cpu_pct, mine.cpu_pct, 2.0)
    yield from _figure("memory (PSS), 16 GPUs", most.pss_mib, " MiB", 45.0)


def _figure(
    name: str, values: Sequence[float], unit: str, limit: float, *, quantile: float = 0.5
) -> Iterator[Figure]:
    if values:
        yield Figure(
            name=name,
            values=tuple(values),
            unit=unit,
            quantile=quantile,
            budget=Budget(limit=limit),
        )


def _ratio(
    name: str, ours: Sequence[float], theirs: Sequence[float], limit: float
) -> Iterator[Figure]:
    """Ratios of windows that belong to the same round."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False) if other]
    yield from _figure(name, ratios, " x", limit)


def _cell(values: Sequence[float], digits: int, *, share: float = 0.5, spread: bool = True) -> str:
    if not values:
        return "-"
    text = f"{quantile(values, share):,.{digits}f}"
    if spread and len(values) > 1:
        text += f" ({min(values):,.{digits}f} - {max(values):,.{digits}f})"
    return text
