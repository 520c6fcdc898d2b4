"""A stand-in for the module pynvml: what each GPU answers is a plain dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

from sensors.nvml_errors import Code

MEMORY_V2 = 0x02000028
GIB = 1024**3


class FakeNvmlError(Exception):
    """What the fake module raises: a return code."""

    def __init__(self, value: int) -> None:
        super().__init__(f"code {value}")
        self.value = value


@dataclass(frozen=True)
class Fail:
    """An answer that is an error."""

    code: int


def field_value(number: int, code: int = Code.SUCCESS) -> SimpleNamespace:
    """One value of `nvmlDeviceGetFieldValues`, an unsigned long long."""
    return SimpleNamespace(nvmlReturn=code, valueType=3, value=SimpleNamespace(ullVal=number))


def process(pid: int, memory: int | None = GIB) -> SimpleNamespace:
    """A row of a list of running processes."""
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)


def use(pid: int, sm: int, at_us: int = 1) -> SimpleNamespace:
    """A row of the processes' utilisation."""
    return SimpleNamespace(pid=pid, smUtil=sm, timeStamp=at_us)


def answers(**changed: Any) -> dict[Any, Any]:
    """What a healthy GPU answers, by function or by (function, arguments...)."""
    return {
        "nvmlDeviceGetUUID": b"GPU-0",
        "nvmlDeviceGetName": b"NVIDIA H200",
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=62, memory=40),
        ("nvmlDeviceGetMemoryInfo", MEMORY_V2): SimpleNamespace(
            used=10 * GIB, total=140 * GIB, reserved=GIB
        ),
        ("nvmlDeviceGetMemoryInfo",): SimpleNamespace(used=11 * GIB, total=140 * GIB),
        "nvmlDeviceGetTemperatureV": 54,
        "nvmlDeviceGetTemperature": 53,
        "nvmlDeviceGetTemperatureThreshold": 90,
        "nvmlDeviceGetPowerUsage": 388_500,
        "nvmlDeviceGetEnforcedPowerLimit": 700_000,
        "nvmlDeviceGetPowerManagementLimit": 650_000,
        "nvmlDeviceGetTotalEnergyConsumption": 1_234_567,
        ("nvmlDeviceGetClockInfo", 1): 1755,
        ("nvmlDeviceGetClockInfo", 2): 3201,
        ("nvmlDeviceGetMaxClockInfo", 1): 1980,
        ("nvmlDeviceGetMaxClockInfo", 2): 3202,
        "nvmlDeviceGetCurrentClocksEventReasons": 0x4,
        "nvmlDeviceGetCurrentClocksThrottleReasons": 0x1,
        "nvmlDeviceGetFieldValues": [field_value(0), field_value(0)],
        "nvmlDeviceGetFanSpeed": 30,
        "nvmlDeviceGetPerformanceState": 0,
        "nvmlDeviceGetCurrPcieLinkGeneration": 5,
        "nvmlDeviceGetCurrPcieLinkWidth": 16,
        "nvmlDeviceGetComputeRunningProcesses_v3": [],
        "nvmlDeviceGetGraphicsRunningProcesses_v3": [],
        "nvmlDeviceGetProcessUtilization": Fail(Code.NOT_FOUND),
        **changed,
    }


@dataclass
class FakeGpu:
    """A GPU; change `answers` while a test runs."""

    answers: dict[Any, Any] = field(default_factory=answers)

    def answer_all(self, answer: Any) -> None:
        """Answer every question with the same."""
        self.answers = dict.fromkeys(self.answers, answer)


class FakeNvml(ModuleType):
    """The module; it counts calls by function and by (function, arguments...)."""

    NVMLError = FakeNvmlError
    nvmlMemory_v2 = MEMORY_V2  # noqa: N815 - NVIDIA's name

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

    def nvmlInit(self) -> None:  # noqa: N802 - NVIDIA's name
        self.calls["nvmlInit"] += 1
        if self.init_code != Code.SUCCESS:
            raise FakeNvmlError(self.init_code)
        self.is_open = True

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVIDIA's name
        self.calls["nvmlShutdown"] += 1
        self.is_open = False

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVIDIA's name
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeGpu:  # noqa: N802 - NVIDIA's name
        answer = self.gpus[index].answers.get("nvmlDeviceGetHandleByIndex")
        if isinstance(answer, Fail):
            raise FakeNvmlError(answer.code)
        return self.gpus[index]

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
        self.calls[name] += 1
        self.calls[question] += 1
        answer = known.get(question, known.get(name, Fail(Code.FUNCTION_NOT_FOUND)))
        if isinstance(answer, Fail):
            raise FakeNvmlError(answer.code)
        return answer
