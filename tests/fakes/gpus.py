"""Scripted GPUs of many kinds, with all that such a card reports."""

from __future__ import annotations

import math
from dataclasses import replace

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, GpuState, MigInstance

GIB = 1024**3
MIB = 1024**2
EPOCH_START_S = 1_780_000_000.0
FULL_LOAD_PCT = 85


def _busy_pct(index: int, second: float) -> float:
    return 62 + 30 * math.sin(second / 5 + index)


def gpu(index: int, second: float) -> GpuReading:
    """An H200 under a training load, at a second of its scene; now and then at its power limit."""
    busy = _busy_pct(index, second)
    capped_s = 12.0 + sum(_busy_pct(index, past) > FULL_LOAD_PCT for past in range(int(second)))
    return GpuReading(
        index=index,
        uuid=f"GPU-{index:08d}-0000-0000-0000-000000000000",
        name="NVIDIA H200",
        pci_bus_id=f"00000000:{0x19 + 16 * index:02X}:00.0",
        persistence_mode=True,
        display_active=False,
        compute_mode="default",
        busy_pct=busy,
        memory_busy_pct=busy / 3,
        encoder_pct=0.0,
        decoder_pct=0.0,
        memory_used_bytes=int((19.4 + 0.02 * second) * GIB),
        memory_reserved_bytes=int(0.6 * GIB),
        memory_total_bytes=int(139.8 * GIB),
        temperature_c=54.0,
        temperature_slowdown_c=90.0,
        memory_temperature_c=62.0,
        power_w=388 + busy / 2,
        power_limit_w=700.0,
        energy_j=1e6 + 400 * second,
        sm_clock_mhz=1740 if busy > FULL_LOAD_PCT else 1980,
        sm_clock_max_mhz=1980,
        memory_clock_mhz=2619,
        memory_clock_max_mhz=2619,
        performance_state=0,
        clock_limits=clock_limits(0x4 if busy > FULL_LOAD_PCT else 0),
        clock_limit_s={"power-cap": capped_s, "sw-thermal": 0.0, "hw-thermal": 0.0},
        pcie_rx_bytes_per_s=1.2e9,
        pcie_tx_bytes_per_s=0.3e9,
        pcie_generation=5,
        pcie_generation_max=5,
        pcie_width=16,
        pcie_width_max=16,
        nvlink_rx_bytes_per_s=18.4e9,
        nvlink_tx_bytes_per_s=17.9e9,
        ecc_corrected=0,
        ecc_uncorrected=0,
        remapped_rows=0,
        remap_pending=False,
        remap_failed=False,
        mig_enabled=False,
    )


def profiled(index: int, second: float) -> GpuReading:
    """The same with its inner activity measured."""
    card = gpu(index, second)
    busy = card.busy_pct or 0.0
    return replace(
        card,
        sm_busy_pct=0.8 * busy,
        sm_occupancy_pct=0.4 * busy,
        tensor_busy_pct=0.3 * busy,
        dram_busy_pct=0.5 * busy,
    )


def bare(index: int) -> GpuReading:
    """A card that reports nothing, as a Jetson's does, and says why."""
    fields = ("busy_pct", "memory_used_bytes", "temperature_c", "power_w", "sm_clock_mhz")
    unknown = dict.fromkeys((*fields, "clock_limits"), "not supported")
    return GpuReading(index=index, uuid=f"GPU-bare-{index}", name="Orin (nvgpu)", unknown=unknown)


def lost(index: int) -> GpuReading:
    """A card that fell off the bus."""
    return GpuReading(
        index=index,
        uuid=f"GPU-{index:08d}-0000-0000-0000-000000000000",
        name="NVIDIA H200",
        state=GpuState.LOST,
        state_since_s=EPOCH_START_S - 100,
    )


def failed(index: int) -> GpuReading:
    """A card that answers with errors only."""
    return replace(lost(index), state=GpuState.FAILED)


def asleep(index: int) -> GpuReading:
    """A laptop's card that its system put to sleep."""
    return GpuReading(
        index=index,
        uuid=f"GPU-asleep-{index}",
        name="NVIDIA GeForce RTX 4060 Laptop GPU",
        state=GpuState.ASLEEP,
        state_since_s=EPOCH_START_S - 100,
    )


def laptop(index: int, second: float) -> GpuReading:
    """A laptop's card: no power limit, no fan, no counters; it encodes video."""
    return GpuReading(
        index=index,
        uuid=f"GPU-laptop-{index}",
        name="NVIDIA GeForce RTX 4060 Laptop GPU",
        pci_bus_id="00000000:01:00.0",
        persistence_mode=False,
        display_active=True,
        compute_mode="default",
        busy_pct=37 + 10 * math.sin(second / 3),
        memory_busy_pct=11.0,
        encoder_pct=23.0,
        decoder_pct=4.0,
        memory_used_bytes=int(2.31 * GIB),
        memory_reserved_bytes=int(0.28 * GIB),
        memory_total_bytes=8 * GIB,
        temperature_c=71.0,
        temperature_slowdown_c=87.0,
        power_w=41.0,
        sm_clock_mhz=1980,
        sm_clock_max_mhz=3105,
        memory_clock_mhz=8001,
        memory_clock_max_mhz=8001,
        performance_state=0,
        clock_limits=clock_limits(0x4),
        pcie_rx_bytes_per_s=31e6,
        pcie_tx_bytes_per_s=2.4e6,
        pcie_generation=3,
        pcie_generation_max=4,
        pcie_width=8,
        pcie_width_max=8,
        unknown={"power_limit_w": "not supported", "fan_pct": "not supported"},
    )


def gb10(index: int, second: float) -> GpuReading:
    """A GB10, whose memory is the host's."""
    return GpuReading(
        index=index,
        uuid=f"GPU-gb10-{index}",
        name="NVIDIA GB10",
        pci_bus_id="0000000F:01:00.0",
        persistence_mode=True,
        display_active=False,
        compute_mode="default",
        busy_pct=91 + 6 * math.sin(second),
        memory_busy_pct=0.0,
        memory_used_bytes=int(71.3 * GIB),
        memory_total_bytes=int(119.7 * GIB),
        memory_is_shared=True,
        temperature_c=68.0,
        power_w=83.0,
        sm_clock_mhz=2405,
        sm_clock_max_mhz=3003,
        performance_state=0,
        clock_limits=(),
        energy_j=4.2e7 + 83 * second,
        unknown={"power_limit_w": "not supported", "memory_clock_mhz": "not supported"},
    )


def mig(index: int, second: float) -> GpuReading:
    """An H200 cut into three instances."""
    sizes = (("3g.71gb", 69.5, 40.1), ("3g.71gb", 69.5, 0.0), ("1g.18gb", 16.0, 9.7))
    return replace(
        gpu(index, second),
        busy_pct=None,
        memory_busy_pct=None,
        mig_enabled=True,
        mig_instances=tuple(
            MigInstance(
                index=number,
                uuid=f"MIG-{index}-{number}",
                profile=profile,
                gpu_instance=number + 1,
                compute_instance=0,
                memory_used_bytes=int(used * GIB),
                memory_total_bytes=int(total * GIB),
                bar1_used_bytes=3 * MIB,
                bar1_total_bytes=int(total * GIB),
                sm_busy_pct=33.0 * number,
            )
            for number, (profile, total, used) in enumerate(sizes)
        ),
        unknown={"busy_pct": "not with MIG"},
    )


def hot(index: int, second: float) -> GpuReading:
    """An L40S in a full box without air, at half its clocks."""
    return replace(
        gpu(index, second),
        name="NVIDIA L40S",
        memory_total_bytes=int(44.99 * GIB),
        memory_temperature_c=None,
        temperature_c=91.0,
        fan_pct=100.0,
        fan_rpm=3_480,
        bar1_used_bytes=21 * MIB,
        bar1_total_bytes=64 * GIB,
        power_w=211.0,
        power_limit_w=350.0,
        sm_clock_mhz=855,
        sm_clock_max_mhz=2520,
        clock_limits=clock_limits(0x68),
        clock_limit_s={"power-cap": 3.2, "sw-thermal": 40 + second, "hw-thermal": 7 + second / 2},
        nvlink_rx_bytes_per_s=None,
        nvlink_tx_bytes_per_s=None,
        mig_enabled=None,
    )


def broken(index: int, second: float) -> GpuReading:
    """An H200 with failing memory."""
    return replace(
        gpu(index, second),
        ecc_corrected=1_204,
        ecc_uncorrected=3,
        remapped_rows=2,
        remap_pending=True,
        remap_failed=True,
        recovery_action="reset",
        last_xid=94,
        last_xid_at_s=EPOCH_START_S - 30,
    )


def zoo(second: float) -> tuple[GpuReading, ...]:
    """One of each kind."""
    kinds = (profiled, mig, hot, laptop, gb10, broken)
    cards = [make(index, second) for index, make in enumerate(kinds)]
    return (*cards, lost(6), asleep(7), failed(8), bare(9))
