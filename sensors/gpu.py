"""One NVIDIA GPU: its questions, each asked as often as its answer changes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from sensors.clock_limits import clock_limits
from sensors.gpu_readings import GpuReading, GpuState
from sensors.nvml_errors import PERMANENT, Code
from sensors.questions import Answer, CardLostError, Question, Questions
from sensors.readings import ProcessReading

SLOW_EVERY_S = 5.0
# Listing processes is the dearest question: milliseconds on some drivers.
PROCESSES_EVERY_S = 2.0

TEMPERATURE_GPU = 0
THRESHOLD_SLOWDOWN = 1
CLOCK_SM = 1
CLOCK_MEMORY = 2
P_STATE_UNKNOWN = 32
FIELD_PCIE_TX_BYTES = 197
FIELD_PCIE_RX_BYTES = 198
# How a field value says which member of its union holds the number.
_UNION_MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal"}

_ONCE: dict[str, tuple[Question, ...]] = {
    "temperature_slowdown_c": (("nvmlDeviceGetTemperatureThreshold", THRESHOLD_SLOWDOWN),),
    "sm_clock_max_mhz": (("nvmlDeviceGetMaxClockInfo", CLOCK_SM),),
    "memory_clock_max_mhz": (("nvmlDeviceGetMaxClockInfo", CLOCK_MEMORY),),
}
_SLOW: dict[str, tuple[Question, ...]] = {
    "fan_pct": (("nvmlDeviceGetFanSpeed",),),
    "power_limit_w": (("nvmlDeviceGetEnforcedPowerLimit",), ("nvmlDeviceGetPowerManagementLimit",)),
    "performance_state": (("nvmlDeviceGetPerformanceState",),),
    "pcie_generation": (("nvmlDeviceGetCurrPcieLinkGeneration",),),
    "pcie_width": (("nvmlDeviceGetCurrPcieLinkWidth",),),
}
_FAST: dict[str, tuple[Question, ...]] = {
    "temperature_c": (
        ("nvmlDeviceGetTemperatureV", TEMPERATURE_GPU),
        ("nvmlDeviceGetTemperature", TEMPERATURE_GPU),
    ),
    "power_w": (("nvmlDeviceGetPowerUsage",),),
    "energy_j": (("nvmlDeviceGetTotalEnergyConsumption",),),
    "sm_clock_mhz": (("nvmlDeviceGetClockInfo", CLOCK_SM),),
    "memory_clock_mhz": (("nvmlDeviceGetClockInfo", CLOCK_MEMORY),),
    "clock_limits": (
        ("nvmlDeviceGetCurrentClocksEventReasons",),
        ("nvmlDeviceGetCurrentClocksThrottleReasons",),
    ),
}
_CONVERSIONS: dict[str, Callable[[Answer], object]] = {
    "power_limit_w": lambda milliwatts: milliwatts / 1e3,
    "power_w": lambda milliwatts: milliwatts / 1e3,
    "energy_j": lambda millijoules: millijoules / 1e3,
    "clock_limits": clock_limits,
    "performance_state": lambda state: None if state == P_STATE_UNKNOWN else state,
}


class Gpu:
    """One card, asked anew at each `read`.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        handle: NVML's handle of the card; None for one that cannot be asked.
        index: NVML index.
        state: How the card counts while it has no handle.

    Attributes:
        index: NVML index.
        uuid: The card's identity.
        name: Product name.
        state: How it answered last.
        processes: What used it when last asked; CPU side unknown.
    """

    def __init__(
        self, nvml: ModuleType, handle: object, index: int, state: GpuState = GpuState.OK
    ) -> None:
        self._nvml = nvml
        self._questions = Questions(nvml, handle)
        self._has_handle = handle is not None
        self.index = index
        self.state = state
        self.uuid = f"unknown-{index}"
        self.name = "NVIDIA GPU"
        self.processes: tuple[ProcessReading, ...] = ()
        self._slow: dict[str, Any] = {}
        self._slow_due_s = 0.0
        self._processes_due_s = 0.0
        self._processes_seen_us: int | None = None
        self._counts_pcie = True
        self._pcie: tuple[float, tuple[int | None, ...]] | None = None
        if self._has_handle:
            self._identify()

    def give_up(self, state: GpuState) -> None:
        """Ask this card nothing more: its handle is void."""
        self._has_handle = False
        self.state = state
        self.processes = ()

    def read(self, now_s: float, wall_s: float) -> GpuReading:
        """The card's readings; only its identity and state where it does not answer.

        Args:
            now_s: Monotonic clock.
            wall_s: Wall clock.

        Raises:
            DriverGoneError: NVML must be opened anew.
        """
        fields: dict[str, Any] = {}
        if self._has_handle:
            self._questions.start()
            try:
                fields = self._fields(now_s)
                self._read_processes(now_s, wall_s)
                silent = self._questions.failed and not self._questions.answered
                self.state = GpuState.FAILED if silent else GpuState.OK
            except CardLostError:
                self.state = GpuState.LOST
        if self.state is not GpuState.OK:
            fields, self.processes = {}, ()
        return GpuReading(
            index=self.index, uuid=self.uuid, name=self.name, state=self.state, **fields
        )

    def _identify(self) -> None:
        try:
            self.uuid = self._questions.ask_text("nvmlDeviceGetUUID") or self.uuid
            self.name = self._questions.ask_text("nvmlDeviceGetName") or self.name
        except CardLostError:
            self.state = GpuState.LOST

    def _fields(self, now_s: float) -> dict[str, Any]:
        fields = self._answers(_FAST)
        use = self._questions.ask("nvmlDeviceGetUtilizationRates")
        if use is not None:
            fields |= {"busy_pct": _share(use.gpu), "memory_busy_pct": _share(use.memory)}
        fields |= self._memory() | self._pcie_rates(now_s)
        if now_s >= self._slow_due_s:
            self._slow_due_s = now_s + SLOW_EVERY_S
            missing = {name: ask for name, ask in _ONCE.items() if self._slow.get(name) is None}
            self._slow |= self._answers(_SLOW) | self._answers(missing)
        return fields | self._slow

    def _answers(self, questions: dict[str, tuple[Question, ...]]) -> dict[str, Any]:
        answers = {}
        for name, alternatives in questions.items():
            answer = self._questions.ask_first(*alternatives)
            convert = _CONVERSIONS.get(name)
            answers[name] = convert(answer) if convert and answer is not None else answer
        return answers

    def _memory(self) -> dict[str, Any]:
        # Only version 2 tells what the driver reserves from what programs use.
        version = getattr(self._nvml, "nvmlMemory_v2", None)
        known = [("nvmlDeviceGetMemoryInfo", version)] if version else []
        memory = self._questions.ask_first(*known, ("nvmlDeviceGetMemoryInfo",))
        if memory is None:
            return {}
        return {
            "memory_used_bytes": memory.used,
            "memory_total_bytes": memory.total,
            "memory_reserved_bytes": getattr(memory, "reserved", None),
        }

    def _pcie_rates(self, now_s: float) -> dict[str, Any]:
        """Differences of byte counters: NVML's own rate blocks for 20 ms a direction."""
        if not self._counts_pcie:
            return {}
        fields = (FIELD_PCIE_TX_BYTES, FIELD_PCIE_RX_BYTES)
        values = self._questions.ask("nvmlDeviceGetFieldValues", fields)
        self._counts_pcie = not values or any(v.nvmlReturn not in PERMANENT for v in values)
        counts = tuple(_number(value) for value in values or (None, None))
        before, self._pcie = self._pcie, (now_s, counts)
        if before is None or now_s <= before[0]:
            return {}
        tx, rx = (
            (new - old) / (now_s - before[0])
            if new is not None and old is not None and new >= old
            else None
            for new, old in zip(counts, before[1], strict=True)
        )
        return {"pcie_tx_bytes_per_s": tx, "pcie_rx_bytes_per_s": rx}

    def _read_processes(self, now_s: float, wall_s: float) -> None:
        if now_s < self._processes_due_s:
            return
        self._processes_due_s = now_s + PROCESSES_EVERY_S
        memory: dict[int, int | None] = {}
        for kind in ("Compute", "Graphics"):
            for pid, size in self._memory_by_process(kind).items():
                memory[pid] = _larger(memory.get(pid), size)
        busy = self._busy_by_process(wall_s) if memory else {}
        self.processes = tuple(
            ProcessReading(
                pid=pid,
                gpu_uuid=self.uuid,
                gpu_index=self.index,
                gpu_memory_bytes=size,
                # A process that used nothing has no row.
                gpu_busy_pct=None if busy is None else busy.get(pid, 0.0),
            )
            for pid, size in memory.items()
        )

    def _memory_by_process(self, kind: str) -> dict[int, int | None]:
        """Memory of each process; parts of it on several MIG instances are added up."""
        function = f"nvmlDeviceGet{kind}RunningProcesses"
        listed = self._questions.ask_first((f"{function}_v3",), (f"{function}_v2",))
        memory: dict[int, int | None] = {}
        for process in listed or ():
            before, size = memory.get(process.pid), process.usedGpuMemory
            memory[process.pid] = size if before is None or size is None else before + size
        return memory

    def _busy_by_process(self, wall_s: float) -> dict[int, float | None] | None:
        """Share of the time since the last call with kernels of each process running."""
        now_us = int(wall_s * 1e6)
        since_us = min(self._processes_seen_us or now_us - 2_000_000, now_us)
        samples = self._questions.ask_list("nvmlDeviceGetProcessUtilization", since_us)
        if samples is None:
            return None
        newest = sorted(samples, key=lambda sample: sample.timeStamp)
        if newest:
            self._processes_seen_us = newest[-1].timeStamp
        return {sample.pid: _share(sample.smUtil) for sample in newest}


def _share(value: float) -> float | None:
    """A percentage; None for what drivers put there when they have none."""
    return float(value) if 0 <= value <= 100 else None


def _number(value: Answer) -> int | None:
    """The number in a field value; None where this field has none."""
    if value is None or value.nvmlReturn != Code.SUCCESS:
        return None
    number: int = getattr(value.value, _UNION_MEMBERS.get(value.valueType, "ullVal"))
    return number


def _larger(one: int | None, other: int | None) -> int | None:
    return max((size for size in (one, other) if size is not None), default=None)
