"""What one GPU answers, as the fields of its reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType

from sensors.clock_limits import HW_SLOWDOWN, clock_limits
from sensors.gpu_readings import ON_REQUEST, MigInstance
from sensors.gpus import single_questions as ask
from sensors.gpus.fields import Field, FieldBatch
from sensors.gpus.mig import Mig
from sensors.gpus.nvml_errors import TOO_OLD, Code, reason
from sensors.gpus.profile import SHARES, GpuProfile
from sensors.gpus.questions import Questions
from sensors.gpus.rates import Rate
from sensors.gpus.schedule import OFTEN_S, ONCE_S, RARELY_S, SELDOM_S
from sensors.gpus.values import GpuValues

KIB = 1024
KB = 1000
TOO_SOON = "needs two looks"
CUT = "MIG is on"
CONTRADICTED = "its counters stand still"
# The driver says "hardware slowdown" for a moment whenever the clocks change.
SLOWDOWN_COUNTS_AFTER_S = 1.0
# At such a load counters that all say zero do not count.
_SURELY_BUSY_PCT = 50
_EACH_LOOK = (
    Field.POWER_AVERAGE_MW,
    Field.ENERGY_MJ,
    Field.MEMORY_TEMPERATURE_C,
    Field.PCIE_TX_BYTES,
    Field.PCIE_RX_BYTES,
    Field.NVLINK_TX_KIB,
    Field.NVLINK_RX_KIB,
    Field.POWER_CAP_NS,
    Field.SYNC_BOOST_NS,
    Field.SW_THERMAL_NS,
    Field.HW_THERMAL_NS,
    Field.POWER_BRAKE_NS,
)
_LIMIT_TIMES = {
    Field.POWER_CAP_NS: "power-cap",
    Field.SYNC_BOOST_NS: "sync-boost",
    Field.SW_THERMAL_NS: "sw-thermal",
    Field.HW_THERMAL_NS: "hw-thermal",
    Field.POWER_BRAKE_NS: "power-brake",
}
_RATES = {
    "pcie_tx_bytes_per_s": (Field.PCIE_TX_BYTES, 1),
    "pcie_rx_bytes_per_s": (Field.PCIE_RX_BYTES, 1),
    "nvlink_tx_bytes_per_s": (Field.NVLINK_TX_KIB, KIB),
    "nvlink_rx_bytes_per_s": (Field.NVLINK_RX_KIB, KIB),
}
# Directions of `nvmlDeviceGetPcieThroughput`, which blocks for 20 ms.
PCIE_DIRECTIONS = {"pcie_tx_bytes_per_s": 0, "pcie_rx_bytes_per_s": 1}


class GpuAnswers:
    """The answers of one card so far.

    Args:
        nvml: The module `pynvml`, or what behaves like it.
        questions: Asks the card.
        clock: Monotonic clock, in seconds.

    Attributes:
        values: The fields of the reading.
    """

    def __init__(self, nvml: ModuleType, questions: Questions, clock: Callable[[], float]) -> None:
        self._nvml = nvml
        self._questions = questions
        self._clock = clock
        self._memory = ask.memory(nvml)
        self._profile = GpuProfile(nvml, questions, clock)
        self._instance_profiles: dict[int, GpuProfile] = {}
        self.values = GpuValues()
        self._mig = Mig(nvml, questions, self._memory, clock)
        self._forget_support()
        self.clear()

    def clear(self) -> None:
        """Forget the answers of a card that answers no longer."""
        self.values.clear()
        self._rates = {name: Rate() for name in _RATES}
        self._slow_since_s: float | None = None
        self._stop_profile()

    def look(self, *, profile: bool) -> None:
        """Ask what is asked at each look.

        Args:
            profile: Whether to measure the card's inner activity too.

        Raises:
            CardLostError: The card fell off the bus or needs a reset.
            DriverGoneError: NVML must be opened anew.
        """
        self._ask_use()
        self._ask_memory()
        self._ask_counters()
        self._ask_limits()
        if profile:
            self._read_profile()
        elif self._is_profiling:
            self._stop_profile()

    def tasks(self) -> list[Callable[[], float]]:
        """What to ask now and then; each tells after how many seconds to ask again."""
        plain = [partial(self._ask, field) for field in ask.PLAIN_FIELDS]
        return [
            self._ask_mig,
            *plain,
            self._ask_bar1,
            self._ask_slowdown,
            self._ask_health,
            self._mig.ask_instances,
        ]

    def instances(self) -> tuple[MigInstance, ...]:
        """The card's instances, with their inner activity where that is measured."""
        found = self._mig.instances
        if not self._instance_profiles:
            return found
        return tuple(replace(one, sm_busy_pct=self._sm_busy_pct(one)) for one in found)

    @property
    def needs_pcie(self) -> bool:
        """Whether the card counts no bytes on the PCI bus: its traffic is to be measured."""
        return self._batch.lacks(Field.PCIE_TX_BYTES) and not self._questions.is_hopeless(
            *(("nvmlDeviceGetPcieThroughput", code) for code in PCIE_DIRECTIONS.values())
        )

    def measure_pcie(self, name: str) -> None:
        """Measure the traffic in one direction, which takes 20 ms.

        Args:
            name: The field, which names the direction.
        """
        question = ("nvmlDeviceGetPcieThroughput", PCIE_DIRECTIONS[name])
        kilobytes = self._questions.ask(*question)
        value = None if kilobytes is None else float(kilobytes * KB)
        self.values.set(name, value, self._questions.why(question))

    def _ask(self, field: ask.PlainField) -> float:
        answer = self._questions.ask_first(*field.questions)
        value = None if answer is None else field.convert(answer)
        if value is None:
            self.values.set(field.name, None, self._questions.why(*field.questions))
            return RARELY_S if self._questions.is_hopeless(*field.questions) else OFTEN_S
        self.values.set(field.name, value)
        return field.idle_every_s if field.idle_every_s and not value else field.every_s

    def _ask_use(self) -> None:
        use = self._questions.ask("nvmlDeviceGetUtilizationRates")
        why = "" if use else self._questions.why(("nvmlDeviceGetUtilizationRates",))
        why = CUT if self._mig.is_on else why
        self.values.set("busy_pct", ask.share_pct(use.gpu) if use else None, why)
        self.values.set("memory_busy_pct", ask.share_pct(use.memory) if use else None, why)

    def _ask_memory(self) -> None:
        memory = self._questions.ask_first(*self._memory)
        why = "" if memory else self._questions.why(*self._memory)
        # A card that shares the host's memory has no figures of its own, or only zeros.
        shares = why == reason(Code.NOT_SUPPORTED) or (memory and memory.total == 0)
        memory = None if shares else memory
        self.values.set("memory_is_shared", bool(shares))
        self.values.set("memory_used_bytes", memory.used if memory else None, why)
        self.values.set("memory_total_bytes", memory.total if memory else None, why)
        reserved = getattr(memory, "reserved", None)
        self.values.set("memory_reserved_bytes", reserved, why or TOO_OLD)

    def _ask_bar1(self) -> float:
        window = self._questions.ask(*ask.BAR1)
        why = self._questions.why(ask.BAR1)
        self.values.set("bar1_used_bytes", window.bar1Used if window else None, why)
        self.values.set("bar1_total_bytes", window.bar1Total if window else None, why)
        return RARELY_S

    def _ask_counters(self) -> None:
        found = self._batch.ask()
        now_s = self._clock()
        self._set_or_ask(ask.POWER, Field.POWER_AVERAGE_MW, found)
        self._set_or_ask(ask.ENERGY, Field.ENERGY_MJ, found)
        # Cards without such a sensor may say zero.
        heat_c = found.get(Field.MEMORY_TEMPERATURE_C) or None
        self.values.set("memory_temperature_c", heat_c, self._batch.why(Field.MEMORY_TEMPERATURE_C))
        for name, (field, unit) in _RATES.items():
            rate = self._rates[name].since_last(found.get(field), now_s)
            if field in found or not (self._batch.lacks(field) and name in PCIE_DIRECTIONS):
                why = TOO_SOON if field in found else self._batch.why(field)
                self.values.set(name, None if rate is None else rate * unit, why)
        times = {n: found[f] / 1e9 for f, n in _LIMIT_TIMES.items() if f in found}
        self.values.set("clock_limit_s", times or None, self._batch.why(Field.POWER_CAP_NS))

    def _set_or_ask(self, field: ask.PlainField, counted: Field, found: dict[Field, float]) -> None:
        if self._batch.lacks(counted):
            self._ask(field)
        else:
            value = field.convert(found[counted]) if counted in found else None
            self.values.set(field.name, value, self._batch.why(counted))

    def _ask_limits(self) -> None:
        bits = self._questions.ask_first(*ask.CLOCK_LIMITS)
        if bits is None:
            self.values.set("clock_limits", None, self._questions.why(*ask.CLOCK_LIMITS))
            return
        now_s = self._clock()
        if not bits & HW_SLOWDOWN:
            self._slow_since_s = None
        elif self._slow_since_s is None:
            self._slow_since_s = now_s
        since_s = self._slow_since_s
        is_brief = since_s is not None and now_s - since_s < SLOWDOWN_COUNTS_AFTER_S
        self.values.set("clock_limits", clock_limits(bits, is_slowdown_brief=is_brief))

    def _ask_slowdown(self) -> float:
        every_s = self._ask(ask.SLOWDOWN)
        if every_s == ONCE_S or not self._questions.is_hopeless(*ask.SLOWDOWN.questions):
            return every_s
        # Newer cards tell how far they are from it.
        heat_c = self.values.known.get("temperature_c")
        margin_c = self._questions.ask("nvmlDeviceGetMarginTemperature")
        at_margin = FieldBatch(self._questions, Field.SLOWDOWN_MARGIN_C).ask()
        if heat_c is None or margin_c is None or not at_margin:
            return RARELY_S
        slowdown_c = heat_c + margin_c - at_margin[Field.SLOWDOWN_MARGIN_C]
        self.values.set("temperature_slowdown_c", slowdown_c)
        return ONCE_S

    def _ask_mig(self) -> float:
        before, every_s = self._mig.is_on, self._mig.ask_mode()
        if before is not None and self._mig.is_on != before:
            self._forget_support()
        self.values.set("mig_enabled", self._mig.is_on, self._questions.why(*ask.MIG_MODE))
        return every_s

    def _forget_support(self) -> None:
        """Ask everything anew: a card that is cut supports less than a whole one."""
        self._questions.forget()
        self._batch = FieldBatch(self._questions, *_EACH_LOOK)
        self._health = FieldBatch(self._questions, *ask.HEALTH)

    def _ask_health(self) -> float:
        found = self._health.ask()
        for field, plain in ask.ECC.items():
            if self._health.lacks(field):
                self._ask(plain)
            else:
                self.values.set(plain.name, found.get(field), self._health.why(field))
        rows = [found.get(field) for field in ask.REMAPPING]
        if self._health.lacks(ask.REMAPPING[0]):
            rows = list(self._questions.ask(*ask.REMAPPED_ROWS) or [None] * len(rows))
        why = self._health.why(ask.REMAPPING[0])
        corrected, uncorrected, pending, failed = rows
        both = None if corrected is None or uncorrected is None else corrected + uncorrected
        self.values.set("remapped_rows", both, why)
        self.values.set("remap_pending", None if pending is None else bool(pending), why)
        self.values.set("remap_failed", None if failed is None else bool(failed), why)
        action = found.get(Field.RECOVERY_ACTION)
        if action is None:
            self.values.set("recovery_action", None, self._health.why(Field.RECOVERY_ACTION))
        else:
            self.values.set_answer("recovery_action", ask.recovery_action(int(action)))
        return SELDOM_S

    def _read_profile(self) -> None:
        self._is_profiling = True
        shares = self._profile.read()
        why = self._profile.why
        is_busy = (self.values.known.get("busy_pct") or 0) >= _SURELY_BUSY_PCT
        if shares and is_busy and not any(shares.values()):
            shares, why = {}, CONTRADICTED
        for name in SHARES:
            self.values.set(name, shares.get(name), why)
        for one in self._mig.instances:
            number = one.gpu_instance
            if number is not None and number not in self._instance_profiles:
                self._instance_profiles[number] = GpuProfile(
                    self._nvml, self._questions, self._clock, number
                )
        for profile in self._instance_profiles.values():
            profile.read()

    def _stop_profile(self) -> None:
        self._is_profiling = False
        for profile in (self._profile, *self._instance_profiles.values()):
            profile.stop()
        self._instance_profiles = {}
        for name in SHARES:
            self.values.set(name, None, ON_REQUEST)

    def _sm_busy_pct(self, instance: MigInstance) -> float | None:
        profile = self._instance_profiles.get(instance.gpu_instance or 0)
        return profile.shares.get("sm_busy_pct") if profile else None
