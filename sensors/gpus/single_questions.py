"""What a GPU is asked for each field that one question answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from sensors.gpus.fields import Field
from sensors.gpus.questions import Answer, Question
from sensors.gpus.schedule import OFTEN_S, ONCE_S, RARELY_S, SELDOM_S

_CLOCK_SM = 1
_CLOCK_MEMORY = 2
_TEMPERATURE_GPU = 0
_P_STATE_UNKNOWN = 32
_COMPUTE_MODES = ("default", "exclusive-thread", "prohibited", "exclusive-process")
_THRESHOLD_SLOWDOWN = 1
_CORRECTED, _UNCORRECTED = 0, 1
_SINCE_DRIVER_LOAD = 0
_ACTIONS = (
    None,
    "reset",
    "reboot",
    "drain-p2p",
    "drain-and-reset",
    "recover-imex-domain",
    "bus-reset",
    "system-reboot",
)


def as_is(answer: Answer) -> object:
    """The answer itself."""
    return answer


def share_pct(value: float) -> float | None:
    """A percentage; None for what drivers put there when they have none."""
    return float(value) if 0 <= value <= 100 else None


def from_milli(value: float) -> float:
    """Watts from milliwatts, joules from millijoules."""
    return value / 1e3


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field of a reading that one question answers.

    Attributes:
        name: Name of the field.
        questions: The question, by its newer names first.
        every_s: How often it is asked.
        convert: Makes the field of the answer.
        idle_every_s: How often it is asked while it is zero; None for no less.
    """

    name: str
    questions: tuple[Question, ...]
    every_s: float
    convert: Callable[[Answer], object] = as_is
    idle_every_s: float | None = None


def _is_on(answer: Answer) -> bool:
    return bool(answer)


def _codec_pct(answer: Answer) -> float | None:
    return share_pct(answer[0])


def _p_state(answer: Answer) -> int | None:
    return None if answer == _P_STATE_UNKNOWN else int(answer)


def _compute_mode(answer: Answer) -> str:
    return _COMPUTE_MODES[answer] if answer in range(len(_COMPUTE_MODES)) else f"mode-{answer}"


def _ecc(name: str, kind: int) -> PlainField:
    question = ("nvmlDeviceGetTotalEccErrors", kind, _SINCE_DRIVER_LOAD)
    return PlainField(name, (question,), SELDOM_S)


def _codec(name: str, function: str) -> PlainField:
    return PlainField(name, ((function,),), OFTEN_S, _codec_pct, idle_every_s=SELDOM_S)


PLAIN_FIELDS = (
    PlainField(
        "temperature_c",
        (
            ("nvmlDeviceGetTemperatureV", _TEMPERATURE_GPU),
            ("nvmlDeviceGetTemperature", _TEMPERATURE_GPU),
        ),
        OFTEN_S,
    ),
    PlainField("sm_clock_mhz", (("nvmlDeviceGetClockInfo", _CLOCK_SM),), OFTEN_S),
    PlainField("memory_clock_mhz", (("nvmlDeviceGetClockInfo", _CLOCK_MEMORY),), SELDOM_S),
    PlainField("fan_pct", (("nvmlDeviceGetFanSpeed",),), SELDOM_S),
    PlainField("fan_rpm", (("nvmlDeviceGetFanSpeedRPM",),), SELDOM_S),
    PlainField(
        "power_limit_w",
        (("nvmlDeviceGetEnforcedPowerLimit",), ("nvmlDeviceGetPowerManagementLimit",)),
        SELDOM_S,
        from_milli,
    ),
    PlainField("performance_state", (("nvmlDeviceGetPerformanceState",),), SELDOM_S, _p_state),
    PlainField("pcie_generation", (("nvmlDeviceGetCurrPcieLinkGeneration",),), SELDOM_S),
    PlainField("pcie_width", (("nvmlDeviceGetCurrPcieLinkWidth",),), SELDOM_S),
    _codec("encoder_pct", "nvmlDeviceGetEncoderUtilization"),
    _codec("decoder_pct", "nvmlDeviceGetDecoderUtilization"),
    PlainField("persistence_mode", (("nvmlDeviceGetPersistenceMode",),), RARELY_S, _is_on),
    PlainField("display_active", (("nvmlDeviceGetDisplayActive",),), RARELY_S, _is_on),
    PlainField("compute_mode", (("nvmlDeviceGetComputeMode",),), RARELY_S, _compute_mode),
    PlainField("sm_clock_max_mhz", (("nvmlDeviceGetMaxClockInfo", _CLOCK_SM),), ONCE_S),
    PlainField("memory_clock_max_mhz", (("nvmlDeviceGetMaxClockInfo", _CLOCK_MEMORY),), ONCE_S),
    PlainField("pcie_generation_max", (("nvmlDeviceGetMaxPcieLinkGeneration",),), ONCE_S),
    PlainField("pcie_width_max", (("nvmlDeviceGetMaxPcieLinkWidth",),), ONCE_S),
)
# Asked at each look.
CLOCK_LIMITS: tuple[Question, ...] = (
    ("nvmlDeviceGetCurrentClocksEventReasons",),
    ("nvmlDeviceGetCurrentClocksThrottleReasons",),
)
# Asked for themselves where the card does not tell them among its field values.
POWER = PlainField("power_w", (("nvmlDeviceGetPowerUsage",),), OFTEN_S, from_milli)
ENERGY = PlainField("energy_j", (("nvmlDeviceGetTotalEnergyConsumption",),), OFTEN_S, from_milli)
SLOWDOWN = PlainField(
    "temperature_slowdown_c",
    (("nvmlDeviceGetTemperatureThreshold", _THRESHOLD_SLOWDOWN),),
    ONCE_S,
)
ECC = {
    Field.ECC_CORRECTED: _ecc("ecc_corrected", _CORRECTED),
    Field.ECC_UNCORRECTED: _ecc("ecc_uncorrected", _UNCORRECTED),
}
# In the order of the answer to the question that follows.
REMAPPING = (
    Field.REMAPPED_CORRECTABLE,
    Field.REMAPPED_UNCORRECTABLE,
    Field.REMAP_PENDING,
    Field.REMAP_FAILED,
)
BAR1: Question = ("nvmlDeviceGetBAR1MemoryInfo",)
MIG_MODE: tuple[Question, ...] = (("nvmlDeviceGetMigMode",),)
REMAPPED_ROWS: Question = ("nvmlDeviceGetRemappedRows",)
HEALTH = (*ECC, *REMAPPING, Field.RECOVERY_ACTION)


def memory(nvml: ModuleType) -> tuple[Question, ...]:
    """How to ask for memory: only version 2 tells what the driver reserves from what is used."""
    version = getattr(nvml, "nvmlMemory_v2", None)
    newer = (("nvmlDeviceGetMemoryInfo", version),) if version else ()
    return (*newer, ("nvmlDeviceGetMemoryInfo",))


def recovery_action(number: int) -> str | None:
    """What the driver asks for to mend the card; None for nothing."""
    return _ACTIONS[number] if number in range(len(_ACTIONS)) else f"action-{number}"
