"""One GPU in four rows."""

from __future__ import annotations

from sensors.gpu_readings import GpuReading, GpuState
from tui import format as fmt
from tui.growth import GpuGrowth
from tui.line import Field, Line
from tui.theme import Palette, Role
from tui.widgets.gpu.gauges import heat_role, named, part, pcie_link
from tui.widgets.gpu.notices import add_notices, limits, state_words, troubles

_CLOCK_WIDTH = 15


def card_rows(gpu: GpuReading) -> int:
    """How many rows a card takes."""
    return 4 if gpu.state is GpuState.OK else 1


def card_lines(
    gpu: GpuReading,
    growth: GpuGrowth,
    palette: Palette,
    width: int,
    *,
    label: str = "",
    label_role: Role = Role.DIM,
) -> list[Line]:
    """A GPU as a card; `label` tells it from others."""
    first = Line(palette).add(label, label_role)
    if gpu.state is not GpuState.OK:
        return [first.add(f"GPU {gpu.index} ").add(*state_words(gpu))]
    indent = len(label)
    room = width - indent - 5 - 6 - _CLOCK_WIDTH
    first.add("busy ", Role.LABEL).bar(part(gpu.busy_pct, 100), room, Role.GPU).add(" ")
    first.add(fmt.pct(gpu.busy_pct))
    if gpu.sm_clock_mhz is not None:
        clock = fmt.mhz(gpu.sm_clock_mhz, max_mhz=gpu.sm_clock_max_mhz)
        first.add(f"{clock:>{_CLOCK_WIDTH}}")

    amount = fmt.gib(gpu.memory_used_bytes, of_bytes=gpu.memory_total_bytes)
    memory = Line(palette).pad_to(indent).add("mem  ", Role.LABEL)
    share = part(gpu.memory_used_bytes, gpu.memory_total_bytes)
    beside = room - max(0, len(amount) - 5 - _CLOCK_WIDTH)
    memory.bar(share, beside, Role.MEMORY).add(" ").add(f"{amount:>{5 + _CLOCK_WIDTH}}")
    heat = Line(palette).pad_to(indent).add_fields(_heat(gpu), width)
    return [first, memory, heat, _limits_line(gpu, growth, palette, indent, width)]


def _heat(gpu: GpuReading) -> list[Field]:
    temperature = fmt.celsius(gpu.temperature_c)
    watts = fmt.watts(gpu.power_w, limit_w=gpu.power_limit_w)
    rx, tx = fmt.rate(gpu.pcie_rx_bytes_per_s), fmt.rate(gpu.pcie_tx_bytes_per_s)
    traffic = (("rx", Role.LABEL), (rx, Role.TEXT), (" tx", Role.LABEL), (tx, Role.TEXT))
    encoder, decoder = fmt.pct(gpu.encoder_pct), fmt.pct(gpu.decoder_pct)
    video = (*named("enc", encoder), *named(" dec", decoder))
    knows_traffic = gpu.pcie_rx_bytes_per_s is not None or gpu.pcie_tx_bytes_per_s is not None
    found: tuple[tuple[bool, Field], ...] = (
        (gpu.temperature_c is not None, ((temperature, heat_role(gpu)),)),
        (gpu.power_w is not None, ((watts, Role.TEXT),)),
        (
            gpu.temperature_c is None and gpu.power_w is None,
            (("temperature and power n/a", Role.DIM),),
        ),
        (gpu.memory_is_shared, (("memory shared with the host", Role.DIM),)),
        (bool(gpu.mig_instances), ((f"MIG, in {len(gpu.mig_instances)}", Role.TEXT),)),
        (knows_traffic, traffic),
        (bool(gpu.encoder_pct or gpu.decoder_pct), video),
        (gpu.fan_pct is not None, named("fan", fmt.pct(gpu.fan_pct))),
        (
            gpu.temperature_slowdown_c is not None,
            ((f"slows at {gpu.temperature_slowdown_c or 0:.0f} °C", Role.DIM),),
        ),
        (gpu.performance_state is not None, ((f"P{gpu.performance_state}", Role.DIM),)),
    )
    return [field for is_known, field in found if is_known]


def _limits_line(
    gpu: GpuReading, growth: GpuGrowth, palette: Palette, indent: int, width: int
) -> Line:
    line = Line(palette).pad_to(indent).add("limits ", Role.LABEL)
    notices = [*troubles(gpu), *limits(gpu, growth.held_s)]
    if gpu.clock_limits is None:
        line.add(fmt.UNKNOWN, Role.DIM)
    elif not gpu.clock_limits:
        line.add("none", Role.GOOD)
    if notices:
        line.add(", " if not gpu.clock_limits else "", Role.DIM)
        add_notices(line, notices, width - line.width)
    link = pcie_link(gpu)
    return line.add_fields([((f"PCIe {link}", Role.DIM),)] if link else [], width)
