"""What the history can show: each quantity with its words, its unit and its scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from tui import format as fmt
from tui.theme import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something of a GPU or of the host that changes with time.

    Attributes:
        name: Stable and unique: a word after `gpu.` for something of one GPU, after `gpus.` for
            something of all together, after `host.` for something of the host.
        title: What its curve is called, at most 10 cells.
        meaning: What it is, for whoever chooses among them.
        text: A value with its unit, a blank between the two.
        of: Its value in a record of a GPU or of the host; None where unknown.
        top_of: The natural top of its scale in a record, such as a limit; None where there is
            none.
        least_top: The smallest top its scale may have where there is no natural one.
        role: The color of its curve.
        counts: Whether `of` counts up, so that its growth a second is what is shown.
        on_request: Whether it is measured only while somebody wants it.
    """

    name: str
    title: str
    meaning: str
    text: Callable[[float], str]
    of: Callable[[object], float | None]
    top_of: Callable[[object], float | None] = lambda _record: None
    least_top: float = 1.0
    role: Role
    counts: bool = False
    on_request: bool = False


def _hundred(_record: object) -> float:
    return 100.0


def _share(part: str, whole: str) -> Callable[[object], float | None]:
    parts = attrgetter(part, whole)

    def share(record: object) -> float | None:
        used, total = parts(record)
        return None if used is None or not total else 100.0 * used / total

    return share


def _seconds_a_second(value: float) -> str:
    return f"{value:.2f} s/s"


def _pct(name: str, title: str, meaning: str, field: str, *, on_request: bool = False) -> Quantity:
    return Quantity(
        name=name,
        title=title,
        meaning=meaning,
        text=fmt.pct,
        of=attrgetter(field),
        top_of=_hundred,
        role=_role(name),
        on_request=on_request,
    )


def _memory(name: str, title: str, meaning: str, *, kind: str = "memory") -> Quantity:
    return Quantity(
        name=name,
        title=title,
        meaning=meaning,
        text=fmt.pct,
        of=_share(f"{kind}_used_bytes", f"{kind}_total_bytes"),
        top_of=_hundred,
        role=Role.MEMORY,
    )


def _power(name: str, title: str, meaning: str) -> Quantity:
    return Quantity(
        name=name,
        title=title,
        meaning=meaning,
        text=fmt.watts,
        of=attrgetter("power_w"),
        top_of=attrgetter("power_limit_w"),
        least_top=50.0,
        role=Role.GPU,
    )


def _rate(name: str, title: str, meaning: str, field: str) -> Quantity:
    return Quantity(
        name=name,
        title=title,
        meaning=meaning,
        text=fmt.rate,
        of=attrgetter(field),
        least_top=1e6,
        role=_role(name),
    )


def _role(name: str) -> Role:
    return Role.CPU if name.startswith("host.") else Role.GPU


GPU_QUANTITIES: tuple[Quantity, ...] = (
    _pct("gpu.busy", "GPU busy", "share of time with any kernel running", "busy_pct"),
    _memory("gpu.memory", "GPU mem", "device memory in use"),
    _power("gpu.power", "GPU power", "power drawn, scaled to the enforced limit"),
    Quantity(
        name="gpu.sm-clock",
        title="SM clock",
        meaning="clock of the multiprocessors, scaled to its maximum",
        text=fmt.mhz,
        of=attrgetter("sm_clock_mhz"),
        top_of=attrgetter("sm_clock_max_mhz"),
        least_top=1000.0,
        role=Role.GPU,
    ),
    Quantity(
        name="gpu.memory-clock",
        title="mem clock",
        meaning="clock of the device memory, scaled to its maximum",
        text=fmt.mhz,
        of=attrgetter("memory_clock_mhz"),
        top_of=attrgetter("memory_clock_max_mhz"),
        least_top=1000.0,
        role=Role.GPU,
    ),
    Quantity(
        name="gpu.temperature",
        title="GPU temp",
        meaning="core temperature, scaled to where the driver slows the card",
        text=fmt.celsius,
        of=attrgetter("temperature_c"),
        top_of=attrgetter("temperature_slowdown_c"),
        least_top=100.0,
        role=Role.GPU,
    ),
    _pct(
        "gpu.memory-busy",
        "GPU membus",
        "share of time in which device memory was read or written",
        "memory_busy_pct",
    ),
    _rate("gpu.pcie-rx", "PCIe rx", "from the host to the card", "pcie_rx_bytes_per_s"),
    _rate("gpu.pcie-tx", "PCIe tx", "from the card to the host", "pcie_tx_bytes_per_s"),
    _rate("gpu.nvlink-rx", "NVLink rx", "in over all NVLinks", "nvlink_rx_bytes_per_s"),
    _rate("gpu.nvlink-tx", "NVLink tx", "out over all NVLinks", "nvlink_tx_bytes_per_s"),
    _pct("gpu.fan", "GPU fan", "intended fan speed", "fan_pct"),
    _pct("gpu.encoder", "encoder", "use of the video encoder", "encoder_pct"),
    _pct("gpu.decoder", "decoder", "use of the video decoder", "decoder_pct"),
    _pct("gpu.sm-busy", "SM busy", "multiprocessors busy", "sm_busy_pct", on_request=True),
    _pct(
        "gpu.sm-occupancy",
        "SM occup.",
        "warps resident, of the most there could be",
        "sm_occupancy_pct",
        on_request=True,
    ),
    _pct("gpu.tensor", "tensor", "tensor cores at work", "tensor_busy_pct", on_request=True),
    _pct("gpu.dram", "DRAM", "memory bandwidth in use", "dram_busy_pct", on_request=True),
)

ALL_GPU_QUANTITIES: tuple[Quantity, ...] = (
    _pct("gpus.busy", "GPUs busy", "mean busy share of all GPUs", "busy_pct"),
    _memory("gpus.memory", "GPUs mem", "device memory in use on all GPUs"),
    _power("gpus.power", "GPUs power", "power of all GPUs, scaled to their limits together"),
)

HOST_QUANTITIES: tuple[Quantity, ...] = (
    _pct("host.busy", "CPU busy", "busy share of all cores", "cpu_busy_pct"),
    _memory("host.memory", "host mem", "memory in use, page cache left out"),
    _memory("host.swap", "swap", "swap in use", kind="swap"),
    _pct("host.wait-cpu", "wait cpu", "tasks waited for a CPU (PSI, 10 s)", "pressure_cpu_pct"),
    _pct("host.wait-io", "wait io", "tasks waited on storage (PSI, 10 s)", "pressure_io_pct"),
    _pct(
        "host.wait-memory", "wait mem", "tasks waited on memory (PSI, 10 s)", "pressure_memory_pct"
    ),
    _rate("host.disk-read", "disk read", "read from local disks", "disk_read_bytes_per_s"),
    _rate("host.disk-write", "disk write", "written to local disks", "disk_write_bytes_per_s"),
    _rate("host.network-rx", "net rx", "received over the network", "network_rx_bytes_per_s"),
    _rate("host.network-tx", "net tx", "sent over the network", "network_tx_bytes_per_s"),
    Quantity(
        name="host.temperature",
        title="CPU temp",
        meaning="temperature of the processor package",
        text=fmt.celsius,
        of=attrgetter("temperature_c"),
        least_top=100.0,
        role=Role.CPU,
    ),
    Quantity(
        name="host.clock",
        title="CPU clock",
        meaning="mean frequency of the cores, scaled to the highest",
        text=fmt.mhz,
        of=attrgetter("frequency_mhz"),
        top_of=attrgetter("frequency_max_mhz"),
        least_top=1000.0,
        role=Role.CPU,
    ),
    Quantity(
        name="host.power",
        title="CPU power",
        meaning="power of all processor packages",
        text=fmt.watts,
        of=attrgetter("package_power_w"),
        least_top=50.0,
        role=Role.CPU,
    ),
    Quantity(
        name="host.quota-held",
        title="quota held",
        meaning="held back by the CPU quota, seconds a second",
        text=_seconds_a_second,
        of=attrgetter("throttled_s"),
        role=Role.CPU,
        counts=True,
    ),
    Quantity(
        name="host.heat-held",
        title="heat held",
        meaning="slowed for heat, seconds a second",
        text=_seconds_a_second,
        of=attrgetter("thermal_throttled_s"),
        role=Role.CPU,
        counts=True,
    ),
)

QUANTITIES: tuple[Quantity, ...] = (*GPU_QUANTITIES, *ALL_GPU_QUANTITIES, *HOST_QUANTITIES)
LIMITS = "gpu.clock-limits"
"""The lane of clock limits, chosen like a quantity."""

DEFAULT_WITH_GPU = (
    "gpu.busy",
    "gpu.memory",
    "gpu.power",
    "gpu.sm-clock",
    LIMITS,
    "host.busy",
)
DEFAULT_WITHOUT_GPU = (
    "host.busy",
    "host.memory",
    "host.wait-cpu",
    "host.wait-io",
    "host.disk-read",
    "host.network-rx",
)


def nice_top(value: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        (step * power for step in (1, 2, 5) if value <= step * power * (1 + 1e-9)), 10 * power
    )


def range_text(quantity: Quantity, low: float, high: float, width: int) -> str:
    """The values from `low` to `high`; only the larger one, so marked, where both do not fit."""
    least, most = quantity.text(low).strip(), quantity.text(high).strip()
    if least == most:
        return most
    number, unit = least.split(maxsplit=1)
    both = f"{number if most.endswith(' ' + unit) else least}–{most}"
    return both if len(both) <= width else f"≤ {most}"


def scale_text(quantity: Quantity, top: float) -> str:
    """The top of a scale in at most 4 cells: `100`, `1980`, `500M`."""
    number, unit = quantity.text(top).split(maxsplit=1)
    return f"{float(number):g}{unit[0] if unit.endswith('B/s') else ''}"
