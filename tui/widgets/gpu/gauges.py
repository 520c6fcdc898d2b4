"""What the forms of a GPU's picture share: shares, colors of heat, fields with a label."""

from __future__ import annotations

from sensors.gpu_readings import GpuReading
from tui import format as fmt
from tui.line import Field
from tui.theme import Role

NEAR_SLOWDOWN_C = 5


def part(value: float | None, total: float | None) -> float | None:
    """A share of 0 to 1; None where either is not known."""
    return None if value is None or not total else value / total


def heat_role(gpu: GpuReading) -> Role:
    """The color of a card's temperature: a warning near the point where the driver slows it."""
    if gpu.temperature_c is None or gpu.temperature_slowdown_c is None:
        return Role.TEXT
    margin_c = gpu.temperature_slowdown_c - gpu.temperature_c
    return Role.BAD if margin_c <= 0 else Role.WARNING if margin_c <= NEAR_SLOWDOWN_C else Role.TEXT


def named(label: str, text: str, role: Role = Role.TEXT) -> Field:
    """A field of a label and its value, added apart."""
    return ((f"{label} ", Role.LABEL), (text, role))


def known(label: str, value: float | None, text: str) -> list[Field]:
    """The field, or nothing where its value is not known."""
    return [] if value is None else [named(label, text)]


def missing(gpu: GpuReading, field: str) -> str:
    """`n/a`, with the reason where there is one."""
    reason = gpu.unknown.get(field)
    return f"{fmt.UNKNOWN} ({reason})" if reason else fmt.UNKNOWN


def pcie_link(gpu: GpuReading) -> str | None:
    """Generation and width of the PCIe link, and what it could be where that is more."""
    if gpu.pcie_generation is None or gpu.pcie_width is None:
        return None
    link = f"{gpu.pcie_generation}×{gpu.pcie_width}"
    best_generation = gpu.pcie_generation_max or gpu.pcie_generation
    best_width = gpu.pcie_width_max or gpu.pcie_width
    best = f"{best_generation}×{best_width}"
    is_lower = best_generation > gpu.pcie_generation or best_width > gpu.pcie_width
    return f"{link} of {best}" if is_lower else link


def short_name(name: str) -> str:
    """A product's name without its maker."""
    for prefix in ("NVIDIA ", "GeForce "):
        name = name.removeprefix(prefix)
    return name
