"""A stand-in for the module pynvml: what each GPU answers is a plain dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

from sensors.gpus.fields import Field
from sensors.gpus.nvml_errors import Code

MEMORY_V2 = 0x02000028
GIB = 1024**3
MIB = 1024**2
# The instance of a process on a card that is not cut into some.
WHOLE = 0xFFFFFFFF


class FakeNvmlError(Exception):
    """What the fake module raises: a return code."""

    def __init__(self, value: int) -> None:
        super().__init__(f"code {value}")
        self.value = value


@dataclass(frozen=True)
class Fail:
    """An answer that is an error."""

    code: int


def process(pid: int, memory: int | None = GIB, instance: int = WHOLE) -> SimpleNamespace:
    """A row of a list of running processes."""
    return SimpleNamespace(pid=pid, usedGpuMemory=memory, gpuInstanceId=instance)


def use(pid: int, sm: int, at_us: int = 1, **others: int) -> SimpleNamespace:
    """A row of the processes' utilisation."""
    shares = {"memUtil": 0, "encUtil": 0, "decUtil": 0} | others
    return SimpleNamespace(pid=pid, smUtil=sm, timeStamp=at_us, **shares)


def fields(**changed: int | Fail) -> dict[int, int | Fail]:
    """The field values of a healthy GPU, by number."""
    healthy: dict[str, int | Fail] = {
        "POWER_AVERAGE_MW": 388_500,
        "ENERGY_MJ": 1_234_567,
        "MEMORY_TEMPERATURE_C": 61,
        "PCIE_TX_BYTES": 0,
        "PCIE_RX_BYTES": 0,
        "NVLINK_TX_KIB": 0,
        "NVLINK_RX_KIB": 0,
        "POWER_CAP_NS": 2_500_000_000,
        "SYNC_BOOST_NS": 0,
        "SW_THERMAL_NS": 0,
        "HW_THERMAL_NS": 0,
        "POWER_BRAKE_NS": 0,
        "ECC_CORRECTED": 3,
        "ECC_UNCORRECTED": 0,
        "REMAPPED_CORRECTABLE": 1,
        "REMAPPED_UNCORRECTABLE": 1,
        "REMAP_PENDING": 0,
        "REMAP_FAILED": 0,
        "RECOVERY_ACTION": 0,
    }
    return {int(Field[name]): number for name, number in (healthy | changed).items()}


def answers(**changed: Any) -> dict[Any, Any]:
    """What a healthy GPU answers, by function or by (function, arguments...)."""
    return {
        "nvmlDeviceGetUUID": b"GPU-0",
        "nvmlDeviceGetName": b"NVIDIA H200",
        "nvmlDeviceGetPciInfo": SimpleNamespace(busId=b"00000000:65:00.0"),
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=62, memory=40),
        ("nvmlDeviceGetMemoryInfo", MEMORY_V2): SimpleNamespace(
            used=10 * GIB, total=140 * GIB, reserved=GIB
        ),
        ("nvmlDeviceGetMemoryInfo",): SimpleNamespace(used=11 * GIB, total=140 * GIB),
        "nvmlDeviceGetTemperatureV": 54,
        "nvmlDeviceGetTemperature": 53,
        "nvmlDeviceGetTemperatureThreshold": 90,
        "nvmlDeviceGetPowerUsage": 377_000,
        "nvmlDeviceGetEnforcedPowerLimit": 700_000,
        "nvmlDeviceGetPowerManagementLimit": 650_000,
        "nvmlDeviceGetTotalEnergyConsumption": 1_111_000,
        ("nvmlDeviceGetClockInfo", 1): 1755,
        ("nvmlDeviceGetClockInfo", 2): 3201,
        ("nvmlDeviceGetMaxClockInfo", 1): 1980,
        ("nvmlDeviceGetMaxClockInfo", 2): 3202,
        "nvmlDeviceGetCurrentClocksEventReasons": 0x4,
        "nvmlDeviceGetCurrentClocksThrottleReasons": 0x1,
        "nvmlDeviceGetFanSpeed": 30,
        "nvmlDeviceGetFanSpeedRPM": 1_450,
        "nvmlDeviceGetBAR1MemoryInfo": SimpleNamespace(bar1Used=4 * MIB, bar1Total=256 * MIB),
        "nvmlDeviceGetPerformanceState": 0,
        "nvmlDeviceGetCurrPcieLinkGeneration": 5,
        "nvmlDeviceGetCurrPcieLinkWidth": 16,
        "nvmlDeviceGetMaxPcieLinkGeneration": 5,
        "nvmlDeviceGetMaxPcieLinkWidth": 16,
        ("nvmlDeviceGetPcieThroughput", 0): 2_000,
        ("nvmlDeviceGetPcieThroughput", 1): 7_000,
        "nvmlDeviceGetEncoderUtilization": [0, 167_000],
        "nvmlDeviceGetDecoderUtilization": [0, 167_000],
        "nvmlDeviceGetPersistenceMode": 1,
        "nvmlDeviceGetDisplayActive": 0,
        "nvmlDeviceGetComputeMode": 0,
        "nvmlDeviceGetMigMode": [0, 0],
        "nvmlDeviceGetTotalEccErrors": 0,
        "nvmlDeviceRegisterEvents": None,
        "nvmlGpmQueryDeviceSupport": SimpleNamespace(isSupportedDevice=1),
        "nvmlGpmSampleGet": True,
        "nvmlDeviceGetComputeRunningProcesses_v3": [],
        "nvmlDeviceGetGraphicsRunningProcesses_v3": [],
        "nvmlDeviceGetMPSComputeRunningProcesses_v3": [],
        "nvmlDeviceGetProcessUtilization": Fail(Code.NOT_FOUND),
        **changed,
    }


@dataclass
class FakeGpu:
    """A GPU; change `answers` and `fields` while a test runs."""

    answers: dict[Any, Any] = field(default_factory=answers)
    fields: dict[int, int | Fail] = field(default_factory=fields)

    def __bytes__(self) -> bytes:
        return id(self).to_bytes(8, "little")

    def answer_all(self, answer: Any) -> None:
        """Answer every question with the same."""
        self.answers = dict.fromkeys([*self.answers, "nvmlDeviceGetFieldValues"], answer)


class GpmRequest:
    """What `nvmlGpmMetricsGet` fills in."""

    def __init__(self) -> None:
        self.metrics = [SimpleNamespace(metricId=0, value=0.0, nvmlReturn=0) for _ in range(8)]
        self.version = self.numMetrics = 0
        self.sample1: object = None
        self.sample2: object = None


class FakeNvml(ModuleType):
    """The module; it counts calls by function and by (function, arguments...).

    Attributes:
        on_call: Called at each call, as where it takes time.
        events: Error reports that wait, as pairs of a GPU and a number.
        gpm: Shares by number of the metric.
        samples: GPM samples that were not given back.
    """

    NVMLError = FakeNvmlError
    nvmlMemory_v2 = MEMORY_V2  # noqa: N815 - NVIDIA's name
    c_nvmlGpmMetricsGet_t = GpmRequest  # noqa: N815 - NVIDIA's name

    def __init__(self, *gpus: FakeGpu) -> None:
        super().__init__("pynvml")
        self.gpus = list(gpus)
        self.calls: Counter[Any] = Counter()
        self.init_code = Code.SUCCESS
        self.system: dict[str, Any] = {
            "nvmlSystemGetDriverVersion": b"580.95.05",
            "nvmlSystemGetCudaDriverVersion_v2": 13000,
        }
        self.is_open = False
        self.on_call: Callable[[], None] = lambda: None
        self.events: list[tuple[FakeGpu, int]] = []
        self.gpm: dict[int, float] = {2: 50.0, 3: 40.0, 5: 30.0, 10: 20.0}
        self.samples: list[object] = []
        self.free_code = Code.SUCCESS

    def nvmlInit(self) -> None:  # noqa: N802 - NVIDIA's name
        self._count("nvmlInit")
        if self.init_code != Code.SUCCESS:
            raise FakeNvmlError(self.init_code)
        self.is_open = True

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVIDIA's name
        self._count("nvmlShutdown")
        self.is_open = False

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVIDIA's name
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:  # noqa: N802 - NVIDIA's name
        answer = self.gpus[index].answers.get("nvmlDeviceGetHandleByIndex")
        if isinstance(answer, Fail):
            raise FakeNvmlError(answer.code)
        return self.gpus[index]

    def nvmlDeviceGetFieldValues(self, gpu: FakeGpu, pairs: Any) -> list[Any]:  # noqa: N802
        self._count("nvmlDeviceGetFieldValues")
        answer = gpu.answers.get("nvmlDeviceGetFieldValues")
        if isinstance(answer, Fail):
            raise FakeNvmlError(answer.code)
        numbers = [gpu.fields.get(number, Fail(Code.NOT_SUPPORTED)) for number, _ in pairs]
        return [
            SimpleNamespace(nvmlReturn=n.code, valueType=3, value=SimpleNamespace(ullVal=0))
            if isinstance(n, Fail)
            else SimpleNamespace(nvmlReturn=0, valueType=3, value=SimpleNamespace(ullVal=n))
            for n in numbers
        ]

    def nvmlEventSetCreate(self) -> object:  # noqa: N802 - NVIDIA's name
        return object()

    def nvmlEventSetWait_v2(self, _events: object, timeout_ms: int) -> Any:  # noqa: N802
        self._count("nvmlEventSetWait_v2")
        assert timeout_ms == 0
        if not self.events:
            raise FakeNvmlError(Code.TIMEOUT)
        gpu, number = self.events.pop(0)
        return SimpleNamespace(device=gpu, eventType=8, eventData=number)

    def nvmlEventSetFree(self, _events: object) -> None:  # noqa: N802 - NVIDIA's name
        self._count("nvmlEventSetFree")

    def nvmlGpmSampleAlloc(self) -> object:  # noqa: N802 - NVIDIA's name
        self.samples.append(object())
        return self.samples[-1]

    def nvmlGpmSampleFree(self, sample: object) -> None:  # noqa: N802 - NVIDIA's name
        if self.free_code != Code.SUCCESS:
            raise FakeNvmlError(self.free_code)
        self.samples.remove(sample)

    def nvmlGpmSampleGet(self, gpu: FakeGpu, _sample: object) -> Any:  # noqa: N802
        return self._answer(gpu.answers, "nvmlGpmSampleGet", ())

    def nvmlGpmMigSampleGet(self, gpu: FakeGpu, instance: int, _sample: object) -> Any:  # noqa: N802
        return self._answer(gpu.answers, "nvmlGpmMigSampleGet", (instance,))

    def nvmlGpmMetricsGet(self, request: GpmRequest) -> GpmRequest:  # noqa: N802
        self._count("nvmlGpmMetricsGet")
        assert request.sample1 is not request.sample2
        for metric in request.metrics[: request.numMetrics]:
            metric.value = self.gpm[metric.metricId]
        return request

    def _count(self, *keys: Any) -> None:
        self.calls.update(keys)
        self.on_call()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("nvml"):
            raise AttributeError(name)

        def raw(*arguments: Any) -> Any:
            if name.startswith("nvmlSystem"):
                return self._answer(self.system, name, arguments)
            gpu, *rest = arguments
            return self._answer(gpu.answers, name, tuple(rest))

        def call(*arguments: Any) -> Any:
            answer = raw(*arguments)
            return answer.decode() if isinstance(answer, bytes) else answer

        call.__wrapped__ = raw  # type: ignore[attr-defined]
        return call

    def _answer(self, known: dict[Any, Any], name: str, arguments: tuple[Any, ...]) -> Any:
        question = (name, *arguments)
        self._count(name, question)
        answer = known.get(question, known.get(name, Fail(Code.FUNCTION_NOT_FOUND)))
        if isinstance(answer, Fail):
            raise FakeNvmlError(answer.code)
        return answer
