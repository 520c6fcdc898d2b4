"""One GPU in full: all that its reading holds, the most important first."""

from __future__ import annotations

from collections.abc import Iterable

from sensors.gpu_readings import ON_REQUEST, GpuReading, GpuState, MigInstance
from tui import format as fmt
from tui.growth import GpuGrowth
from tui.line import Field, Line, flow
from tui.theme import Palette, Role
from tui.widgets.gpu.gauges import heat_role, known, missing, named, part, pcie_link
from tui.widgets.gpu.notices import Notice, limits, mended, state_words, troubles

INDENT = 7
AMOUNT_WIDTH = 16
MIN_GAUGE = 4
MAX_INSTANCE_GAUGE = 20
OFF_ON = ("off", "on")


def rule(gpu: GpuReading, palette: Palette, width: int, *, mark: str = "─") -> Line:
    """A row that names a GPU, above its detail."""
    line = Line(palette).add(f"{mark}─ ", Role.TRACK if mark == "─" else Role.KEY)
    line.add(f"GPU {gpu.index}", Role.STRONG).add(f" · {gpu.name} ", Role.DIM)
    return line.add("─" * (width - line.width), Role.TRACK)


def detail_lines(
    gpu: GpuReading, growth: GpuGrowth, palette: Palette, width: int, *, gauges: bool = True
) -> list[Line]:
    """All about a GPU.

    Args:
        gpu: The card.
        growth: Its counters since racetop opened.
        palette: The theme's styles.
        width: Cells of each row.
        gauges: Whether busy, memory and power get their gauges; else they are shown elsewhere.
    """
    if gpu.state is not GpuState.OK:
        return [Line(palette).add(*state_words(gpu))]
    lines = _gauges(gpu, palette, width) if gauges else []
    lines += flow(palette, "limits", _limits(gpu, growth, width), width, INDENT)
    if any(growth.held_s.values()):
        lines[-1].add_fields([(("times since racetop opened", Role.DIM),)], width)
    sections: tuple[tuple[str, list[Field]], ...] = (
        ("errors", _notices([*troubles(gpu), *mended(gpu)], width)),
        ("heat", _heat(gpu)),
        ("clocks", _clocks(gpu)),
        ("PCIe", _pcie(gpu)),
        ("inside", _inside(gpu)),
        ("memory", _memory(gpu)),
        ("video", _video(gpu)),
        ("NVLink", _nvlink(gpu)),
        ("energy", _energy(gpu, growth)),
        ("card", _card(gpu)),
    )
    for label, fields in sections:
        if fields:
            lines += flow(palette, label, fields, width, INDENT)
        if label == "inside":
            lines += [_instance(instance, palette, width) for instance in gpu.mig_instances]
    return lines


def _gauges(gpu: GpuReading, palette: Palette, width: int) -> list[Line]:
    amount = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes)
    watts = fmt.watts(gpu.power_w, limit_w=gpu.power_limit_w)
    memory_share = part(gpu.memory_used_bytes, gpu.memory_total_bytes)
    power_share = part(gpu.power_w, gpu.power_limit_w)
    gauges: tuple[tuple[str, str, float | None, str, Role], ...] = (
        ("busy", "busy_pct", part(gpu.busy_pct, 100), fmt.pct(gpu.busy_pct), Role.GPU),
        ("mem", "memory_used_bytes", memory_share, amount, Role.MEMORY),
        ("power", "power_w", power_share, watts, Role.GPU),
    )
    room = width - INDENT - AMOUNT_WIDTH
    lines = []
    for label, field, share, text, role in gauges:
        line = Line(palette).add(label, Role.LABEL).pad_to(INDENT)
        lines.append(line)
        if getattr(gpu, field) is None:
            line.add(missing(gpu, field), Role.DIM)
        elif share is None or room < MIN_GAUGE:
            line.add(text)
        else:
            line.bar(share, room, role).add(f"{text:>{AMOUNT_WIDTH}}")
    if gpu.power_w is not None and gpu.power_limit_w is None:
        lines[-1].add_fields([((f"limit {missing(gpu, 'power_limit_w')}", Role.DIM),)], width)
    return lines


def _limits(gpu: GpuReading, growth: GpuGrowth, width: int) -> list[Field]:
    found = list(limits(gpu, growth.held_s))
    fields = _notices(found, width)
    if gpu.clock_limits is None:
        fields.insert(0, ((missing(gpu, "clock_limits"), Role.DIM),))
    elif not gpu.clock_limits:
        fields.insert(0, (("none", Role.GOOD),))
    return fields


def _notices(notices: Iterable[Notice], width: int) -> list[Field]:
    return [((notice.longest_within(width - INDENT), notice.role),) for notice in notices]


def _heat(gpu: GpuReading) -> list[Field]:
    if gpu.temperature_c is None:
        fields: list[Field] = [((missing(gpu, "temperature_c"), Role.DIM),)]
    else:
        fields = [((fmt.celsius(gpu.temperature_c), heat_role(gpu)),)]
    if gpu.temperature_slowdown_c is not None:
        fields.append(((f"slows at {gpu.temperature_slowdown_c:.0f} °C", Role.DIM),))
    fields += known("memory", gpu.memory_temperature_c, fmt.celsius(gpu.memory_temperature_c))
    return fields + _fan(gpu)


def _fan(gpu: GpuReading) -> list[Field]:
    share = [] if gpu.fan_pct is None else [fmt.pct(gpu.fan_pct)]
    speed = [] if gpu.fan_rpm is None else [f"{fmt.count(gpu.fan_rpm)} rpm"]
    words = " ".join(share + speed)
    return [named("fan", words)] if words else []


def _clocks(gpu: GpuReading) -> list[Field]:
    if gpu.sm_clock_mhz is None:
        fields: list[Field] = [named("SM", missing(gpu, "sm_clock_mhz"), Role.DIM)]
    else:
        fields = [named("SM", fmt.mhz(gpu.sm_clock_mhz, max_mhz=gpu.sm_clock_max_mhz))]
    memory = fmt.mhz(gpu.memory_clock_mhz, max_mhz=gpu.memory_clock_max_mhz)
    fields += known("memory", gpu.memory_clock_mhz, memory)
    if gpu.performance_state is not None:
        fields.append(((f"P{gpu.performance_state}", Role.TEXT),))
    return fields


def _pcie(gpu: GpuReading) -> list[Field]:
    link = pcie_link(gpu)
    fields: list[Field] = [((link, Role.TEXT),)] if link else []
    fields += known("rx", gpu.pcie_rx_bytes_per_s, fmt.rate(gpu.pcie_rx_bytes_per_s))
    return fields + known("tx", gpu.pcie_tx_bytes_per_s, fmt.rate(gpu.pcie_tx_bytes_per_s))


def _inside(gpu: GpuReading) -> list[Field]:
    fields = [
        *known("SM busy", gpu.sm_busy_pct, fmt.pct(gpu.sm_busy_pct)),
        *known("occupancy", gpu.sm_occupancy_pct, fmt.pct(gpu.sm_occupancy_pct)),
        *known("tensor", gpu.tensor_busy_pct, fmt.pct(gpu.tensor_busy_pct)),
        *known("DRAM", gpu.dram_busy_pct, fmt.pct(gpu.dram_busy_pct)),
    ]
    if not fields and gpu.unknown.get("sm_busy_pct", ON_REQUEST) != ON_REQUEST:
        return [((missing(gpu, "sm_busy_pct"), Role.DIM),)]
    return fields


def _memory(gpu: GpuReading) -> list[Field]:
    fields: list[Field] = []
    if gpu.memory_is_shared:
        fields.append((("shared with the host", Role.TEXT),))
    reserved = fmt.memory(gpu.memory_reserved_bytes)
    fields += known("reserved", gpu.memory_reserved_bytes, reserved)
    fields += known("busy", gpu.memory_busy_pct, fmt.pct(gpu.memory_busy_pct))
    return fields + _bar1(gpu)


def _bar1(of: GpuReading | MigInstance) -> list[Field]:
    amount = f"{fmt.memory(of.bar1_used_bytes)}/{fmt.memory(of.bar1_total_bytes)}"
    return known("BAR1", of.bar1_used_bytes, amount)


def _video(gpu: GpuReading) -> list[Field]:
    if not gpu.encoder_pct and not gpu.decoder_pct:
        return []
    return [
        *known("encoder", gpu.encoder_pct, fmt.pct(gpu.encoder_pct)),
        *known("decoder", gpu.decoder_pct, fmt.pct(gpu.decoder_pct)),
    ]


def _nvlink(gpu: GpuReading) -> list[Field]:
    return [
        *known("rx", gpu.nvlink_rx_bytes_per_s, fmt.rate(gpu.nvlink_rx_bytes_per_s)),
        *known("tx", gpu.nvlink_tx_bytes_per_s, fmt.rate(gpu.nvlink_tx_bytes_per_s)),
    ]


def _energy(gpu: GpuReading, growth: GpuGrowth) -> list[Field]:
    if gpu.energy_j is None:
        return []
    here = ((fmt.energy(growth.energy_j), Role.TEXT), (" since racetop opened", Role.LABEL))
    all_of_it = ((fmt.energy(gpu.energy_j), Role.TEXT), (" since the driver loaded", Role.LABEL))
    return [here, all_of_it]


def _card(gpu: GpuReading) -> list[Field]:
    fields = [gpu.pci_bus_id] if gpu.pci_bus_id else []
    if gpu.persistence_mode is not None:
        fields.append(f"persistence {OFF_ON[gpu.persistence_mode]}")
    if gpu.display_active is not None:
        fields.append(f"display {OFF_ON[gpu.display_active]}")
    if gpu.compute_mode:
        fields.append(f"compute mode {gpu.compute_mode}")
    if gpu.mig_enabled is not None:
        fields.append(f"MIG {OFF_ON[gpu.mig_enabled]}")
    return [((text, Role.DIM),) for text in fields]


def _instance(instance: MigInstance, palette: Palette, width: int) -> Line:
    line = Line(palette).add(f"MIG {instance.index}", Role.LABEL).pad_to(INDENT)
    line.add(f"{instance.profile or fmt.UNKNOWN:<9}")
    fields = known("SM", instance.sm_busy_pct, fmt.pct(instance.sm_busy_pct))
    ids = (instance.gpu_instance, instance.compute_instance)
    if None not in ids:
        fields.append(((f"GI {ids[0]} CI {ids[1]}", Role.DIM),))
    amount = fmt.gib(instance.memory_used_bytes, of_bytes=instance.memory_total_bytes)
    share = part(instance.memory_used_bytes, instance.memory_total_bytes)
    room = width - line.width - AMOUNT_WIDTH - len(" · SM 100 %")
    line.bar(share, min(room, MAX_INSTANCE_GAUGE), Role.MEMORY)
    line.add(f"{amount:>{AMOUNT_WIDTH}}" if room > 0 else amount)
    return line.add_fields([*fields, *_bar1(instance)], width)
