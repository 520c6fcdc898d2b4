"""The records about GPUs and their driver: frozen, with units in the names.

A field is None when the card or the driver does not report it; zero always means zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ON_REQUEST = "measured on request"
"""Why a card's inner activity is not known while nobody asked for it."""
TOO_SOON = "needs two looks"
"""Why it is not known yet."""


class GpuState(StrEnum):
    """How a GPU answers."""

    OK = "ok"
    ASLEEP = "asleep"
    LOST = "lost"
    FAILED = "failed"


class NvmlState(StrEnum):
    """How far the NVIDIA driver has answered; silent: it did, and what is there is from before."""

    STARTING = "starting"
    OK = "ok"
    SILENT = "silent"
    NO_LIBRARY = "no-library"
    NO_DRIVER = "no-driver"
    MISMATCH = "driver-library-mismatch"
    NO_PERMISSION = "no-permission"
    FAILED = "failed"


class Severity(StrEnum):
    """How much a clock limit matters."""

    INFORMATION = "information"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimit:
    """One reason why the driver holds a GPU's clocks down.

    Attributes:
        name: Short stable name, as in JSON: `power-cap`, `hw-thermal`, ...
        text: The same in words, for the screen.
        severity: Idle and chosen clocks are information, a power cap a warning, heat critical.
    """

    name: str
    text: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class MigInstance:
    """One instance of a GPU that is cut into several (MIG).

    Attributes:
        index: Number of the MIG device on its card, counted from 0.
        uuid: The instance's identity.
        profile: Its kind: `1g.10gb`, `3g.40gb`, ...
        gpu_instance: Id of the GPU instance, as `nvidia-smi` shows it.
        compute_instance: Id of the compute instance in it.
        memory_used_bytes: Memory in use on the instance.
        memory_total_bytes: All memory of the instance.
        bar1_used_bytes: Addresses of its PCI window (BAR1) in use.
        bar1_total_bytes: Size of that window.
        sm_busy_pct: Share of its multiprocessors that were busy (GPM); None where not measured.
    """

    index: int
    uuid: str
    profile: str | None = None
    gpu_instance: int | None = None
    compute_instance: int | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    bar1_used_bytes: int | None = None
    bar1_total_bytes: int | None = None
    sm_busy_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """One GPU's readings at one instant.

    A field is None when this driver or card does not report it; zero always means zero.

    Attributes:
        index: NVML index, counted from 0.
        uuid: The card's identity, stable over reboots.
        name: Product name as the driver gives it.
        state: Whether the card still answers.
        state_since_s: Since when it is in a state other than ok, wall clock in seconds since
            the epoch; None while it is ok.
        pci_bus_id: Its place on the PCI bus, such as `00000000:65:00.0`.
        persistence_mode: Whether the driver stays loaded while nobody uses the card.
        display_active: Whether a display is driven by it.
        compute_mode: Who may compute on it: `default`, `exclusive-process`, `prohibited`.
        busy_pct: Share of the driver's last window with any kernel running, 0 to 100.
        memory_busy_pct: Share of that window in which device memory was read or written.
        encoder_pct: Use of the video encoder.
        decoder_pct: Use of the video decoder.
        sm_busy_pct: Share of the multiprocessors that were busy; like all that follow up to
            `dram_busy_pct` measured on request only (GPM, Hopper and newer).
        sm_occupancy_pct: Warps resident, of the most there could be.
        tensor_busy_pct: Share of time in which the tensor cores worked.
        dram_busy_pct: Device memory bandwidth in use, of the most there could be.
        memory_used_bytes: Memory in use by all processes, without what the driver reserves
            where the driver tells the two apart.
        memory_reserved_bytes: Memory the driver keeps for itself.
        memory_total_bytes: All memory of the card.
        bar1_used_bytes: Addresses in use of the window (BAR1) through which the host and other
            cards reach its memory.
        bar1_total_bytes: Size of that window.
        memory_is_shared: Whether the card has no memory of its own: the figures are the host's.
        temperature_c: Core temperature in degrees Celsius.
        temperature_slowdown_c: Core temperature at which the driver slows the card.
        memory_temperature_c: Temperature of the device memory.
        fan_pct: Intended fan speed as a share of its maximum.
        fan_rpm: Turns a minute of its first fan.
        power_w: Power drawn; a one-second average on Ampere and newer.
        power_limit_w: The limit the driver enforces.
        energy_j: Energy drawn since the driver was loaded.
        sm_clock_mhz: Clock of the streaming multiprocessors.
        sm_clock_max_mhz: Highest clock of the streaming multiprocessors.
        memory_clock_mhz: Memory clock.
        memory_clock_max_mhz: Highest memory clock.
        performance_state: P-state, 0 (fastest) to 15.
        clock_limits: Why clocks are held down; empty means nothing holds them, None unknown.
        clock_limit_s: Seconds for which each clock limit has held clocks since the driver was
            loaded, by its name; only those the card counts. None where it counts none.
        pcie_rx_bytes_per_s: Bytes a second from the host to the card.
        pcie_tx_bytes_per_s: Bytes a second from the card to the host.
        pcie_generation: Current PCIe link generation.
        pcie_generation_max: Newest generation that card and slot could use.
        pcie_width: Current number of PCIe lanes.
        pcie_width_max: Most lanes that card and slot could use.
        nvlink_rx_bytes_per_s: Bytes a second that came in over all NVLinks.
        nvlink_tx_bytes_per_s: Bytes a second that went out over all NVLinks.
        ecc_corrected: Memory errors corrected since the driver was loaded.
        ecc_uncorrected: Memory errors that could not be corrected since the driver was loaded.
        remapped_rows: Rows of device memory replaced by spare ones so far.
        remap_pending: Whether a row waits for the next reset to be replaced.
        remap_failed: Whether replacing a row failed: the card should be exchanged.
        recovery_action: What the driver asks for to mend the card: `reset`, `reboot`, ...; None
            for nothing.
        last_xid: Number of the driver's last error report (Xid) since readings began.
        last_xid_at_s: When it came, wall clock in seconds since the epoch.
        mig_enabled: Whether the card is cut into instances; None where it cannot be.
        mig_instances: Its instances.
        unknown: Why a field is None, by its name: `not supported`, `no permission`, ...; under
            `processes`, why the card's processes are not known.
    """

    index: int
    uuid: str
    name: str
    state: GpuState = GpuState.OK
    state_since_s: float | None = None
    pci_bus_id: str | None = None
    persistence_mode: bool | None = None
    display_active: bool | None = None
    compute_mode: str | None = None
    busy_pct: float | None = None
    memory_busy_pct: float | None = None
    encoder_pct: float | None = None
    decoder_pct: float | None = None
    sm_busy_pct: float | None = None
    sm_occupancy_pct: float | None = None
    tensor_busy_pct: float | None = None
    dram_busy_pct: float | None = None
    memory_used_bytes: int | None = None
    memory_reserved_bytes: int | None = None
    memory_total_bytes: int | None = None
    bar1_used_bytes: int | None = None
    bar1_total_bytes: int | None = None
    memory_is_shared: bool = False
    temperature_c: float | None = None
    temperature_slowdown_c: float | None = None
    memory_temperature_c: float | None = None
    fan_pct: float | None = None
    fan_rpm: int | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    energy_j: float | None = None
    sm_clock_mhz: int | None = None
    sm_clock_max_mhz: int | None = None
    memory_clock_mhz: int | None = None
    memory_clock_max_mhz: int | None = None
    performance_state: int | None = None
    clock_limits: tuple[ClockLimit, ...] | None = None
    clock_limit_s: Mapping[str, float] | None = None
    pcie_rx_bytes_per_s: float | None = None
    pcie_tx_bytes_per_s: float | None = None
    pcie_generation: int | None = None
    pcie_generation_max: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    nvlink_rx_bytes_per_s: float | None = None
    nvlink_tx_bytes_per_s: float | None = None
    ecc_corrected: int | None = None
    ecc_uncorrected: int | None = None
    remapped_rows: int | None = None
    remap_pending: bool | None = None
    remap_failed: bool | None = None
    recovery_action: str | None = None
    last_xid: int | None = None
    last_xid_at_s: float | None = None
    mig_enabled: bool | None = None
    mig_instances: tuple[MigInstance, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverReading:
    """What is known of the NVIDIA driver.

    Attributes:
        state: How far it has answered.
        problem: What is wrong, in a sentence for people; None when nothing is.
        remedy: What to do about it.
        driver_version: Version of the kernel driver, such as `580.95.05`.
        cuda_version: Newest CUDA version the driver supports, such as `13.0`.
    """

    state: NvmlState
    problem: str | None = None
    remedy: str | None = None
    driver_version: str | None = None
    cuda_version: str | None = None
